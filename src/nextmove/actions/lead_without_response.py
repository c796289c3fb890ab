"""A lead waits for its first answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from nextmove.actions.contract import Evidence


@dataclass(frozen=True)
class LeadWithoutResponse:
    """Neither answered nor turned down, converted or called; older than the promised hours, young enough to be worth a call. The
    prediction's chance ranks them, and names the way of contact that leads of the same source answered to most.

    Answering soon is the move with the best documented effect: firms that called within an hour were nearly seven times as likely to
    have a real conversation as those that waited longer (Oldroyd, McElheran, Elkington, "The Short Life of Online Sales Leads",
    Harvard Business Review, March 2011). Hence the highest prior of all kinds.
    """

    kind: ClassVar[str] = "lead_without_response"
    subject: ClassVar[tuple[str, ...]] = ("lead_id",)
    needs: ClassVar[tuple[str, ...]] = ("predictions.leads.score", "predictions.leads.grade", "predictions.leads.contact_method")
    query: ClassVar[str] = "lead_without_response.sql"
    evidence: ClassVar[tuple[Evidence, ...]] = (
        Evidence("action.lead_without_response.waits", ("lead_on", "waits_days")),
        Evidence("action.lead_without_response.grade", ("grade", "customer_share", "usual_share")),
        Evidence("action.lead_without_response.because", ("field", "member", "member_share", "all_share")),
        Evidence("action.lead_without_response.persona", ("persona_share",)),
        Evidence("action.lead_without_response.source", ("source",)),
        Evidence("action.lead_without_response.score", ("lead_score",)),
        Evidence("action.evidence.deal_worth", ("deal_money",)),
    )

    youngest_hours: float = 1.0
    oldest_days: int = 45
    effect: float = 0.3
    due_in_days: int = 1
