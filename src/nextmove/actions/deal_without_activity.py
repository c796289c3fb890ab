"""An open deal that nobody has touched for too long."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from nextmove.actions.contract import Evidence


@dataclass(frozen=True)
class DealWithoutActivity:
    """No activity on an open deal for `quiet_days`; after `dead_after_days` it is a matter of cleaning up, not of selling."""

    kind: ClassVar[str] = "deal_without_activity"
    subject: ClassVar[tuple[str, ...]] = ("opportunity_id",)
    needs: ClassVar[tuple[str, ...]] = ("main.opportunities.opportunity_id", "main.opportunities.amount", "main.activities.opportunity_id")
    query: ClassVar[str] = "deal_without_activity.sql"
    evidence: ClassVar[tuple[Evidence, ...]] = (
        Evidence("action.deal_without_activity.quiet", ("last_activity_on", "deal_quiet_days")),
        Evidence("action.deal_without_activity.never", ("never_since_on",)),
        Evidence("action.evidence.stage", ("stage", "deal_money", "win_share")),
        Evidence("action.evidence.expected_close", ("expected_close_on",)),
    )

    quiet_days: int = 14
    dead_after_days: int = 180
    effect: float = 0.12
    due_in_days: int = 2
