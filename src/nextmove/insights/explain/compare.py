"""Which two spans are held against each other, and what the KPI was in each.

A period is given as 2026, 2026-Q3, 2026-07, 2026-W31 or a day (the KPI's own grain that holds it). A period that still runs is
compared with as many working days of the other. `expected` is what the median of the six periods before lets expect, per working
day; `target` is the company's or member's own.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from decimal import Decimal

from nextmove.engine import Engine
from nextmove.errors import MissingData, UnknownName, UserError
from nextmove.kpis import Catalogue, Question, answer
from nextmove.settings import Settings
from nextmove.tables.calendar import Calendar, Period, calendar_of

VERSUS = ("previous", "year_ago", "expected", "target")
EXPECTED_FROM = 6  # periods
ONE_DAY = dt.timedelta(days=1)
_FORMS = ((r"\d{4}", "year"), (r"\d{4}-Q[1-4]", "quarter"), (r"\d{4}-\d{2}", "month"), (r"\d{4}-W\d{2}", "week"))

Where = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Span:
    """The days `[start, end)`, and how many of them are worked."""

    start: dt.date
    end: dt.date
    working_days: int


@dataclass(frozen=True)
class Comparison:
    """A KPI in two spans; `factor` brings the rows of `before` to `base`, where the base is no period of its own."""

    kpi: str
    grain: str
    where: Where
    versus: str
    now: Span
    before: Span
    value: Decimal | None
    base: Decimal | None
    numerators: tuple[float | None, float | None]
    denominators: tuple[float | None, float | None]

    @property
    def change(self) -> Decimal | None:
        return None if self.value is None or self.base is None else self.value - self.base


@dataclass(frozen=True)
class Asked:
    """What is to be explained, to whom (the engine and settings of the company) and as of when."""

    engine: Engine
    catalogue: Catalogue
    settings: Settings
    as_of: dt.date
    kpi: str
    where: Where = ()


def period_of(text: str, *, cadence: str, calendar: Calendar) -> tuple[str, Period]:
    """The grain and period that `text` names.

    >>> from nextmove.settings import Settings
    >>> grain, period = period_of("2026-Q3", cadence="month", calendar=calendar_of(Settings()))
    >>> grain, period.start.isoformat(), period.end.isoformat()
    ('quarter', '2026-07-01', '2026-10-01')
    """
    grain = next((name for form, name in _FORMS if re.fullmatch(form, text)), cadence)
    try:
        return grain, calendar.grid("gregorian", grain).holding(_first_day(text, grain))
    except (ValueError, IndexError):  # no day, or a day beyond the calendar
        raise UserError(f"{text!r} is not a period.", hint="2026, 2026-Q3, 2026-07, 2026-W31 or a day") from None


def _first_day(text: str, grain: str) -> dt.date:
    if re.fullmatch(r"\d{4}-W\d{2}", text):
        return dt.date.fromisocalendar(int(text[:4]), int(text[6:]), 4)
    if re.fullmatch(r"\d{4}-Q[1-4]", text):
        return dt.date(int(text[:4]), 3 * int(text[6]) - 2, 1)
    return dt.date.fromisoformat({4: f"{text}-01-01", 7: f"{text}-01"}.get(len(text), text))


def compare(asked: Asked, *, period: str, versus: str = "previous") -> Comparison:
    """The KPI in `period` and in what it is held against."""
    if versus not in VERSUS:
        raise UnknownName("comparison", versus, VERSUS)
    calendar = calendar_of(asked.settings)
    grain, running = period_of(period, cadence=asked.catalogue.kpi(asked.kpi).entry.cadence, calendar=calendar)
    if running.start > asked.as_of:
        raise UserError(f"{period} has not begun at the end of {asked.as_of}.", where="--period", hint="an earlier period")
    earlier = _earlier(running, grain, calendar, versus)
    cut = calendar.like_for_like(running, earlier, as_of=asked.as_of) if running.end > asked.as_of + ONE_DAY else earlier.end
    now = _span(calendar, running.start, min(running.end, asked.as_of + ONE_DAY))
    before = _span(calendar, earlier.start, cut)
    rows = _values(asked, grain, running, versus)
    base, numerator, denominator = _base(asked, grain, running, versus, rows, calendar)
    return Comparison(
        asked.kpi, grain, asked.where, versus, now, before, rows.value, base, (rows.numerator, numerator), (rows.denominator, denominator)
    )


@dataclass(frozen=True)
class _Row:
    value: Decimal | None
    numerator: float | None
    denominator: float | None
    versus: Decimal | None


def _span(calendar: Calendar, start: dt.date, end: dt.date) -> Span:
    return Span(start, end, calendar.working_days(start, end))


def _earlier(running: Period, grain: str, calendar: Calendar, versus: str) -> Period:
    if versus in ("previous", "expected"):
        return calendar.previous(running, calendar="gregorian", grain=grain)
    return calendar.year_ago(running, calendar="gregorian", grain=grain)


def _values(asked: Asked, grain: str, period: Period, versus: str | None) -> _Row:
    """The KPI in one period; what it is held against comes along where that is a target, or as many working days of another period."""
    running = period.end > asked.as_of + ONE_DAY
    along = versus if versus == "target" or (running and versus in ("previous", "year_ago")) else None
    question = Question(asked.kpi, grain=grain, where=asked.where, start=period.start, end=period.end, versus=along)
    rows = answer(asked.engine, question, asked.settings, as_of=asked.as_of, catalogue=asked.catalogue).to_pylist()
    if not rows:
        return _Row(None, None, None, None)
    row = rows[0]
    return _Row(_exact(row["value"]), _float(row["numerator"]), _float(row["denominator"]), _exact(row.get("versus_value")))


def _base(
    asked: Asked, grain: str, running: Period, versus: str, now: _Row, calendar: Calendar
) -> tuple[Decimal | None, float | None, float | None]:
    if versus == "target":
        if now.versus is None:
            raise MissingData(
                f"{asked.kpi} has no target for this {grain}.", where="targets", hint="nextmove load targets.csv --table targets"
            )
        return now.versus, None, None
    if versus == "expected":
        return _expected(asked, grain, running, calendar), None, None
    earlier = _values(asked, grain, _earlier(running, grain, calendar, versus), None)
    return now.versus if now.versus is not None else earlier.value, earlier.numerator, earlier.denominator


def _expected(asked: Asked, grain: str, running: Period, calendar: Calendar) -> Decimal | None:
    """The median of the periods before, for a sum brought to the working days of this one."""
    grid = calendar.grid("gregorian", grain)
    first = grid.period(running.id - EXPECTED_FROM)
    question = Question(asked.kpi, grain=grain, where=asked.where, start=first.start, end=running.start)
    rows = answer(asked.engine, question, asked.settings, as_of=asked.as_of, catalogue=asked.catalogue).to_pylist()
    if len(rows) < 3:
        return None
    measure = asked.catalogue.kpi(asked.kpi).entry.measure
    days = calendar.working_days(running.start, min(running.end, asked.as_of + ONE_DAY))
    flow = measure is not None and measure.adds_up and measure.stock is None
    scaled = [
        Decimal(row["value"]) * (Decimal(days) / max(1, calendar.working_days(row["period_start"], row["period_end"])) if flow else 1)
        for row in rows
        if row["value"] is not None
    ]
    return sorted(scaled)[len(scaled) // 2] if scaled else None


def _exact(value: object) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def _float(value: object) -> float | None:
    return None if value is None else float(str(value))
