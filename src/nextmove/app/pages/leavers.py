"""What customers who left in the last year have in common, and who they were."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import ClassVar

from django.http import HttpRequest

from nextmove.app import telling
from nextmove.app.visit import Visit, page
from nextmove.errors import MissingData
from nextmove.facts.views import parameters
from nextmove.insights.questions import Leavers, Trait, leavers
from nextmove.insights.questions.leavers import Leaver
from nextmove.words import text

SHOWN = 50
# Facts whose members are ours and have words; those of the others are names in the data.
_OUR_WORDS = ("tenure", "breadth", "orders", "returned", "late_delivery", "rep_changed", "contacts")


@dataclass(frozen=True)
class Common:
    """One trait: what it is in words, how many of those with it left and of the others, and what that was worth."""

    name: str
    at_risk: int
    left: int
    share: float
    others: float
    value: float
    more: bool


@dataclass(frozen=True)
class LeaversPage:
    template: ClassVar[str] = "leavers.html"
    since: dt.date | None
    at_risk: int = 0
    left: int = 0
    value: float = 0.0
    common: tuple[Common, ...] = ()
    gone: tuple[Leaver, ...] = ()
    missing: str | None = None

    @property
    def share(self) -> float | None:
        return self.left / self.at_risk if self.at_risk else None


def leavers_page(visit: Visit) -> LeaversPage:
    edition, scope = visit.edition, visit.reach.scope

    def ask() -> Leavers:
        return leavers(edition.engine, as_of=edition.as_of, parameters=parameters(visit.settings), scope=scope)

    try:
        found = edition.kept(("leavers", scope), ask)
    except MissingData as error:
        return LeaversPage(None, missing=error.what)
    common = tuple(_common(visit, trait) for trait in found.told)
    return LeaversPage(found.since, found.at_risk, len(found.gone), found.value, common, found.gone[:SHOWN])


def _common(visit: Visit, trait: Trait) -> Common:
    if trait.fact in _OUR_WORDS:
        name = text(f"app.leavers.{trait.fact}.{trait.member}")
    else:
        of = telling.named("app.dimension.", trait.fact)
        name = f"{of}: {_rep(visit, trait.member) if trait.fact == 'rep' else trait.member}"
    return Common(name, trait.at_risk, trait.left, trait.share, trait.share_of_others, trait.value, trait.share > trait.share_of_others)


def _rep(visit: Visit, rep_id: str) -> str:
    def ask() -> dict[str, str]:
        rows = visit.edition.rows("select rep_id, coalesce(name, rep_id) as name from main.reps")
        return {row["rep_id"]: row["name"] for row in rows}

    return visit.edition.kept("names of reps", ask).get(rep_id, rep_id)


@page("leavers")
def leavers_view(visit: Visit, request: HttpRequest) -> LeaversPage:
    return leavers_page(visit)
