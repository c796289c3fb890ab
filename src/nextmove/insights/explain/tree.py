"""Why a product of factors moved: net sales = active customers × orders per customer × order value.

Each factor's effect is its Shapley value: what it adds, averaged over all orders in which the factors could have changed.
It is the only split that treats all factors alike, leaves nothing over, and also stands when a factor is zero or negative.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from math import factorial, prod

TREES: dict[str, tuple[str, ...]] = {
    "net_sales": ("active_customers", "orders_per_customer", "sales_per_order"),
    "units_sold": ("active_customers", "skus_per_customer", "units_per_sku"),
    "won_value": ("leads", "lead_to_opportunity_rate", "win_rate", "average_deal_size"),
    "sales_velocity": ("open_opportunities", "win_rate", "average_deal_size", "closings_per_day"),
}


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
