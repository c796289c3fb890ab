"""An open deal has stayed in its stage for longer than nearly all deals that were won."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from nextmove.actions.contract import Evidence


@dataclass(frozen=True)
class DealStuck:
    """Longer in its stage than 80 % of the won deals were; a stage with fewer than `min_won` stays of won deals says nothing."""

    kind: ClassVar[str] = "deal_stuck"
    subject: ClassVar[tuple[str, ...]] = ("opportunity_id",)
    needs: ClassVar[tuple[str, ...]] = ("main.opportunities.stage", "main.stage_changes.to_stage")
    query: ClassVar[str] = "deal_stuck.sql"
    evidence: ClassVar[tuple[Evidence, ...]] = (
        Evidence("action.deal_stuck.stay", ("stage", "stage_since_on", "stage_days", "usual_stage_days")),
        Evidence("action.evidence.stage", ("stage", "deal_money", "win_share")),
        Evidence("action.evidence.expected_close", ("expected_close_on",)),
    )

    share_of_won: float = 0.8
    min_won: int = 10
    dead_after_days: int = 365
    effect: float = 0.1
    due_in_days: int = 3
