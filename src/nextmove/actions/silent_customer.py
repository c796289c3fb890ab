"""A customer with a rhythm of its own has been silent for longer than that rhythm explains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from nextmove.actions.contract import Evidence


@dataclass(frozen=True)
class SilentCustomer:
    """Silent for `patience` times its usual gap; long gone customers are no news. Who orders on a fixed schedule is
    silent once the day that was due has passed. The rhythm finds, the model's probability ranks."""

    kind: ClassVar[str] = "silent_customer"
    subject: ClassVar[tuple[str, ...]] = ("account_id",)
    needs: ClassVar[tuple[str, ...]] = ("predictions.customers.score", "predictions.customers.due_on")
    query: ClassVar[str] = "silent_customer.sql"
    evidence: ClassVar[tuple[Evidence, ...]] = (
        Evidence("action.silent_customer.rhythm", ("last_purchase_on", "quiet_days", "usual_gap_days")),
        Evidence("action.silent_customer.probability", ("stay_away_share",)),
        Evidence("action.evidence.yearly", ("yearly_money", "purchase_days")),
        Evidence("action.silent_customer.worth", ("worth_before_money", "three_years_money")),
    )

    patience: float = 1.5
    min_purchase_days: int = 4
    min_probability: float = 0.0
    lost_after_days: int = 365
    horizon_days: int = 90
    effect: float = 0.15
    due_in_days: int = 2
