"""Why a product of factors moved: net sales = active customers × orders per customer × order value.

Each factor's effect is its Shapley value: what it adds, averaged over all orders in which the factors could have changed.
It is the only split that treats all factors alike, leaves nothing over, and also stands when a factor is zero or negative.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import combinations
from math import factorial, prod


@dataclass(frozen=True)
class Factor:
    """A KPI (or its numerator: `win_rate.numerator`), or one over another; without `of` what the other factors leave."""

    name: str
    of: str = ""
    per: str = ""


TREES: dict[str, tuple[Factor, ...]] = {
    "net_sales": (
        Factor("active_customers", "active_customers"),
        Factor("orders_per_customer", "orders", "active_customers"),
        Factor("sales_per_order"),
    ),
    "units_sold": (
        Factor("active_customers", "skus_per_customer.denominator"),
        Factor("skus_per_customer", "skus_per_customer"),
        Factor("units_per_sku"),
    ),
    "orders": (Factor("active_customers", "active_customers"), Factor("orders_per_customer")),
    "gross_profit": (Factor("costed_sales", "gross_margin.denominator"), Factor("gross_margin")),
    "sales_velocity": (
        Factor("open_opportunities", "sales_velocity.numerator"),
        Factor("win_rate", "win_rate"),
        Factor("average_deal_size", "average_deal_size"),
        Factor("closings_per_day"),
    ),
}
WON_VALUE = (  # told beside every KPI of leads and deals, in money
    Factor("leads", "leads"),
    Factor("opportunities_per_lead", "opportunities_created", "leads"),
    Factor("decided_per_opportunity", "win_rate.denominator", "opportunities_created"),
    Factor("win_rate", "win_rate"),
    Factor("average_deal_size"),
)
WON = "average_deal_size.numerator"  # what the deals won in the period are worth
OF_WON = (
    "leads",
    "mqls",
    "sqls",
    "opportunities_created",
    "win_rate",
    "average_deal_size",
    "sales_velocity",
    "opportunities_created_value",
)


def kpis_of(factors: tuple[Factor, ...]) -> tuple[str, ...]:
    """The KPIs whose values the factors are made of."""
    return tuple(dict.fromkeys(ref.split(".")[0] for factor in factors for ref in (factor.of, factor.per) if ref))


def factor_values(factors: tuple[Factor, ...], whole: float | None, read: Callable[[str], float | None]) -> dict[str, float] | None:
    """What each factor was, so that their product is `whole`; None where one has no value."""
    found: dict[str, float] = {}
    for factor in factors:
        above = read(factor.of) if factor.of else whole
        below = prod(found.values()) if not factor.of else read(factor.per) if factor.per else 1.0
        if above is None or not below:
            return None
        found[factor.name] = above / below
    return found


def effects(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    """What each factor did to the product; they add up to its change.

    >>> effects({"customers": 10, "value": 5}, {"customers": 8, "value": 5})
    {'customers': -10.0, 'value': 0.0}
    """
    names = list(before)
    return {name: _shapley(name, [other for other in names if other != name], before, after) for name in names}


def _shapley(name: str, others: list[str], before: Mapping[str, float], after: Mapping[str, float]) -> float:
    total = 0.0
    for size in range(len(others) + 1):
        share = factorial(size) * factorial(len(others) - size) / factorial(len(others) + 1)
        for changed in combinations(others, size):
            around = prod((after if other in changed else before)[other] for other in others)
            total += share * around
    return total * (after[name] - before[name])
