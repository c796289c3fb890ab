"""One cause, one story: the region fell because one customer left is one alert, not nine.

For the largest alerts on sales the rows behind them (customer × representative × region × category …, the last weeks against the
year's usual) are searched for the segment that explains most. An alert stands under the cause that explains at least
half of it; alerts without rows to search (calls, leads) are grouped by their own member.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np

from nextmove.engine import Engine, literal, name
from nextmove.insights.changes.state import Told
from nextmove.insights.changes.stored import COLUMNS
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
SEARCHED = ("account", "rep", "region", "category", "channel", "segment", "country", "brand")
LONGEST_SEARCH = 30  # alerts: the rest is grouped by its own member
BEFORE = 26  # weeks that are the usual
HALF = 0.5


@dataclass(frozen=True)
class Cause:
    where: tuple[tuple[str, str], ...]
    share: float  # of the change of the alert that led to it

    @property
    def text(self) -> str:
        return " & ".join(f"{dimension}={member}" for dimension, member in self.where)


def with_causes(engine: Engine, alerts: list[Told], *, as_of: dt.date) -> list[Told]:
    """The alerts with cause, the share that it explains, and whether each leads its group; the largest first."""
    ranked = sorted(alerts, key=lambda alert: -alert.at_stake)
    searched = [alert for alert in ranked if alert.kpi in OF_SALES and alert.dimension in ("", *COLUMNS)][:LONGEST_SEARCH]
    causes: dict[tuple[str, str, int, int], Cause | None] = {}
    for alert in searched:
        if _place(alert) not in causes:
            causes[_place(alert)] = main_cause(engine, alert, as_of=as_of)
    return _led([_named(alert, causes.get(_place(alert))) for alert in ranked])


def _place(alert: Told) -> tuple[str, str, int, int]:
    """Alerts of one member, direction and quarter have one cause, that of the largest."""
    return alert.dimension, alert.member, alert.direction, alert.opened_on.toordinal() // 91


def _named(alert: Told, cause: Cause | None) -> Told:
    if cause and alert.kpi in OF_SALES and cause.share >= HALF:
        return replace(alert, cause=cause.text, cause_share=cause.share)
    own = f"{alert.dimension}={alert.member}" if alert.dimension else alert.kpi
    return replace(alert, cause=own, cause_share=1.0)


def _led(alerts: list[Told]) -> list[Told]:
    """The first of each cause, direction and season (a quarter) leads."""

    def group(alert: Told) -> tuple[str, bool, int]:
        return alert.cause, alert.good, alert.opened_on.toordinal() // 91

    leaders = {id(next(iter(rows))) for _, rows in groupby(sorted(alerts, key=lambda a: (group(a), -a.at_stake)), key=group)}
    return [replace(alert, leads=id(alert) in leaders) for alert in alerts]


def main_cause(engine: Engine, alert: Told, *, as_of: dt.date) -> Cause | None:
    """The segment that explains most of an alert on sales."""
    end = min(as_of, alert.opened_on - dt.timedelta(days=1))
    weeks = alert.periods if alert.grain == "week" else alert.periods * 4
    start = end + dt.timedelta(days=1) - dt.timedelta(weeks=weeks)
    rows = _leaves(engine, alert, start=start, end=end, factor=weeks / BEFORE)
    if not rows:
        return None
    dimensions, actual, expected = rows
    change = float(actual.sum() - expected.sum())
    if change == 0:
        return None
    alone = _one_customer(dimensions.get("account", []), actual - expected, change)
    if alone:
        return alone
    fitting = [found for found in root_causes(dimensions, actual, expected, deepest=2, most=3) if found.change * change > 0]
    if not fitting:
        return None
    best = max(fitting, key=lambda found: abs(found.change))
    return Cause(_with_own(best, alert), best.change / change)


def _one_customer(accounts: list[str], change: np.ndarray[tuple[int], np.dtype[np.float64]], whole: float) -> Cause | None:
    """The customer that alone makes at least half of the change, if there is one: nothing explains better."""
    if not accounts:
        return None
    names, row = np.unique(np.asarray(accounts, dtype=str), return_inverse=True)
    shares = np.bincount(row, change) / whole
    top = int(shares.argmax())
    return Cause((("account", str(names[top])),), float(shares[top])) if shares[top] >= HALF and names[top] != "(unknown)" else None


def _with_own(found: Segment, alert: Told) -> tuple[tuple[str, str], ...]:
    """A customer or representative is who it is; other segments are told within the alert's own member."""
    named = dict(found.where)
    if alert.dimension and not {"account", "rep"} & named.keys():
        named.setdefault(alert.dimension, alert.member)
    return tuple(sorted(named.items()))


def _leaves(
    engine: Engine, alert: Told, *, start: dt.date, end: dt.date, factor: float
) -> tuple[dict[str, list[str]], np.ndarray[tuple[int], np.dtype[np.float64]], np.ndarray[tuple[int], np.dtype[np.float64]]] | None:
    there = set(engine.query("select * from facts.sales limit 0").column_names)
    cuts = [dimension for dimension in SEARCHED if dimension != alert.dimension and COLUMNS[dimension] in there]
    listed = ", ".join(f"coalesce(cast({name(COLUMNS[cut])} as varchar), '(unknown)') as {name(cut)}" for cut in cuts)
    own = f"and {name(COLUMNS[alert.dimension])} = {literal(alert.member)}" if alert.dimension else ""
    since = start - dt.timedelta(weeks=BEFORE)
    rows = engine.query(
        f"select {listed}, cast(sum(case when day >= {literal(start)} then net else 0 end) as double) as now, "
        f"cast(sum(case when day < {literal(start)} then net else 0 end) as double) as before from facts.sales "
        f"where day >= {literal(since)} and day <= {literal(end)} {own} group by {', '.join(str(n + 1) for n in range(len(cuts)))}"
    )
    if rows.num_rows == 0:
        return None
    now, before = (np.asarray(rows[c].to_numpy(), dtype=float) for c in ("now", "before"))
    return {cut: rows[cut].to_pylist() for cut in cuts}, now, before * factor
