"""Alerts as states: what was told keeps its name and its day, whatever later loads restate.

An alert is the same as one told before when it is the same series and direction and both overlap in time, or opened within three
periods of each other. What was open and is not found any more is closed ("restated"): a later load changed the numbers.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

NEAR = dt.timedelta(days=21)


@dataclass(frozen=True)
class Told:
    """One row of `main.alerts`. `opened_on` is the day after the period that told it, when it could first be known."""

    alert_id: str
    kpi: str
    grain: str
    dimension: str
    member: str
    direction: int
    good: bool
    period_start: dt.date
    opened_on: dt.date
    closed_on: dt.date | None
    closed_by: str | None
    first_told: dt.date
    strength: float
    periods: int
    value: float
    expected: float
    low: float
    high: float
    difference: float
    at_stake: float
    cause: str
    cause_share: float
    leads: bool  # the first of its cause; the others stand under it

    @property
    def series(self) -> tuple[str, str, str, str, int]:
        return self.kpi, self.grain, self.dimension, self.member, self.direction


def name_of(kpi: str, grain: str, dimension: str, member: str, opened_on: dt.date) -> str:
    return hashlib.sha256("\t".join((kpi, grain, dimension, member, opened_on.isoformat())).encode()).hexdigest()[:12]


def carry_over(found: Sequence[Told], earlier: Iterable[Told], *, as_of: dt.date) -> list[Told]:
    """`found`, under the names and days that were told before; and what was told and is gone, closed."""
    known: dict[tuple[str, str, str, str, int], list[Told]] = {}
    for old in earlier:
        known.setdefault(old.series, []).append(old)
    kept: list[Told] = []
    for new in found:
        same = [old for old in known.get(new.series, []) if _same(old, new, as_of)]
        if same:
            old = min(same, key=lambda one: abs(one.opened_on - new.opened_on))
            known[new.series].remove(old)
            new = replace(new, alert_id=old.alert_id, opened_on=old.opened_on, period_start=old.period_start, first_told=old.first_told)
        kept.append(new)
    gone = [old for rest in known.values() for old in rest]
    return kept + [old if old.closed_on else replace(old, closed_on=as_of, closed_by="restated") for old in gone]


def _same(old: Told, new: Told, as_of: dt.date) -> bool:
    overlap = new.opened_on <= (old.closed_on or as_of) and old.opened_on <= (new.closed_on or as_of)
    return overlap or abs(old.opened_on - new.opened_on) <= NEAR


def to_table(alerts: Sequence[Told]) -> pa.Table:
    import pyarrow as pa

    kinds = {"str": pa.string(), "int": pa.int64(), "bool": pa.bool_(), "float": pa.float64(), "dt.date": pa.date32()}
    schema = pa.schema([(f.name, kinds[str(f.type).removesuffix(" | None")]) for f in fields(Told)])
    return pa.Table.from_pylist([asdict(alert) for alert in alerts], schema=schema)


def from_table(table: pa.Table) -> list[Told]:
    return [Told(**row) for row in table.to_pylist()]
