"""Periods of the Gregorian, the fiscal and the Jalali calendar, from the texts alone (READINGS 5 to 13)."""

from __future__ import annotations

import calendar
import datetime as dt
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property

import jdatetime

ONE_DAY = dt.timedelta(days=1)
MONTHS = {"month": 1, "quarter": 3, "year": 12}


def add_months(day: dt.date, months: int) -> dt.date:
    """The same day of a later month, clamped to its end (READING 13)."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return dt.date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


@dataclass(frozen=True)
class Calendar:
    """One calendar at one grain. Weeks are the company's whatever the calendar (READING 10); a fiscal year starts at a month (11)."""

    name: str
    grain: str
    fiscal_start: int
    week_start: int
    weeks: tuple[int, ...] = ()  # of the months of a fiscal quarter, where these are no Gregorian ones

    def start(self, day: dt.date) -> dt.date:
        """The first day of the period that holds `day`."""
        if self.grain == "day":
            return day
        if self.grain == "week":
            return day - dt.timedelta((day.weekday() - self.week_start) % 7)
        if self.name == "jalali":
            date = jdatetime.date.fromgregorian(date=day)
            return date.replace(day=1, month=date.month - (date.month - 1) % MONTHS[self.grain]).togregorian()
        if self.of_weeks:
            months = _months_of_weeks(self.fiscal_start, self.week_start, self.weeks)
            n = bisect_right(months, day) - 1
            return months[n - n % MONTHS[self.grain]]
        first_month = self.fiscal_start if self.name == "fiscal" else 1
        return add_months(day.replace(day=1), -((day.month - first_month) % MONTHS[self.grain]))

    def end(self, start: dt.date) -> dt.date:
        """The first day of the next period (READING 6)."""
        return self._moved(start, 1)

    def previous(self, start: dt.date) -> dt.date:
        """The period before, of the same calendar and grain (READING 8)."""
        return self.start(start - ONE_DAY)

    def year_ago(self, start: dt.date) -> dt.date:
        """The same period of the year before; a week is 364 days back, 29 February becomes 28 February (READING 9)."""
        if self.grain == "day":
            return add_months(start, -12)
        if self.grain == "week":
            return start - dt.timedelta(364)
        return self._moved(start, -12 // MONTHS[self.grain])

    def starts(self, first: dt.date, end: dt.date) -> Iterator[dt.date]:
        """Every period that overlaps `[first, end)`, whole (READING 5)."""
        start = self.start(first)
        while start < end:
            yield start
            start = self.end(start)

    @property
    def of_weeks(self) -> bool:
        return bool(self.weeks) and self.name == "fiscal"

    def _moved(self, start: dt.date, periods: int) -> dt.date:
        if self.grain not in MONTHS:
            return start + dt.timedelta(periods * (7 if self.grain == "week" else 1))
        if self.of_weeks:
            months = _months_of_weeks(self.fiscal_start, self.week_start, self.weeks)
            return months[months.index(start) + periods * MONTHS[self.grain]]
        if self.name != "jalali":
            return add_months(start, periods * MONTHS[self.grain])
        date = jdatetime.date.fromgregorian(date=start)
        year, month = divmod(date.year * 12 + date.month - 1 + periods * MONTHS[self.grain], 12)
        return jdatetime.date(year, month + 1, 1).togregorian()


@cache
def _months_of_weeks(fiscal_start: int, week_start: int, weeks: tuple[int, ...]) -> list[dt.date]:
    """First days of all months; a year begins on the week start nearest to its month's first day, a 53rd week goes to its last month."""
    months = []
    for year in range(2015, 2030):
        first = dt.date(year, fiscal_start, 1)
        day = min((first + dt.timedelta(n) for n in range(-3, 4)), key=lambda each: (each.weekday() - week_start) % 7)
        for length in weeks * 4:
            months.append(day)
            day += dt.timedelta(7 * length)
    return months


@dataclass(frozen=True)
class Period:
    """One period `[start, end)`; what lies after `as_of` is not in it yet (READINGS 7 and 45)."""

    calendar: Calendar
    start: dt.date
    as_of: dt.date

    @cached_property
    def end(self) -> dt.date:
        return self.calendar.end(self.start)

    @cached_property
    def until(self) -> dt.date:
        return min(self.end, self.as_of + ONE_DAY)

    @property
    def complete(self) -> bool:
        return self.end <= self.as_of + ONE_DAY

    def __contains__(self, day: dt.date | None) -> bool:
        return day is not None and self.start <= day < self.until

    def previous(self) -> Period:
        return Period(self.calendar, self.calendar.previous(self.start), self.as_of)

    def year_ago(self) -> Period:
        return Period(self.calendar, self.calendar.year_ago(self.start), self.as_of)

    def next(self) -> Period:
        return Period(self.calendar, self.end, self.as_of)
