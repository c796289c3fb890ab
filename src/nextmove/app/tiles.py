"""Tiles: one KPI in a glance — its value in the running period, its target, how it moves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from nextmove.app import charts, formats, numbers, telling
from nextmove.app.numbers import Value
from nextmove.app.visit import Visit
from nextmove.errors import UserError
from nextmove.kpis import Kpi, Question
from nextmove.kpis.words import named

PERIODS = 13  # a year and the running one


@dataclass(frozen=True)
class Tile:
    """A KPI now. `share` is how much of the target so far is reached; `good` whether the change is for the better."""

    kpi: str
    name: str
    unit: str
    value: float | None
    told: str
    target: float | None
    target_told: str | None
    required: float | None
    required_told: str | None
    share: float | None
    on_track: bool | None
    change: float | None
    change_told: str | None
    good: bool | None
    complete: bool
    history: tuple[float | None, ...]
    spark: charts.Spark
    missing: tuple[str, ...] = ()

    @property
    def filled(self) -> int:
        """The width of the bar in percent."""
        return max(0, min(100, round((self.share or 0) * 100)))


def tiles(visit: Visit, wanted: Sequence[str], *, grain: str, calendar: str) -> tuple[Tile, ...]:
    known = {kpi.id: kpi for kpi in numbers.kpis_within_reach(visit)}
    return tuple(tile(visit, known[name], grain=grain, calendar=calendar) for name in wanted if name in known)


def tile(visit: Visit, kpi: Kpi, *, grain: str, calendar: str) -> Tile:
    lacking = numbers.lacking(visit, kpi)
    try:
        return _empty(kpi, lacking) if lacking else _filled(visit, kpi, grain=grain, calendar=calendar)
    except UserError as error:  # one KPI that cannot be told leaves the others on the page
        return _empty(kpi, (error.what,))


def _empty(kpi: Kpi, lacking: tuple[str, ...]) -> Tile:
    return Tile(
        kpi=kpi.id,
        name=named(kpi),
        unit=kpi.entry.unit,
        value=None,
        told=formats.NOTHING,
        target=None,
        target_told=None,
        required=None,
        required_told=None,
        share=None,
        on_track=None,
        change=None,
        change_told=None,
        good=None,
        complete=False,
        history=(),
        spark=charts.spark(()),
        missing=lacking,
    )


def _filled(visit: Visit, kpi: Kpi, *, grain: str, calendar: str) -> Tile:
    start = numbers.periods_back(visit, calendar=calendar, grain=grain, count=PERIODS - 1)
    own = visit.reach.own
    by = (own[0],) if own and own[0] in kpi.entry.cut_by else ()
    history = numbers.values(visit, Question(kpi.id, grain, by=by, start=start, calendar=calendar, versus="target"))
    running = numbers.periods_back(visit, calendar=calendar, grain=grain, count=0)
    now = _at(history, running)
    before = _at(numbers.values(visit, Question(kpi.id, grain, start=running, calendar=calendar, versus="year_ago")), running)
    target = now.target if now and (by or visit.reach.scope.everything) else None
    value = now.value if now else _of_nothing(kpi)
    share = now.value / now.versus if now and target and now.value is not None and now.versus else None
    unit, change = kpi.entry.unit, change_of(kpi, before)
    return Tile(
        kpi=kpi.id,
        name=named(kpi),
        unit=unit,
        value=value,
        told=telling.in_unit(value, unit, currency=visit.currency, short=True),
        target=target,
        target_told=telling.in_unit(target, unit, currency=visit.currency, short=True) if target is not None else None,
        required=now.required if now and target else None,
        required_told=_required(visit, kpi, now.required) if now and target and now.required else None,
        share=share,
        on_track=on_track(kpi, share),
        change=change,
        change_told=change_told(kpi, change),
        good=for_the_better(kpi, change),
        complete=bool(now and now.complete),
        history=tuple(value.value for value in history),
        spark=charts.spark([value.value for value in history]),
    )


def _required(visit: Visit, kpi: Kpi, value: float) -> str:
    """What is needed each working day; of things that are counted, in whole ones."""
    whole = float(math.ceil(value)) if kpi.entry.unit == "count" else value
    return telling.in_unit(whole, kpi.entry.unit, currency=visit.currency, short=True)


def _of_nothing(kpi: Kpi) -> float | None:
    """The value of a period without a row: a sum or a count of nothing is 0, anything else is empty."""
    return 0.0 if kpi.entry.measure is not None and kpi.entry.measure.adds_up else None


def _at(values: Sequence[Value], start: object) -> Value | None:
    return next((value for value in values if value.start == start), None)


def change_of(kpi: Kpi, value: Value | None) -> float | None:
    """The change against `versus`: in percentage points where the KPI is itself a percentage."""
    if value is None or value.value is None or value.versus is None:
        return None
    return value.value - value.versus if kpi.entry.unit == "percent" else value.change


def change_told(kpi: Kpi, change: float | None) -> str | None:
    if change is None:
        return None
    return formats.points(change) if kpi.entry.unit == "percent" else formats.percent(change, digits=0, signed=True)


def on_track(kpi: Kpi, share: float | None) -> bool | None:
    """Whether the target so far is reached, by the KPI's better side."""
    if share is None:
        return None
    return share <= 1 if kpi.entry.better == "lower" else share >= 1


def for_the_better(kpi: Kpi, change: float | None) -> bool | None:
    if change is None or kpi.entry.better is None or round(change, 3) == 0:
        return None
    return (change > 0) == (kpi.entry.better == "higher")
