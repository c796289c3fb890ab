"""The forecast as rows: a member, a month, what is expected and between which bounds; rounded to cents so that parts still add up."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pyarrow as pa

from nextmove.predictions.months import Counts, Flags, Months, Numbers

METHODS = ("model", "rule")


@dataclass(frozen=True)
class Told:
    """Of one KPI, member × month ahead: what is booked, the rest of repeat business, what deals bring, and half the bands by level."""

    months: Months
    parents: Counts
    booked: Numbers
    repeat: Numbers
    pipeline: Numbers
    halves: dict[float, Numbers]
    signed: Flags  # the members that can fall below nothing
    by_rule: bool  # whether it is last year's month that is told

    @cached_property
    def value(self) -> Numbers:
        value: Numbers = (self.booked + self.repeat + self.pipeline).round(2)
        return value

    def bounds(self, level: float) -> tuple[Numbers, Numbers]:
        """Not below what is booked, nor below nothing where nothing was; nor a whole below what its parts are said to reach."""
        least = np.where(self.signed[:, None], -np.inf, np.minimum(np.maximum(self.booked, 0), self.value))
        low = np.maximum(self.value - self.halves[level], least).round(2)
        for rows in reversed(self.months.groups.values()):
            for parent in np.unique(self.parents[rows][self.parents[rows] >= 0]):
                low[parent] = np.maximum(low[parent], low[rows[self.parents[rows] == parent]].sum(axis=0))
        return low.round(2), (self.value + self.halves[level]).round(2)


def rounded(told: Told) -> Told:
    """To cents; what rounding leaves over goes to the largest part."""
    booked, repeat, pipeline = (_to_cents(money, told) for money in (told.booked, told.repeat, told.pipeline))
    return replace(told, booked=booked, repeat=repeat, pipeline=pipeline)


def _to_cents(money: Numbers, told: Told) -> Numbers:
    cents = money.round(2)
    for rows in told.months.groups.values():
        for parent in np.unique(told.parents[rows]):  # the company's own is −1
            mine = rows[told.parents[rows] == parent]
            left = (cents[parent] - cents[mine].sum(axis=0)).round(2) if parent >= 0 else 0.0
            cents[mine[np.argmax(cents[mine], axis=0)], np.arange(money.shape[1])] += left
    return cents.round(2)


def forecast_table(as_of: dt.date, horizon_days: int, told: Sequence[Told]) -> pa.Table:
    """One row a KPI, member and month."""
    return pa.concat_tables(_rows(as_of, horizon_days, each) for each in told).combine_chunks()


def _rows(as_of: dt.date, horizon_days: int, told: Told) -> pa.Table:
    members, horizon = told.value.shape
    (low, high), (low_half, high_half) = told.bounds(0.8), told.bounds(0.5)
    keys = _keys(told, told.months.count)
    return pa.table(
        {
            "as_of": pa.array([as_of] * members * horizon, pa.date32()),
            "horizon_days": pa.array(np.full(members * horizon, horizon_days)),
            **keys,
            "score": told.value.ravel(),
            "value": told.value.ravel(),
            "value_lo": low.ravel(),
            "value_hi": high.ravel(),
            "value_lo_50": low_half.ravel(),
            "value_hi_50": high_half.ravel(),
            "booked": told.booked.ravel(),
            "repeat": told.repeat.ravel(),
            "pipeline": told.pipeline.ravel(),
            "method": pa.array([METHODS[told.by_rule]] * members * horizon, pa.string()),
        }
    )


def _keys(told: Told, first: int) -> dict[str, pa.Array]:
    members, horizon = told.value.shape
    starts = [told.months.start(first + ahead) for ahead in range(horizon + 1)]
    return {
        "kpi": pa.array([told.months.kpi] * members * horizon, pa.string()),
        "dimension": pa.array([member.dimension for member in told.months.members for _ in range(horizon)], pa.string()),
        "member": pa.array([member.name for member in told.months.members for _ in range(horizon)], pa.string()),
        "period_start": pa.array(starts[:-1] * members, pa.date32()),
        "period_end": pa.array(starts[1:] * members, pa.date32()),
    }


def history_table(months: Months) -> pa.Table:
    """One row a member and complete month: what came."""
    members, count = months.money.shape
    return pa.table(
        {
            "kpi": pa.array([months.kpi] * members * count, pa.string()),
            "dimension": pa.array([member.dimension for member in months.members for _ in range(count)], pa.string()),
            "member": pa.array([member.name for member in months.members for _ in range(count)], pa.string()),
            "period_start": pa.array([months.start(column) for column in range(count)] * members, pa.date32()),
            "value": months.money.round(2).ravel(),
        }
    )


def replayed_table(blocks: Sequence[tuple[int, Told]]) -> pa.Table:
    """What would have been said: the day, the KPI, member and month, and between which bounds it would have been expected."""
    tables = [_replayed(end, told) for end, told in blocks]
    return pa.concat_tables(tables).combine_chunks() if tables else PAST.empty_table()


PAST = pa.schema(
    [
        ("made_on", pa.date32()),
        ("kpi", pa.string()),
        ("dimension", pa.string()),
        ("member", pa.string()),
        ("period_start", pa.date32()),
        ("months_ahead", pa.int64()),
        ("value", pa.float64()),
        ("value_lo", pa.float64()),
        ("value_hi", pa.float64()),
    ]
)


def _replayed(end: int, told: Told) -> pa.Table:
    members, horizon = told.value.shape
    made, keys = told.months.start(end) - dt.timedelta(days=1), _keys(told, end)
    keys.pop("period_end")
    low, high = told.bounds(0.8)
    columns = {
        "made_on": pa.array([made] * members * horizon, pa.date32()),
        **keys,
        "months_ahead": np.tile(np.arange(1, horizon + 1), members),
    }
    return pa.table({**columns, "value": told.value.ravel(), "value_lo": low.ravel(), "value_hi": high.ravel()}).cast(PAST)
