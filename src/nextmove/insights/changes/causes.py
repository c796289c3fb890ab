"""One cause, one story: the region fell because one customer left is one alert, not nine.

For the largest alerts on sales the rows behind them (customer × representative × region × category …, the last weeks against the
year's usual) are searched for the segment that explains most. Before that it is asked whether a cause that a larger alert was traced to
explains this one too: one look at the alert's rows, with one sum a cause. Alerts without rows to search (a share of wallet, overdue
invoices, calls) stand under the cause of the sales of the same member, where there is one, else by themselves.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from nextmove.engine import Engine, literal, name
from nextmove.insights.changes.state import Told
from nextmove.insights.changes.stored import COLUMNS
from nextmove.insights.explain.ground import columns_of
from nextmove.insights.explain.root_cause import Segment, root_causes

OF_SALES = (
    "net_sales",
    "units_sold",
    "orders",
    "gross_profit",
    "active_customers",
    "average_order_value",
    "skus_per_customer",
    "orders_per_customer",
)
FOLLOWING = (  # what moves with the sales of its member, in whatever direction
    "customer_concentration",
    "customer_concentration_hhi",
    "share_of_wallet",
    "overdue_receivables",
    "days_sales_outstanding",
    "quota_attainment",
    "revenue_per_hour",
    "market_share",
    "net_revenue_retention",
    "cancelled_order_value",
)
SEARCHED = ("account", "rep", "region", "category", "channel", "segment", "country", "brand")
LONGEST_SEARCH = 60  # alerts: the rest stands by itself
BEFORE = 26  # weeks that are the usual
HALF = 0.5
SHARED = 0.4  # of an alert that a known cause must explain: it is believed already
APART = 0.2  # of an alert: what a cause makes beyond its share of the whole, for most of a country is no reason why it fell
SEASON = dt.timedelta(days=91)  # between alerts of one cause

Numbers = np.ndarray[tuple[int], np.dtype[np.float64]]
Where = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Cause:
    where: Where
    share: float  # of the change of the alert that led to it

    @property
    def text(self) -> str:
        return " & ".join(f"{dimension}={member}" for dimension, member in self.where)


@dataclass(frozen=True)
class Known:
    """A cause that a larger alert was traced to, and when."""

    where: Where
    opened_on: dt.date


def with_causes(engine: Engine, alerts: list[Told], *, as_of: dt.date) -> list[Told]:
    """The alerts with cause, the share that it explains, and whether each leads its group; the largest first."""
    ranked = sorted(alerts, key=lambda alert: (-alert.at_stake, alert.alert_id))
    named: dict[str, Told] = {}
    known: list[Known] = []
    for alert in [one for one in ranked if one.kpi in OF_SALES and one.dimension in ("", *COLUMNS)][:LONGEST_SEARCH]:
        near = [one for one in known if abs(one.opened_on - alert.opened_on) <= SEASON]
        cause = main_cause(engine, alert, as_of=as_of, known=[one.where for one in near])
        if cause and cause.share >= SHARED:
            named[alert.alert_id] = replace(alert, cause=cause.text, cause_share=cause.share)
            known += [Known(cause.where, alert.opened_on)] if cause.where not in [one.where for one in near] else []
    return _led([named.get(alert.alert_id) or _by_itself(alert, named.values()) for alert in ranked])


def _by_itself(alert: Told, named: Iterable[Told]) -> Told:
    """Under the cause of the same member's sales, where it moves with them; else the member is its own cause."""
    same = [
        one
        for one in named
        if alert.kpi in (*FOLLOWING, *OF_SALES) and (one.dimension, one.member) == (alert.dimension, alert.member) and _near(one, alert)
    ]
    if same:
        first = max(same, key=lambda one: one.at_stake)
        return replace(alert, cause=first.cause, cause_share=first.cause_share)
    own = f"{alert.dimension}={alert.member}" if alert.dimension else alert.kpi
    return replace(alert, cause=own, cause_share=1.0)


def _near(one: Told, other: Told) -> bool:
    return abs(one.opened_on - other.opened_on) <= SEASON


def _led(alerts: list[Told]) -> list[Told]:
    """The alerts, each with whether it leads its story."""
    leaders = {first.alert_id for first, *_ in stories(alerts)}
    return [replace(alert, leads=alert.alert_id in leaders) for alert in alerts]


def stories(alerts: Iterable[Told]) -> list[list[Told]]:
    """Alerts of one cause that opened within a season of the largest of them belong together; the largest first."""
    told: list[list[Told]] = []
    for alert in sorted(alerts, key=lambda one: (-one.at_stake, one.alert_id)):
        story = next((story for story in told if _one_story(story[0], alert)), None)
        if story is None:
            told.append([alert])
        else:
            story.append(alert)
    return told


def _one_story(leader: Told, alert: Told) -> bool:
    same_way = leader.good == alert.good or alert.kpi in FOLLOWING or leader.kpi in FOLLOWING
    return leader.cause == alert.cause and same_way and _near(leader, alert)


def main_cause(engine: Engine, alert: Told, *, as_of: dt.date, known: Sequence[Where] = ()) -> Cause | None:
    """The segment that explains most of an alert on sales; one of `known` where that explains it as well."""
    end = min(as_of, alert.opened_on - dt.timedelta(days=1))
    weeks = alert.periods if alert.grain == "week" else alert.periods * 4
    start = end + dt.timedelta(days=1) - dt.timedelta(weeks=weeks)
    leaves = _leaves(engine, alert, start=start, end=end, factor=weeks / BEFORE)
    if leaves is None:
        return None
    change = float(leaves.change.sum())
    if change == 0 or change * alert.direction < 0:
        return None
    return _known_cause(leaves, known) or _one_customer(leaves, change) or _segment(leaves, alert, change)


@dataclass(frozen=True)
class Leaves:
    """The rows behind an alert: their members, what they sold, and what was usual."""

    members: dict[str, list[str]]
    actual: Numbers
    expected: Numbers

    @property
    def change(self) -> Numbers:
        return self.actual - self.expected

    def explained_by(self, where: Where) -> float:
        """The share of the change that a segment makes; 0 where it makes no more than its size lets expect."""
        inside = np.ones(len(self.actual), bool)
        for dimension, member in where:
            inside &= np.asarray(self.members.get(dimension, [None] * len(inside)), dtype=object) == member
        share = float(self.change[inside].sum() / self.change.sum())
        return share if share >= APART + self.expected[inside].sum() / max(self.expected.sum(), 1e-9) else 0.0


def _known_cause(leaves: Leaves, known: Sequence[Where]) -> Cause | None:
    """The known cause that explains most of the alert, if it explains enough."""
    shares = [(where, leaves.explained_by(where)) for where in known]
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


def _leaves(engine: Engine, alert: Told, *, start: dt.date, end: dt.date, factor: float) -> Leaves | None:
    there = columns_of(engine, "facts.sales")
    cuts = [dimension for dimension, column in COLUMNS.items() if column in there]
    listed = ", ".join(f"coalesce(cast({name(COLUMNS[cut])} as varchar), '(unknown)') as {name(cut)}" for cut in cuts)
    own = f"and {name(COLUMNS[alert.dimension])} = {literal(alert.member)}" if alert.dimension else ""
    since = start - dt.timedelta(weeks=BEFORE)
    rows = engine.query(
        f"select {listed}, cast(sum(case when day >= {literal(start)} then net else 0 end) as double) as now, "
        f"cast(sum(case when day < {literal(start)} then net else 0 end) as double) as before from facts.sales "
        f"where day >= {literal(since)} and day <= {literal(end)} {own} group by all order by all"
    )
    if rows.num_rows == 0:
        return None
    now, before = (np.asarray(rows[c].to_numpy(), dtype=float) for c in ("now", "before"))
    return Leaves({cut: rows[cut].to_pylist() for cut in cuts}, now, before * factor)
