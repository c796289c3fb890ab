"""What a change is worth in money, so that all changes can be listed by it, and whether a rate moved by more than chance.

A sum of money is worth what it moved. A rate is worth its move × what its denominator holds: money (margin, share of wallet), or things
that have a price (customers, orders, lines: what they bring a period; deals: what is won with one; leads: what one brings in the end).
A cost for each (cost per lead) is worth its move × how many. A count is worth its move × the price of one. What has no price (a score,
a visit) is worth 0 here, and must be very clear to be told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt

import numpy as np

from nextmove.insights.changes.stored import Stored
from nextmove.insights.detect.watch import Found
from nextmove.kpis import Kpi

BEYOND_CHANCE = 3.0  # standard errors that a rate of counts must have moved by
LEAST_ROWS = 10  # that a median or mean must stand on
OF_ROWS = ("quantile", "mean", "survival")
USUAL = 26  # periods
MEMBER_OF = {  # what is counted: the KPI that says how many there are usually, of the same member
    "units_sold": "units_sold", "orders": "orders", "cancelled_orders": "orders", "active_customers": "active_customers",
    "new_customers": "active_customers", "reactivated_customers": "active_customers", "churned_customers": "active_customers",
}  # fmt: skip
OF_LEADS = ("leads", "weighted_leads", "mqls", "sqls")
OF_FITNESS = ("persona_fit", "response_time_within_target")  # say how leads are, not how many become customers
CUSTOMERS, ORDERS, DEALS, TIME = ("sales", "purchase_ends"), ("placed",), ("deals_decided", "stage_stays"), ("activities", "deliveries")
Usual = Mapping[str, float]


@dataclass(frozen=True)
class Prices:
    """What things usually are worth: of each member its turnover and counts; of the company also a deal won, one begun, and a lead."""

    members: Mapping[tuple[str, str], Usual]

    @classmethod
    def of(cls, stored: Stored) -> Prices:
        """The middle of the last periods, and for what happens rarely (deals) their mean."""
        members: dict[tuple[str, str], dict[str, float]] = {}
        company = ("average_deal_size", "win_rate", "opportunities_created", *OF_LEADS)
        with np.errstate(invalid="ignore"):
            for row, (kpi, dimension, member) in enumerate(stored.keys):
                last = stored.series.values[row, -USUAL:]
                if kpi == "net_sales" or kpi in MEMBER_OF.values():
                    members.setdefault((dimension, member), {})[kpi] = float(np.nanmedian(last)) if np.isfinite(last).any() else 0.0
                elif not dimension and kpi in company:
                    members.setdefault(("", ""), {})[kpi] = float(np.nanmean(last)) if np.isfinite(last).any() else 0.0
        return cls(members)

    def turnover(self, dimension: str, member: str) -> float:
        return self.members.get((dimension, member), {}).get("net_sales", 0.0)

    def one(self, kpi: str, dimension: str, member: str) -> float:
        """What one of a member's customers, orders or units brings in a period."""
        own = self.members.get((dimension, member), {})
        count = own.get(kpi, 0.0)
        return own.get("net_sales", 0.0) / count if count > 0 else 0.0

    @property
    def deal(self) -> float:
        """What is won with a deal that is won."""
        return self._company("average_deal_size")

    @property
    def opportunity(self) -> float:
        return self.deal * self._company("win_rate")

    def lead(self, kpi: str = "leads") -> float:
        """What one lead (one that is qualified, where so asked) brings in the end."""
        count = self._company(kpi)
        return self.opportunity * self._company("opportunities_created") / count if count > 0 else 0.0

    def _company(self, kpi: str) -> float:
        return self.members.get(("", ""), {}).get(kpi, 0.0)


def stake(found: Found, kpi: Kpi, prices: Prices, *, weight: float) -> float:
    """The money that a change moved over the periods that told it; `weight` is the sum of its denominators there."""
    _, dimension, member = found.series_id.split("\t")
    entry = kpi.entry
    move = abs(found.difference) / found.window
    if entry.unit == "money" and entry.measure is not None:
        return move if entry.as_of else abs(found.difference)  # what is owed for eight weeks is not owed eight times
    if entry.ratio is not None and entry.unit == "money":
        return move * weight
    if entry.unit == "percent":
        return _of_rate(found, kpi, prices, move=move, weight=weight)
    return abs(found.difference) * _of_one(kpi, prices, dimension, member)


def _of_one(kpi: Kpi, prices: Prices, dimension: str, member: str) -> float:
    if kpi.id in MEMBER_OF:
        return prices.one(MEMBER_OF[kpi.id], dimension, member)
    if kpi.id in OF_LEADS:
        return prices.lead(kpi.id)
    return {"opportunities_created": prices.opportunity, "lost_opportunities": prices.deal}.get(kpi.id, 0.0)


def _of_rate(found: Found, kpi: Kpi, prices: Prices, *, move: float, weight: float) -> float:
    _, dimension, member = found.series_id.split("\t")
    turned_over = move * prices.turnover(dimension, member) * found.window
    to = kpi.entry.ratio.to if kpi.entry.ratio is not None else None
    if to is None or to.fact in TIME:
        return turned_over
    if to.fact == "leads":
        return 0.0 if kpi.id in OF_FITNESS or found.expected <= 0 else min(move / found.expected, 1.0) * weight * prices.lead()
    if to.aggregate == "sum":
        return 0.0 if to.fact == "social" else move * weight
    if to.fact in CUSTOMERS:
        return move * weight * prices.one("active_customers", dimension, member)
    each = {"placed": prices.one("orders", dimension, member), "calls": prices.opportunity}
    return move * weight * (prices.deal if to.fact in DEALS else each.get(to.fact, 0.0))


def beyond_chance(found: Found, kpi: Kpi, *, weight: float) -> bool:
    """Whether a rate of counts moved by more than so few of them do by themselves; a median needs LEAST_ROWS."""
    ratio, measure = kpi.entry.ratio, kpi.entry.measure
    if measure is not None and measure.aggregate in OF_ROWS:
        return weight >= LEAST_ROWS
    if kpi.entry.unit != "percent" or ratio is None or ratio.to.aggregate not in ("count", "distinct"):
        return True
    if weight <= 0:
        return False
    seen = found.expected + found.difference / found.window
    share = min(max((seen + found.expected) / 2, 1 / (weight + 2)), 1 - 1 / (weight + 2))
    return abs(found.difference) / found.window >= BEYOND_CHANCE * sqrt(share * (1 - share) / weight)
