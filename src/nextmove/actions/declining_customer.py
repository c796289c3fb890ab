"""A customer still buys, but clearly less than its own past and the company's season let expect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from nextmove.actions.contract import Evidence


@dataclass(frozen=True)
class DecliningCustomer:
    """The last 90 days against the 270 before them, scaled by what the whole company did meanwhile, so that a season is no decline.

    The probability that the drop is real treats purchases as a compound Poisson process: the variance of a period's sum is the sum
    of its squared purchases. So two large orders that happen to fall outside the window are not taken for a decline.
    """

    kind: ClassVar[str] = "declining_customer"
    subject: ClassVar[tuple[str, ...]] = ("account_id",)
    needs: ClassVar[tuple[str, ...]] = ("facts.sales.account_id", "facts.sales.net")
    query: ClassVar[str] = "declining_customer.sql"
    evidence: ClassVar[tuple[Evidence, ...]] = (
        Evidence("action.declining_customer.drop", ("recent_money", "expected_money", "drop_share")),
        Evidence("action.declining_customer.orders", ("recent_purchase_days", "usual_purchase_days")),
        Evidence("action.evidence.last_purchase", ("last_purchase_on",)),
        Evidence("action.evidence.three_years", ("three_years_money",)),
    )

    min_drop: float = 0.3
    min_probability: float = 0.9
    min_purchase_days: int = 6
    patience: float = 1.5
    effect: float = 0.12
    due_in_days: int = 5
