"""An open deal has stayed in its stage for longer than nearly all deals that were won."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from nextmove.actions.contract import Evidence
from nextmove.actions.deal_without_activity import DEAL_EVIDENCE, DEAL_NEEDS


@dataclass(frozen=True)
class DealStuck:
    """What the prediction calls stuck: longer in its stage than 80 % of the won deals were, where ten or more of them tell."""

    kind: ClassVar[str] = "deal_stuck"
    subject: ClassVar[tuple[str, ...]] = ("opportunity_id",)
    needs: ClassVar[tuple[str, ...]] = (*DEAL_NEEDS, "predictions.deals.stuck")
    query: ClassVar[str] = "deal_stuck.sql"
    evidence: ClassVar[tuple[Evidence, ...]] = (
        Evidence("action.deal_stuck.stay", ("stage", "stage_since_on", "stage_days", "usual_stage_days")),
        *DEAL_EVIDENCE,
    )

    dead_after_days: int = 365
    effect: float = 0.1
    due_in_days: int = 3
