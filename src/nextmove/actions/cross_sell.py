"""A product that this customer never bought and probably would."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from nextmove.actions.contract import Evidence


@dataclass(frozen=True)
class CrossSell:
    """The best suggestions of the prediction, for customers who are buying now; worth what buyers of the product bring in a quarter."""

    kind: ClassVar[str] = "cross_sell"
    subject: ClassVar[tuple[str, ...]] = ("account_id", "product_id")
    needs: ClassVar[tuple[str, ...]] = (
        "predictions.cross_sell.account_id",
        "predictions.cross_sell.product_id",
        "predictions.cross_sell.score",
    )
    query: ClassVar[str] = "cross_sell.sql"
    evidence: ClassVar[tuple[Evidence, ...]] = (
        Evidence("action.cross_sell.peers", ("peers_buying", "peers", "segment")),
        Evidence("action.cross_sell.worth", ("buyer_money",)),
        Evidence("action.evidence.last_purchase", ("last_purchase_on",)),
    )

    most_per_customer: int = 2
    patience: float = 1.5
    min_purchase_days: int = 3
    horizon_days: int = 90
    effect: float = 0.1
    due_in_days: int = 10
