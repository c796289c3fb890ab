"""An open deal that nobody has touched for too long."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from nextmove.actions.contract import Evidence

DEAL_NEEDS = ("predictions.deals.opportunity_id", "predictions.deals.score")
# What is said of a deal, whatever its kind of action.
DEAL_EVIDENCE = (
    Evidence("action.evidence.chance", ("deal_money", "win_share", "usual_share")),
    Evidence("action.evidence.deal_helps", ("field", "member", "helps_share", "all_share")),
    Evidence("action.evidence.deal_hurts", ("field", "member", "hurts_share", "all_share")),
    Evidence("action.evidence.expected_close", ("expected_close_on",)),
    Evidence("action.evidence.likely_close", ("likely_close_on",)),
)


@dataclass(frozen=True)
class DealWithoutActivity:
    """No activity on an open deal for `quiet_days`; after `dead_after_days` it is a matter of cleaning up, not of selling."""

    kind: ClassVar[str] = "deal_without_activity"
    subject: ClassVar[tuple[str, ...]] = ("opportunity_id",)
    needs: ClassVar[tuple[str, ...]] = (*DEAL_NEEDS, "main.activities.opportunity_id")
    query: ClassVar[str] = "deal_without_activity.sql"
    evidence: ClassVar[tuple[Evidence, ...]] = (
        Evidence("action.deal_without_activity.quiet", ("last_activity_on", "deal_quiet_days")),
        Evidence("action.deal_without_activity.never", ("never_since_on",)),
        Evidence("action.deal_without_activity.stage", ("stage", "stage_days")),
        *DEAL_EVIDENCE,
    )

    quiet_days: int = 14
    dead_after_days: int = 180
    effect: float = 0.12
    due_in_days: int = 2
