"""A customer buys on, but no longer this item, though it is due."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from nextmove.actions.contract import Evidence


@dataclass(frozen=True)
class StoppedItem:
    """Items silent for `patience` times their usual gap, of customers who are not silent themselves; the dearest few of each customer.

    The rhythm finds, the probability of the prediction ranks. A floor under it would hide the first drops that a company ever sees: what
    has not happened before is never called likely, and a dear item at three in ten is worth more than a cheap one at nine.
    """

    kind: ClassVar[str] = "stopped_item"
    subject: ClassVar[tuple[str, ...]] = ("account_id", "product_id")
    needs: ClassVar[tuple[str, ...]] = ("predictions.items.account_id", "predictions.items.product_id", "predictions.items.score")
    query: ClassVar[str] = "stopped_item.sql"
    evidence: ClassVar[tuple[Evidence, ...]] = (
        Evidence("action.stopped_item.rhythm", ("item_last_on", "item_quiet_days", "item_gap_days")),
        Evidence("action.stopped_item.buys_on", ("last_purchase_on",)),
        Evidence("action.stopped_item.yearly", ("item_yearly_money", "item_purchase_days")),
    )

    patience: float = 1.5
    min_purchase_days: int = 3
    min_probability: float = 0.0
    lost_after_days: int = 365
    most_per_customer: int = 3
    horizon_days: int = 90
    effect: float = 0.15
    due_in_days: int = 5
