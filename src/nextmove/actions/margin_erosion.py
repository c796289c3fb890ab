"""A customer pays less margin on an item than before: the price slipped, or the cost rose and was not passed on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from nextmove.actions.contract import Evidence


@dataclass(frozen=True)
class MarginErosion:
    """Margin of the last 90 days against the 365 before them, on lines whose cost is known; the dearest few of each customer."""

    kind: ClassVar[str] = "margin_erosion"
    subject: ClassVar[tuple[str, ...]] = ("account_id", "product_id")
    needs: ClassVar[tuple[str, ...]] = ("facts.sales.cost", "facts.sales.net", "facts.sales.quantity")
    query: ClassVar[str] = "margin_erosion.sql"
    evidence: ClassVar[tuple[Evidence, ...]] = (
        Evidence("action.margin_erosion.margin", ("margin_before_share", "margin_now_share", "recent_money")),
        Evidence("action.margin_erosion.price", ("price_before_money", "price_now_money")),
        Evidence("action.margin_erosion.cost", ("cost_before_money", "cost_now_money")),
    )

    min_points: float = 0.04
    min_purchase_days: int = 2
    most_per_customer: int = 3
    effect: float = 0.25
    due_in_days: int = 10
