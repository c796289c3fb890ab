"""Which two spans are held against each other, and what the KPI was in each.

A period is given as 2026, 2026-Q3, 2026-07, 2026-W31 or a day (the KPI's own grain that holds it). A period that still runs is
compared with as many working days of the other. `expected` is what the median of the six periods before lets expect, per working
day, and is held against those six periods; `target` is the company's or member's own, held against the year before.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from decimal import Decimal

from nextmove.engine import Engine
from nextmove.errors import MissingData, UnknownName, UserError
from nextmove.insights.explain.ground import first_day
from nextmove.insights.explain.values import Kept, Row, asked_anew, kept
from nextmove.kpis import Catalogue, Question, answer
from nextmove.kpis.needs import require
from nextmove.settings import Settings
from nextmove.tables.calendar import Calendar, Period, calendar_of

VERSUS = ("previous", "year_ago", "expected", "target")
EXPECTED_FROM = 6  # periods
LEAST_EXPECTED = 3  # of them must have a value
ONE_DAY = dt.timedelta(days=1)
_FORMS = ((r"\d{4}", "year"), (r"\d{4}-Q[1-4]", "quarter"), (r"\d{4}-\d{2}", "month"), (r"\d{4}-W\d{2}", "week"))

Where = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Span:
    """The days `[start, end)`, and how many of them are worked; `cut` where it ends within its period."""

    start: dt.date
    end: dt.date
    working_days: int
    cut: bool = False


@dataclass(frozen=True)
class Comparison:
    """A KPI in two spans; `base` is the value of `before`, or an expectation or target that stands in its place."""

    kpi: str
    grain: str
    where: Where
    versus: str
    now: Span
    before: Span
    value: Decimal | None
    base: Decimal | None
    kept: dict[str, Kept] = field(default_factory=dict, compare=False, repr=False)  # what the edition holds, by KPI

    @property
    def change(self) -> Decimal | None:
        return None if self.value is None or self.base is None else self.value - self.base

    @property
    def of_periods(self) -> bool:
        """Whether the base is what was in `before`, not an expectation or a target."""
        return self.versus in ("previous", "year_ago")


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


def compare(asked: Asked, *, period: str, versus: str = "previous", also: tuple[str, ...] = ()) -> Comparison:
    """The KPI in `period` and in what it is held against; `also` names KPIs that are looked up with it."""
    if versus not in VERSUS:
        raise UnknownName("comparison", versus, VERSUS)
    calendar = calendar_of(asked.settings)
    kpi = asked.catalogue.kpi(asked.kpi)
    grain, running = period_of(period, cadence=kpi.entry.cadence, calendar=calendar)
    if running.start > asked.as_of:
        raise UserError(f"{period} has not begun at the end of {asked.as_of}.", where="--period", hint="an earlier period")
    require(asked.engine, asked.catalogue, kpi)
    now = _span(calendar, running.start, running.end, as_of=asked.as_of)
    before = _before(asked, running, grain, calendar, versus)
    if len(dict(asked.where)) < len(set(asked.where)):  # nothing is of two members of one dimension
        return Comparison(asked.kpi, grain, asked.where, versus, now, before, None, None)
    held = kept(asked, (asked.kpi, *also), grain, _starts(calendar, grain, before, running)) if not now.cut else {}
    value, base = _value_and_base(asked, grain, (now, before), versus, held.get(asked.kpi))
    return Comparison(asked.kpi, grain, asked.where, versus, now, before, value, base, held if asked.kpi in held else {})


def _span(calendar: Calendar, start: dt.date, end: dt.date, *, as_of: dt.date) -> Span:
    seen = min(end, as_of + ONE_DAY)
    return Span(start, seen, calendar.working_days(start, seen), cut=seen < end)


def _before(asked: Asked, running: Period, grain: str, calendar: Calendar, versus: str) -> Span:
    """What `running` is held against: a period, cut to as many working days where `running` still runs; or six of them."""
    if versus == "expected":
        first = calendar.grid("gregorian", grain).period(running.id - EXPECTED_FROM)
        return _span(calendar, first.start, running.start, as_of=asked.as_of)
    step = calendar.previous if versus == "previous" else calendar.year_ago
    earlier = step(running, calendar="gregorian", grain=grain)
    if running.end <= asked.as_of + ONE_DAY:
        return _span(calendar, earlier.start, earlier.end, as_of=asked.as_of)
    return _span(calendar, earlier.start, earlier.end, as_of=calendar.like_for_like(running, earlier, as_of=asked.as_of) - ONE_DAY)


def _starts(calendar: Calendar, grain: str, before: Span, running: Period) -> list[dt.date]:
    grid = calendar.grid("gregorian", grain)
    first, last = grid.holding(before.start).id, grid.holding(before.end - ONE_DAY).id
    return [*(grid.period(each).start for each in range(first, last + 1)), running.start]


def _value_and_base(
    asked: Asked, grain: str, spans: tuple[Span, Span], versus: str, held: Kept | None
) -> tuple[Decimal | None, Decimal | None]:
    now, before = spans
    if versus == "target":
        return _against_target(asked, grain, now)
    value = _value(asked, grain, now, held)
    base = _expected(asked, grain, now, before, held) if versus == "expected" else _value(asked, grain, before, held)
    if value is None and base is not None:
        return _nothing(asked, now), base
    return value, (_nothing(asked, before) if base is None and value is not None else base)


def _value(asked: Asked, grain: str, span: Span, held: Kept | None) -> Decimal | None:
    if held:
        row = held.whole(span.start)
    else:
        row = next(iter(asked_anew(asked, asked.kpi, grain, span).to_pylist()), None)
    return _exact(row["value"]) if row else None


def _nothing(asked: Asked, span: Span) -> Decimal | None:
    """What no rows mean: of a part that is asked about (a customer who bought nothing) 0, where a sum was counted already then."""
    measure = asked.catalogue.kpi(asked.kpi).entry.measure
    if not asked.where or measure is None or not measure.adds_up:
        return None
    since = first_day(asked.engine, measure.fact)
    return Decimal(0) if since is not None and since <= span.start else None


def _against_target(asked: Asked, grain: str, now: Span) -> tuple[Decimal | None, Decimal]:
    question = Question(asked.kpi, grain=grain, where=asked.where, start=now.start, end=now.end, versus="target")
    rows = answer(asked.engine, question, asked.settings, as_of=asked.as_of, catalogue=asked.catalogue).to_pylist()
    target = _exact(rows[0]["versus_value"]) if rows else None
    if target is None:
        raise MissingData(f"{asked.kpi} has no target for this {grain}.", where="targets", hint="nextmove load targets.csv --table targets")
    return _exact(rows[0]["value"]), target


def _expected(asked: Asked, grain: str, now: Span, before: Span, held: Kept | None) -> Decimal | None:
    """The median of the periods before, for a sum brought to the working days of this one."""
    rows = _whole_periods(held) if held else asked_anew(asked, asked.kpi, grain, before).to_pylist()
    known = [row for row in rows if row["value"] is not None and before.start <= row["period_start"] < before.end]
    empty = [Decimal(0)] * (EXPECTED_FROM - len(known)) if known and _nothing(asked, before) is not None else []
    if len(known) + len(empty) < LEAST_EXPECTED:
        return None
    entry = asked.catalogue.kpi(asked.kpi).entry
    flow = entry.measure is not None and entry.measure.adds_up and not entry.as_of
    scaled = [Decimal(str(row["value"])) * (_days(asked, grain, row["period_start"], now) if flow else 1) for row in known]
    return sorted(scaled + empty)[(len(scaled) + len(empty)) // 2]


def _whole_periods(held: Kept) -> list[Row]:
    return [row for start in sorted(held.by_period) if (row := held.whole(start)) is not None]


def _days(asked: Asked, grain: str, start: dt.date, now: Span) -> Decimal:
    """How many times the working days of the period that began on `start` the present one has."""
    calendar = calendar_of(asked.settings)
    period = calendar.grid("gregorian", grain).holding(start)
    return Decimal(now.working_days) / max(1, calendar.working_days(period.start, period.end))


def _exact(value: object) -> Decimal | None:
    return None if value is None else Decimal(str(value))
