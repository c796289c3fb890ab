"""When a distributor's customers order: on working days, more in spring and autumn, hardly on holidays.

Customers keep their rhythm in *business time*, which runs fast on a busy day and nearly stands still at the weekend;
turning it into calendar time gives every customer the company's week, season and holidays without touching the rhythm.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import holidays
import numpy as np

from nextmove.demo.plan import Bools, Floats, Ints, Plan

TIME_ZONE = "Europe/London"
COUNTRY = "GB"
MONTH_FACTOR = np.array([0.95, 0.97, 1.06, 1.02, 1.04, 1.00, 0.93, 0.84, 1.05, 1.08, 1.12, 0.86])
WEEKDAY_FACTOR = np.array([1.05, 1.10, 1.06, 1.00, 0.84, 0.05, 0.015])
SUMMER_FACTOR = np.array([0.02, 0.02, 0.5, 1.5, 2.5, 2.5, 2.0, 1.0, 0.5, 0.05, 0.02, 0.02])
WINTER_FACTOR = SUMMER_FACTOR[(np.arange(12) + 6) % 12]
SEASONS = 3  # the company's own, a summer and a winter trade
OPENS_MINUTE, OPEN_MINUTES = 7 * 60 + 30, 10 * 60


@dataclass(frozen=True)
class Clock:
    """The days of the demo, numbered from 0, with how busy each is."""

    start: dt.date
    days: int
    busyness: Floats  # SEASONS × days, mean 1
    working: Bools
    utc_offset: Ints  # minutes that the local clock is ahead of UTC

    @classmethod
    def of(cls, plan: Plan) -> Clock:
        days = [plan.start + dt.timedelta(days=n) for n in range(plan.days)]
        closed = holidays.country_holidays(COUNTRY, subdiv="ENG", years=range(plan.start.year, plan.as_of.year + 1))
        holiday = np.array([day in closed for day in days])
        weekday = np.array([day.weekday() for day in days])
        month = np.array([day.month - 1 for day in days])
        week = WEEKDAY_FACTOR[weekday] * np.where(holiday, 0.03, 1.0)
        busy = np.stack([week * factor[month] for factor in (MONTH_FACTOR, SUMMER_FACTOR, WINTER_FACTOR)])
        working = (weekday < 5) & ~holiday
        return cls(plan.start, plan.days, busy / busy.mean(axis=1, keepdims=True), working, _offsets(days))

    def calendar_time(self, business_time: Floats, season: int = 0) -> Floats:
        """Days (with fraction) since the start at which so much business time has passed."""
        passed = np.concatenate([[0.0], np.cumsum(self.busyness[season])])
        return np.asarray(np.interp(business_time, passed, np.arange(self.days + 1.0)))

    def minutes(self, time: Floats) -> Ints:
        """Whole minutes since the start in UTC; the fraction of a day falls into the opening hours."""
        day = np.clip(time.astype(np.int64), 0, self.days - 1)
        inside = (time - day).clip(0, 0.9999) * OPEN_MINUTES
        return np.asarray(day * 1440 + OPENS_MINUTE + inside.astype(np.int64) - self.utc_offset[day])

    def day_of(self, minutes: Ints) -> Ints:
        """The local day of a moment; all moments lie in opening hours, so the offset never moves one to another day."""
        return minutes // 1440

    def random_days(self, random: np.random.Generator, count: int, *, weights: Floats | None = None) -> Ints:
        """Days drawn by how busy they are."""
        weight = self.busyness[0] if weights is None else self.busyness[0] * weights
        edges = np.cumsum(weight)
        drawn = np.searchsorted(edges, random.random(count) * edges[-1], side="right")
        return np.asarray(drawn.clip(0, self.days - 1))

    def random_minutes(self, random: np.random.Generator, days: Ints) -> Ints:
        """A moment in the opening hours of each day, in UTC."""
        return self.minutes(days + random.random(len(days)))

    def number(self, day: dt.date) -> int:
        return (day - self.start).days

    def day(self, number: int | np.integer) -> dt.date:
        return self.start + dt.timedelta(days=int(number))


def _offsets(days: list[dt.date]) -> Ints:
    zone = ZoneInfo(TIME_ZONE)
    noon = (dt.datetime(day.year, day.month, day.day, 12, tzinfo=zone).utcoffset() for day in days)
    return np.array([0 if offset is None else int(offset.total_seconds()) // 60 for offset in noon])
