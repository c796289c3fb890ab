"""From stored KPI values to alerts: gate, watch, floor, group, carry over."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

from nextmove.engine import Engine
from nextmove.insights.changes.causes import with_causes
from nextmove.insights.changes.gate import Held, gate
from nextmove.insights.changes.stake import Prices, beyond_chance, stake
from nextmove.insights.changes.state import Told, carry_over, from_table, name_of, to_table
from nextmove.insights.changes.stored import Stored, stored
from nextmove.insights.changes.unchanged import fingerprint, keep, still_stands
from nextmove.insights.detect import MONTHLY, WEEKLY, Watching, watch
from nextmove.insights.detect.watch import Found
from nextmove.kpis import Catalogue, Kpi
from nextmove.settings import Settings

ONE_DAY = dt.timedelta(days=1)
GRAINS: tuple[tuple[str, Watching], ...] = (("week", WEEKLY), ("month", MONTHLY))
FLOOR = 0.003  # of the company's net sales in a usual year: a change that moves less is not told
CLEAR = 6.0  # the strength that a change without a price (a score, a number of products) must have
NEARLY_ALL = 0.9  # of the company: such a member is the company
REMEMBERED = dt.timedelta(days=400)  # closed alerts are kept for so long


@dataclass(frozen=True)
class Changes:
    """All alerts (open, and closed within a year), the largest first, and what the gate holds back."""

    alerts: list[Told]
    held: list[Held]


def detect_changes(
    engine: Engine, catalogue: Catalogue, settings: Settings, *, as_of: dt.date, earlier: object = None, since: dt.date | None = None
) -> dict[str, str]:
    """Write `main.alerts` and `main.alert_gate` of the edition that is being made; see the package."""
    import pyarrow as pa

    held = gate(engine, as_of=as_of)
    watched = fingerprint(engine, catalogue, settings, before=_trusted_until(held, as_of))
    engine.write("main.alert_gate", _gate_table(held))
    if still_stands(engine, watched, since=since):
        return {}
    before = from_table(earlier) if isinstance(earlier, pa.Table) else told_before(engine)
    changes = find_changes(engine, catalogue, settings, as_of=as_of, earlier=before)
    engine.write("main.alerts", to_table(changes.alerts))
    keep(engine, watched)
    return {}


def _trusted_until(held: list[Held], as_of: dt.date) -> dt.date:
    """The end of the periods that are watched."""
    return min([as_of + ONE_DAY, *(one.day for one in held)])


def find_changes(engine: Engine, catalogue: Catalogue, settings: Settings, *, as_of: dt.date, earlier: list[Told] | None = None) -> Changes:
    """What changed, as known at the end of `as_of`."""
    held = gate(engine, as_of=as_of)
    before = _trusted_until(held, as_of)
    floor = _floor(engine, settings)
    found: list[Told] = []
    for grain, watching in GRAINS:
        series = stored(engine, catalogue, grain=grain, before=before)
        if series:
            found += _alerts(series, _watching(watching, settings), catalogue, grain=grain, floor=floor, as_of=as_of)
    found = [alert for alert in _once(found) if alert.closed_on is None or alert.closed_on >= as_of - REMEMBERED]
    carried = carry_over(with_causes(engine, found, as_of=as_of), earlier or [], as_of=as_of)
    return Changes(sorted(carried, key=lambda alert: (alert.closed_on is not None, -alert.at_stake)), held)


def told_before(engine: Engine) -> list[Told]:
    """The alerts that the engine's own `main.alerts` holds."""
    there = engine.query("select 1 from information_schema.tables where table_schema = 'main' and table_name = 'alerts'").num_rows
    return from_table(engine.query("select * from main.alerts")) if there else []


@dataclass(frozen=True)
class Floor:
    """A change that moves less is not told."""

    money: float
    count: float

    def passes(self, found: Found, kpi: Kpi, stake: float) -> bool:
        if kpi.entry.unit == "count" and abs(found.difference) < self.count:
            return False
        return stake >= self.money if stake else found.strength >= CLEAR


def _watching(watching: Watching, settings: Settings) -> Watching:
    """The company's own budget of false alarms."""
    rate, often = settings.changes.false_discovery_rate, settings.changes.false_alerts_per_series_year
    return replace(watching, budget=replace(watching.budget, false_discovery_rate=rate, false_alerts_per_series_year=often))


def _floor(engine: Engine, settings: Settings) -> Floor:
    money = settings.changes.least_money
    return Floor(FLOOR * _yearly_sales(engine) if money is None else money, settings.changes.least_count)


def _alerts(of: Stored, watching: Watching, catalogue: Catalogue, *, grain: str, floor: Floor, as_of: dt.date) -> list[Told]:
    ends = dict(zip(of.series.periods, of.ends, strict=True))
    weights = _Weights(of)
    prices = Prices.of(of)
    whole = prices.turnover("", "")
    told = []
    for found in watch(of.series, watching):
        kpi, dimension, member = found.series_id.split("\t")
        if dimension and prices.turnover(dimension, member) > NEARLY_ALL * whole:
            continue  # the company tells it
        entry, weight = catalogue.kpi(kpi), weights.behind(found)
        worth = stake(found, entry, prices, weight=weight)
        if floor.passes(found, entry, worth) and beyond_chance(found, entry, weight=weight):
            told.append(_told(found, ends, (kpi, grain, dimension, member), entry.entry.better == "higher", worth, as_of))
    return told


class _Weights:
    """The denominators behind each alert, added up over the periods that told it."""

    def __init__(self, of: Stored) -> None:
        self._series = of.series
        self._row = {name: row for row, name in enumerate(of.series.ids)}
        self._column = {day: column for column, day in enumerate(of.series.periods)}

    def behind(self, found: Found) -> float:
        if self._series.weights is None:
            return 0.0
        end = self._column[found.opened_on] + 1
        return float(self._series.weights[self._row[found.series_id], end - found.window : end].sum())


def _told(found: Found, ends: dict[dt.date, dt.date], of: tuple[str, str, str, str], higher: bool, stake: float, as_of: dt.date) -> Told:
    kpi, grain, dimension, member = of
    opened = ends[found.opened_on]
    return Told(
        alert_id=name_of(kpi, grain, dimension, member, opened), kpi=kpi, grain=grain, dimension=dimension, member=member,
        direction=found.direction, good=(found.direction > 0) == higher, period_start=found.opened_on, opened_on=opened,
        closed_on=ends[found.closed_on] if found.closed_on else None, closed_by="usual again" if found.closed_on else None,
        first_told=as_of, strength=found.strength, periods=found.window, value=found.value, expected=found.expected,
        low=found.low, high=found.high, difference=found.difference, at_stake=stake, cause="", cause_share=0.0, leads=True,
    )  # fmt: skip


def _yearly_sales(engine: Engine) -> float:
    rows = engine.query(
        "select cast(sum(value) as double) as total, count(*) as months from main.kpi_values "
        "where kpi = 'net_sales' and grain = 'month' and calendar = 'gregorian' and dimension = '' and complete"
    ).to_pylist()
    total, months = rows[0]["total"], rows[0]["months"]
    return float(total) / months * 12 if months else 0.0


def _once(found: list[Told]) -> list[Told]:
    """A month that says what its weeks said is left out."""
    weekly = {(a.kpi, a.dimension, a.member, a.direction): a for a in found if a.grain == "week"}
    near = dt.timedelta(days=75)

    def said(alert: Told) -> bool:
        week = weekly.get((alert.kpi, alert.dimension, alert.member, alert.direction))
        return alert.grain == "month" and week is not None and abs(week.opened_on - alert.opened_on) <= near

    return [alert for alert in found if not said(alert)]


def _gate_table(held: list[Held]) -> object:
    import pyarrow as pa

    schema = pa.schema(
        [("table", pa.string()), ("reason", pa.string()), ("day", pa.date32()), ("rows", pa.int64()), ("usual", pa.float64())]
    )
    return pa.Table.from_pylist([vars(one) for one in held], schema=schema)
