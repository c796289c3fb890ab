"""Marketing: what campaigns, channels and segments cost and bring, which of them bleed, and who the best customers are.

Spend belongs to no representative, so only those who see everything have this page; who may not see profit has it neither.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from django.http import HttpRequest

from nextmove.app import numbers
from nextmove.app.visit import Visit, page
from nextmove.errors import OutOfScope
from nextmove.insights.marketing import CUTS, Verdict, returns
from nextmove.insights.marketing.personas import PersonaRow, persona_rows
from nextmove.insights.marketing.returns import Return
from nextmove.words import text

SHOWN = 25


@dataclass(frozen=True)
class ReturnRow:
    """One campaign, channel or segment under its name."""

    member: str
    name: str
    spend: float
    leads: int
    customers: int
    cost_per_lead: float | None
    cac: float | None
    profit: float
    romi: float | None
    payback_months: float | None
    verdict: str
    loss: float


@dataclass(frozen=True)
class MarketingPage:
    template: ClassVar[str] = "marketing.html"
    by: str
    only_bleeding: bool
    rows: tuple[ReturnRow, ...]
    found: int
    bleeding: int
    spend: float
    profit: float
    loss: float
    persona: tuple[PersonaRow, ...]
    written: bool
    cuts: tuple[str, ...] = tuple(CUTS)

    @property
    def romi(self) -> float | None:
        return (self.profit - self.spend) / self.spend if self.spend else None


def marketing_page(visit: Visit, *, by: str = "campaign", only: str = "") -> MarketingPage:
    if visit.reach.hides_cost or not visit.reach.scope.everything:
        raise OutOfScope("There is no such page.")
    by, engine = by if by in CUTS else "campaign", visit.edition.engine
    every = visit.edition.kept(("returns", by), lambda: tuple(returns(engine, as_of=visit.edition.as_of, by=by)))
    bleeding = [each for each in every if each.verdict is Verdict.bleeding]
    shown = sorted(bleeding, key=lambda each: -each.loss) if only == "bleeding" else every
    bought = [each for each in every if each.spend]
    return MarketingPage(
        by=by,
        only_bleeding=only == "bleeding",
        rows=tuple(_row(visit, by, each) for each in shown[:SHOWN]),
        found=len(every),
        bleeding=len(bleeding),
        spend=sum(each.spend for each in bought),
        profit=sum(each.profit for each in bought),
        loss=sum(each.loss for each in bleeding),
        persona=visit.edition.kept("persona", lambda: tuple(persona_rows(engine, visit.settings))),
        written=bool(visit.settings.persona),
    )


def _row(visit: Visit, by: str, each: Return) -> ReturnRow:
    told = {name: getattr(each, name) for name in ReturnRow.__dataclass_fields__ if name not in ("name", "verdict")}
    unassigned = each.verdict is Verdict.unassigned
    name = text("app.marketing.unassigned") if unassigned else numbers.member_name(visit, by, each.member)
    return ReturnRow(**told, name=name, verdict=each.verdict.value)


@page("marketing")
def marketing(visit: Visit, request: HttpRequest) -> MarketingPage:
    return marketing_page(visit, by=request.GET.get("by", ""), only=request.GET.get("only", ""))
