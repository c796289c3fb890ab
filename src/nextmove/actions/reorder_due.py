"""A customer who buys regularly is due in the next days: a word now keeps the order from slipping, and makes it complete."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from nextmove.actions.contract import Evidence


@dataclass(frozen=True)
class ReorderDue:
    """The usual gap ends within `ahead_days`, or ended a little while ago; the item named is the dearest that is due with it."""

    kind: ClassVar[str] = "reorder_due"
    subject: ClassVar[tuple[str, ...]] = ("account_id",)
    needs: ClassVar[tuple[str, ...]] = ("predictions.customers.account_id", "predictions.customers.score")
    query: ClassVar[str] = "reorder_due.sql"
    evidence: ClassVar[tuple[Evidence, ...]] = (
        Evidence("action.reorder_due.rhythm", ("due_on", "last_purchase_on", "usual_gap_days")),
        Evidence("action.reorder_due.items", ("items", "items_count")),
        Evidence("action.reorder_due.order", ("usual_order_money",)),
    )

    ahead_days: int = 5
    patience: float = 1.5
    min_purchase_days: int = 4
    min_gap_days: int = 5
    effect: float = 0.1
    due_in_days: int = 2
