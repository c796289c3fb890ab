"""The calendar: which week, month, quarter and year each day belongs to, in every calendar a company counts in.

`main.calendar` has one row a day with an integer id for each period that holds it; grouping ten million lines by an
integer is several times cheaper than by a truncated date, and a fiscal quarter or a Jalali month is a true bucket like
any other. `main.periods` has one row a period, with the period before and the one a year before. Both are made from the
company's settings alone, so the ids are the same wherever they are stored.

Fiscal months are Gregorian ones, or weeks in a pattern (`fiscal_pattern`, as 4-4-5): then the year begins on the start of the week nearest
to the first day of its month, so every fifth or sixth year has 53 weeks, and the last month of its last quarter takes the one more.

Jalali years follow the rule of 33, which gives the official calendar from 1206 to 1498. The days of a moment are cut in
the company's time zone without a conversion a row: each UTC day holds at most one local midnight, and the row of that day
says when it strikes.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from nextmove.errors import UnknownName
from nextmove.settings import Company, Settings
from nextmove.tables.declared import FIRST_DAY as FIRST
from nextmove.tables.declared import LAST_DAY as LAST
from nextmove.tables.working_hours import working_hours

if TYPE_CHECKING:
    import pyarrow as pa

    from nextmove.engine import Engine

GRAINS = ("day", "week", "month", "quarter", "year")
CALENDARS = ("gregorian", "fiscal", "jalali")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_EPOCH = dt.date(1970, 1, 1).toordinal()
_PER_YEAR = {"week": 52, "month": 12, "quarter": 4, "year": 1}
_JALALI_ANCHOR = (1403, dt.date(2024, 3, 20).toordinal() - _EPOCH)

Days = npt.NDArray[np.int64]  # days since 1970-01-01


@dataclass(frozen=True)
class Period:
    """One period `[start, end)`."""

    id: int
    start: dt.date
    end: dt.date


@dataclass(frozen=True, eq=False)
class Grid:
    """The periods of one calendar and grain, without gaps: period `first_id + i` is `[starts[i], starts[i + 1])`."""

    first_id: int
    starts: Days

    def ids(self, days: Days) -> Days:
        return np.searchsorted(self.starts, days, side="right") - 1 + self.first_id

    def period(self, identifier: int) -> Period:
        i = identifier - self.first_id
        return Period(identifier, _date(self.starts[i]), _date(self.starts[i + 1]))

    def holding(self, day: dt.date) -> Period:
        return self.period(int(self.ids(np.array([_number(day)]))[0]))


@dataclass(frozen=True, eq=False)
class Calendar:
    """All grids of a company and its working days, in memory; `calendar_of(settings)` builds it once."""

    company: Company
    grids: dict[tuple[str, str], Grid]
    working: npt.NDArray[np.bool_]  # one flag a day from FIRST

    def grid(self, calendar: str, grain: str) -> Grid:
        if grain not in GRAINS:
            raise UnknownName("grain", grain, GRAINS)
        if calendar not in CALENDARS:
            raise UnknownName("calendar", calendar, CALENDARS)
        return self.grids[calendar, grain]

    def previous(self, period: Period, *, calendar: str, grain: str) -> Period:
        return self.grid(calendar, grain).period(period.id - 1)

    def year_ago(self, period: Period, *, calendar: str, grain: str) -> Period:
        return self.grid(calendar, grain).period(int(self.year_ago_ids(np.array([period.id]), calendar=calendar, grain=grain)[0]))

    def year_ago_ids(self, ids: Days, *, calendar: str, grain: str) -> Days:
        """The same period of the year before; a week is 52 weeks before, 29 February is 28 February."""
        return _day_a_year_ago(ids, self.grids[calendar, "month"]) if grain == "day" else ids - _PER_YEAR[grain]

    def working_days(self, start: dt.date, end: dt.date) -> int:
        """Working days in `[start, end)`."""
        return int(self.working[_number(start) : _number(end)].sum())

    def like_for_like(self, running: Period, earlier: Period, *, as_of: dt.date) -> dt.date:
        """Where `earlier` must end to hold as many working days as `running` had by the end of `as_of`."""
        done = self.working_days(running.start, as_of + dt.timedelta(days=1))
        start, end = _number(earlier.start), _number(earlier.end)
        so_far = np.cumsum(self.working[start:end])
        if self.working[_number(as_of)]:
            length = int(np.searchsorted(so_far, done, side="left")) + 1
        else:  # on a day off, the days off that follow the last working day belong to it
            length = int(np.searchsorted(so_far, done, side="right"))
        return _date(min(start + length, end))


@lru_cache(maxsize=16)
def _calendar_of(company: Company) -> Calendar:
    return Calendar(company, _grids(company), _working(company))


def calendar_of(settings: Settings) -> Calendar:
    """The calendar of the company that has these settings."""
    return _calendar_of(settings.company)


def write_calendar(engine: Engine, settings: Settings) -> None:
    """Write `main.calendar` and `main.periods`."""
    calendar = calendar_of(settings)
    engine.write("main.calendar", calendar_table(calendar))
    engine.write("main.periods", periods_table(calendar))


def id_column(calendar: str, grain: str) -> str:
    """The column of `main.calendar` that holds the id of a period."""
    return f"{_prefix(calendar, grain)}{grain}_id"


def calendar_table(calendar: Calendar) -> pa.Table:
    """One row a day."""
    import pyarrow as pa

    days = _all_days()
    columns: dict[str, Any] = {"day": _dates(days), "day_id": days.astype(np.int32)}  # Any: numpy arrays of several types
    for (name, grain), grid in calendar.grids.items():
        prefix = _prefix(name, grain)
        if grain == "day" or f"{prefix}{grain}_id" in columns:
            continue
        ids = grid.ids(days)
        columns[f"{prefix}{grain}_id"] = ids.astype(np.int32)
        columns[f"{prefix}{grain}_start"] = _dates(grid.starts[ids - grid.first_id])
        columns[f"{prefix}{grain}_end"] = _dates(grid.starts[ids - grid.first_id + 1])
    for weekday, label in ((0, "iso"), (6, "sunday"), (5, "saturday")):
        columns[f"{label}_week_id"] = _weeks(weekday).ids(days).astype(np.int32)
    columns["working_day"] = calendar.working[: len(days)]
    columns["working_day_no"] = np.cumsum(calendar.working[: len(days)]).astype(np.int32)
    columns |= _local_days(calendar.company.time_zone)
    columns |= working_hours(calendar.company, FIRST, calendar.working[: len(days)])
    return pa.table(columns)


def periods_table(calendar: Calendar) -> pa.Table:
    """One row a period of every calendar and grain."""
    import pyarrow as pa

    return pa.concat_tables(_periods(calendar, name, grain) for name, grain in calendar.grids)


def _periods(calendar: Calendar, name: str, grain: str) -> pa.Table:
    import pyarrow as pa

    grid = calendar.grids[name, grain]
    ids = np.arange(len(grid.starts) - 1) + grid.first_id
    worked = np.concatenate([[0], np.cumsum(calendar.working)])
    within = np.clip(grid.starts, 0, len(calendar.working))
    return pa.table(
        {
            "calendar": pa.array([name] * len(ids)),
            "grain": pa.array([grain] * len(ids)),
            "id": ids.astype(np.int32),
            "start_day": _dates(grid.starts[:-1]),
            "end_day": _dates(grid.starts[1:]),
            "previous_id": (ids - 1).astype(np.int32),
            "year_ago_id": calendar.year_ago_ids(ids, calendar=name, grain=grain).astype(np.int32),
            "working_days": np.diff(worked[within]).astype(np.int32),
        }
    )


def _prefix(calendar: str, grain: str) -> str:
    """Days and weeks are the company's in every calendar."""
    return "" if grain in ("day", "week") or calendar == "gregorian" else f"{calendar}_"


def _grids(company: Company) -> dict[tuple[str, str], Grid]:
    week_start = WEEKDAYS.index(company.week_start)
    day, week, month = Grid(0, np.arange(0, len(_all_days()) + 1)), _weeks(week_start), _gregorian_months()
    fiscal = (month, company.fiscal_year_start_month - 1)
    if company.fiscal_pattern != "months":
        fiscal = (_months_of_weeks(week, company.fiscal_year_start_month, company.fiscal_pattern), 0)
    months = {"gregorian": (month, 0), "fiscal": fiscal, "jalali": (_jalali_months(), 0)}
    grids = {}
    for name, (grid, offset) in months.items():
        grids[name, "day"], grids[name, "week"], grids[name, "month"] = day, week, grid
        grids[name, "quarter"], grids[name, "year"] = _grouped(grid, 3, offset % 3, offset), _grouped(grid, 12, offset, offset)
    return grids


def _grouped(months: Grid, size: int, remainder: int, offset: int) -> Grid:
    """Every `size` months from the month whose id leaves `remainder`; a year is labelled by its first month's year."""
    skip = (remainder - months.first_id) % size
    return Grid((months.first_id + skip - offset) // size, months.starts[skip::size])


def _gregorian_months() -> Grid:
    first = FIRST.year - 2
    starts = [dt.date(year, month, 1).toordinal() - _EPOCH for year in range(first, LAST.year + 3) for month in range(1, 13)]
    return Grid(first * 12, np.array(starts))


def _jalali_months() -> Grid:
    """Six months of 31 days, five of 30, a last one of 29 or, in a leap year, 30."""
    year, start = _JALALI_ANCHOR
    while start > -800:
        year -= 1
        start -= 366 if _jalali_leap(year) else 365
    first, lengths = year, list[int]()
    while start + sum(lengths) < _number(LAST) + 800:
        lengths += [31] * 6 + [30] * 5 + [30 if _jalali_leap(year) else 29]
        year += 1
    return Grid(first * 12, start + np.concatenate([[0], np.cumsum(lengths)]))


def _jalali_leap(year: int) -> bool:
    return (year * 8 + 29) % 33 < 8


def _months_of_weeks(weeks: Grid, start_month: int, pattern: str) -> Grid:
    """Quarters of weeks in a pattern as 4-4-5; the year begins on the week start nearest to its month's first day."""
    years = range(FIRST.year - 2, LAST.year + 3)
    nearest = [weeks.ids(np.array([dt.date(y, start_month, 1).toordinal() - _EPOCH + 3]))[0] for y in years]
    lengths = [int(weeks_of_month) for weeks_of_month in pattern.split("-")] * 4
    offsets = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    first_weeks = np.concatenate([week + offsets for week in nearest])
    return Grid(years[0] * 12, weeks.starts[first_weeks - weeks.first_id])


def _weeks(weekday: int) -> Grid:
    """Weeks that begin on `weekday` (0 = Monday); 1970-01-01 was a Thursday."""
    first = -1120 + (weekday - (3 - 1120)) % 7
    starts = np.arange(first, _number(LAST) + 1120, 7)
    return Grid((first + 3 - weekday) // 7, starts)


def _day_a_year_ago(days: Days, months: Grid) -> Days:
    ids = months.ids(days)
    index = ids - months.first_id
    of_month = days - months.starts[index]
    earlier = index - 12
    length = months.starts[earlier + 1] - months.starts[earlier]
    found: Days = months.starts[earlier] + np.minimum(of_month, length - 1)
    return found


def _working(company: Company) -> npt.NDArray[np.bool_]:
    days = _all_days()
    week = np.array([name in company.working_week for name in WEEKDAYS])
    working = week[(days + 3) % 7]
    closed = [_number(day) for day in (*_public_holidays(company.country), *company.holidays) if FIRST <= day <= LAST]
    working[np.array(closed, dtype=np.int64)] = False
    return working


def _public_holidays(country: str | None) -> list[dt.date]:
    if not country:
        return []
    import holidays

    try:
        nation, _, part = country.partition("-")  # "GB-ENG": a part of a country may have holidays of its own
        return list(holidays.country_holidays(nation, subdiv=part or None, years=range(FIRST.year, LAST.year + 1)))
    except NotImplementedError:
        raise UnknownName("country", country, holidays.list_supported_countries(), where="company.country") from None


def _local_days(time_zone: str) -> dict[str, Any]:  # Any: numpy arrays of several types
    """For each UTC day: the local day at its first moment, the moment the local day changes, the local day after."""
    zone = ZoneInfo(time_zone)
    midnights = [dt.datetime.fromordinal(_EPOCH + int(n)).replace(tzinfo=zone) for n in range(len(_all_days()) + 2)]
    turns = np.array([int(m.astimezone(dt.UTC).timestamp()) for m in midnights], dtype=np.int64)
    opening = _all_days() * 86400
    local = np.maximum(np.searchsorted(turns, opening, side="right") - 1, 0)
    return {
        "local_day": _dates(local),
        "turns_at": turns[local + 1].astype("datetime64[s]").astype("datetime64[us]"),
        "local_day_after": _dates(local + 1),
    }


def _all_days() -> Days:
    return np.arange(0, LAST.toordinal() - _EPOCH + 1)


def _number(day: dt.date) -> int:
    return day.toordinal() - _EPOCH


def _date(number: int | np.int64) -> dt.date:
    return dt.date.fromordinal(int(number) + _EPOCH)


def _dates(days: Days) -> npt.NDArray[np.datetime64]:
    return days.astype("datetime64[D]")
