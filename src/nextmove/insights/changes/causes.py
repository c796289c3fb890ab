"""One cause, one story: the region fell because one customer left is one alert, not nine.

For the largest alerts on sales, and on what follows sales, the rows behind them (customer × representative × region × category …, the
last weeks against the half year's usual) are searched for the segment that explains most. Before that it is asked whether a larger
alert tells it already: the cause that it was traced to, or, where nothing smaller explains it (the whole country sells less), that whole,
which its parts fall with. Alerts without rows to search (calls, leads) stand under their kin (`kin.py`), else by themselves.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nextmove.engine import Engine, literal, name
from nextmove.insights.changes.kin import FOLLOWING, OF_SALES, SEASON, Where, led, own_where, with_kin
from nextmove.insights.changes.state import Told
from nextmove.insights.changes.stored import COLUMNS
from nextmove.insights.explain.giants import giant_orders
from nextmove.insights.explain.ground import columns_of
from nextmove.insights.explain.root_cause import Segment, root_causes

SEARCHED = ("account", "rep", "region", "category", "channel", "segment", "country", "brand")
LONGEST_SEARCH = 60  # alerts: the rest stands by itself
BEFORE = 26  # weeks that are the usual
HALF = 0.5
SHARED = 0.4  # of an alert that a known cause must explain: it is believed already
APART = 0.2  # of an alert: what a cause makes beyond its share of the whole, for most of a country is no reason why it fell
NEARLY_ALL = 0.9  # of a member: such a segment holds it
ONE_DAY = dt.timedelta(days=1)

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Cause:
    where: Where  # of no member: the whole company
    share: float  # of the change of the alert that led to it

    @property
    def text(self) -> str:
        return " & ".join(f"{dimension}={member}" for dimension, member in self.where) or OF_SALES[0]


@dataclass(frozen=True)
class Known:
    """A cause that a larger alert was traced to, and when. `moved` is how much (−0.2) a member changed that nothing smaller explains:
    what falls with it by as much is no story of its own."""

    where: Where
    opened_on: dt.date
    moved: float | None = None


@dataclass(frozen=True)
class Leaves:
    """The rows behind an alert: their members, what they sold, and what was usual."""

    members: dict[str, list[str]]
    actual: Numbers
    expected: Numbers

    @property
    def change(self) -> Numbers:
        return self.actual - self.expected

    @property
    def moved(self) -> float:
        """The change as a share of what was usual."""
        return float(self.change.sum() / max(self.expected.sum(), 1e-9))

    def inside(self, where: Where) -> NDArray[np.bool_]:
        inside = np.ones(len(self.actual), bool)
        for dimension, member in where:
            inside &= np.asarray(self.members.get(dimension, [None] * len(inside)), dtype=object) == member
        return inside

    def explained_by(self, where: Where) -> float:
        """The share of the change that a segment makes; 0 where it makes no more than its size lets expect."""
        inside = self.inside(where)
        share = float(self.change[inside].sum() / self.change.sum())
        return share if share >= APART + self.expected[inside].sum() / max(self.expected.sum(), 1e-9) else 0.0

    def moved_with(self, whole: Known) -> float:
        """The share of the change that is only that of the whole which these rows are a part of; 0 where they are none."""
        if whole.moved is None or whole.moved * self.moved <= 0:
            return 0.0
        part = self.expected[self.inside(whole.where)].sum() >= NEARLY_ALL * self.expected.sum()
        return min(1.0, whole.moved / self.moved) if part else 0.0


def with_causes(engine: Engine, alerts: list[Told], *, as_of: dt.date) -> list[Told]:
    """The alerts with cause, the share that it explains, and whether each leads its group; the largest first."""
    ranked = sorted(alerts, key=lambda alert: (-alert.at_stake, alert.alert_id))
    sold = sorted((one for one in ranked if _is_sales(one)), key=lambda one: one.closed_on is not None)
    searched = {alert.alert_id for alert in sold[:LONGEST_SEARCH]}
    giants = giant_orders(engine, as_of=as_of) if searched else ()
    told: list[Told] = []
    known: list[Known] = []
    for alert in ranked:
        leaves = _leaves(engine, alert, as_of=as_of, giants=giants) if alert.alert_id in searched else None
        near = [one for one in known if abs(one.opened_on - alert.opened_on) <= SEASON]
        cause = main_cause(leaves, alert, known=near) if leaves else None
        told.append(replace(alert, cause=cause.text, cause_share=cause.share) if cause else with_kin(alert, told))
        if leaves:
            new = Known(cause.where, alert.opened_on) if cause else Known(own_where(alert), alert.opened_on, leaves.moved)
            known += [new] if new.where not in [one.where for one in near] else []
    return led(told)


def _is_sales(alert: Told) -> bool:
    return alert.kpi in (*OF_SALES, *FOLLOWING) and alert.dimension in ("", *COLUMNS)


def main_cause(leaves: Leaves, alert: Told, *, known: Sequence[Known] = ()) -> Cause | None:
    """The segment that explains most of an alert on sales; one of `known` where that explains it as well."""
    change = float(leaves.change.sum())
    if change == 0 or (alert.kpi in OF_SALES and change * alert.direction < 0):
        return None
    told = _best([(one.where, leaves.explained_by(one.where)) for one in known])
    whole = _best([(one.where, leaves.moved_with(one)) for one in known])
    found = told or _one_customer(leaves, change) or whole or _segment(leaves, alert, change)
    return found if found and found.share >= SHARED else None


def _best(shares: Sequence[tuple[Where, float]]) -> Cause | None:
    """The one that explains most of the alert, if it explains enough."""
    best = max(shares, key=lambda one: min(one[1], 1.0), default=None)
    return Cause(*best) if best and best[1] >= SHARED else None


def _one_customer(leaves: Leaves, change: float) -> Cause | None:
    """The customer that alone makes at least half of the change, if there is one: nothing explains better."""
    if "account" not in leaves.members:
        return None
    names, row = np.unique(np.asarray(leaves.members["account"], dtype=str), return_inverse=True)
    shares = np.bincount(row, leaves.change) / change
    top = int(shares.argmax())
    return Cause((("account", str(names[top])),), float(shares[top])) if shares[top] >= HALF and names[top] != "(unknown)" else None


def _segment(leaves: Leaves, alert: Told, change: float) -> Cause | None:
    searched = {cut: leaves.members[cut] for cut in SEARCHED if cut in leaves.members}
    found = root_causes(searched, leaves.actual, leaves.expected, deepest=2, most=3)
    fitting = [one for one in found if one.change / change >= HALF and leaves.explained_by(one.where)]
    best = max(fitting, key=lambda one: abs(one.change), default=None)
    return Cause(_with_own(best, alert), best.change / change) if best else None


def _with_own(found: Segment, alert: Told) -> Where:
    """A customer or representative is who it is; other segments are told within the alert's own member."""
    named = dict(found.where)
    if alert.dimension and not {"account", "rep"} & named.keys():
        named.setdefault(alert.dimension, alert.member)
    return tuple(sorted(named.items()))


def _leaves(engine: Engine, alert: Told, *, as_of: dt.date, giants: Sequence[str]) -> Leaves | None:
    """The rows behind an alert: its last weeks, and what the half year before them lets expect."""
    end = min(as_of, alert.opened_on - ONE_DAY)
    weeks = alert.periods if alert.grain == "week" else alert.periods * 4
    start = end + ONE_DAY - dt.timedelta(weeks=weeks)
    since = start - dt.timedelta(weeks=BEFORE)
    there = columns_of(engine, "facts.sales")
    cuts = [dimension for dimension, column in COLUMNS.items() if column in there]
    listed = ", ".join(f"coalesce(cast({name(COLUMNS[cut])} as varchar), '(unknown)') as {name(cut)}" for cut in cuts)
    own = f"and {name(COLUMNS[alert.dimension])} = {literal(alert.member)}" if alert.dimension else ""
    usual = f" and order_id not in ({', '.join(map(literal, giants))})" if giants else ""
    rows = engine.query(
        f"select {listed}, cast(sum(case when day >= {literal(start)} then net else 0 end) as double) as now, "
        f"cast(sum(case when day < {literal(start)}{usual} then net else 0 end) as double) as before from facts.sales "
        f"where day >= {literal(since)} and day <= {literal(end)} {own} group by all order by all"
    )
    if rows.num_rows == 0:
        return None
    now, before = (np.asarray(rows[c].to_numpy(), dtype=float) for c in ("now", "before"))
    return Leaves({cut: rows[cut].to_pylist() for cut in cuts}, now, before * (weeks / BEFORE))
