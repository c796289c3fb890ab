"""A customer pays less for a product than comparable customers do at that quantity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from nextmove.actions.contract import Evidence


@dataclass(frozen=True)
class PriceGap:
    """Below the range of comparable customers and far below their median, for who buys now. Its effect is less than half that of margin
    erosion: a price that always was lower is harder to raise than one that slipped."""

    kind: ClassVar[str] = "price_gap"
    subject: ClassVar[tuple[str, ...]] = ("account_id", "product_id")
    needs: ClassVar[tuple[str, ...]] = ("predictions.price.price_lo", "predictions.price.method")
    query: ClassVar[str] = "price_gap.sql"
    evidence: ClassVar[tuple[Evidence, ...]] = (
        Evidence("action.price_gap.range", ("own_money", "gap_share", "median_money", "low_money", "high_money")),
        Evidence("action.price_gap.peers", ("peers", "quantity_from", "quantity_to")),
        Evidence("action.price_gap.year", ("yearly_money",)),
    )

    min_gap: float = 0.05
    min_peers: int = 8
    most_per_customer: int = 2
    patience: float = 1.5
    horizon_days: int = 90
    effect: float = 0.1
    due_in_days: int = 10
