"""The goal wizard: what the company wants, two or three primary KPIs, at most five others, and what pulls against what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse

from nextmove.app import numbers
from nextmove.app.goals import computable, goals_now, selected
from nextmove.app.visit import Visit, page, shelf
from nextmove.errors import OutOfScope
from nextmove.kpis.goals import GOALS, Selection, check, suggested, warnings
from nextmove.kpis.words import named
from nextmove.words import text


@dataclass(frozen=True)
class Offer:
    """A goal that can be chosen."""

    goal: str
    name: str
    lead: str
    chosen: bool


@dataclass(frozen=True)
class Pick:
    """A KPI that can be put on the scorecard."""

    kpi: str
    name: str
    primary: bool
    secondary: bool
    needs: tuple[str, ...]


@dataclass(frozen=True)
class GoalsPage:
    template: ClassVar[str] = "goals.html"
    goal: str
    goals: tuple[Offer, ...]
    picks: tuple[Pick, ...]  # the goal's own KPIs and whatever is chosen
    others: tuple[Pick, ...]
    warnings: tuple[str, ...]
    fault: str | None
    saved: bool


def goals_page(visit: Visit, chosen: Selection | None = None, *, saved: bool = False) -> GoalsPage:
    chosen = chosen or _start(visit)
    catalogue = numbers.catalogue()
    own = {name for each in GOALS if each.id == chosen.goal for name in (*each.primary, *each.secondary)}
    picks = [_pick(visit, kpi.id, chosen) for kpi in numbers.kpis_within_reach(visit)]
    return GoalsPage(
        goal=chosen.goal,
        goals=tuple(Offer(each.id, each.name, text(f"goal.{each.id}.lead"), each.id == chosen.goal) for each in GOALS),
        picks=tuple(pick for pick in picks if pick.kpi in own or pick.primary or pick.secondary),
        others=tuple(pick for pick in picks if not (pick.kpi in own or pick.primary or pick.secondary)),
        warnings=tuple(warnings(chosen.all, catalogue)),
        fault=_fault(chosen),
        saved=saved,
    )


def _start(visit: Visit) -> Selection:
    """What is chosen; before anything is, the first goal with its own KPIs."""
    return selected() if goals_now().goal else suggested(GOALS[1].id, numbers.catalogue(), computable=computable(visit))


def _pick(visit: Visit, identifier: str, chosen: Selection) -> Pick:
    kpi = numbers.catalogue().kpi(identifier)
    return Pick(kpi.id, named(kpi), kpi.id in chosen.primary, kpi.id in chosen.secondary, numbers.lacking(visit, kpi))


def _fault(chosen: Selection) -> str | None:
    from nextmove.errors import UserError

    try:
        check(chosen, numbers.catalogue())
    except UserError as error:
        return error.what
    return None


def read(visit: Visit, values: QueryDict) -> Selection:
    """What the form says; another goal than before begins with that goal's own KPIs."""
    wanted = values.get("goal", "")
    if wanted != values.get("shown"):
        return suggested(wanted, numbers.catalogue(), computable=computable(visit))
    primary = tuple(values.getlist("primary"))
    return Selection(wanted, primary, tuple(name for name in values.getlist("secondary") if name not in primary))


def choose(visit: Visit, chosen: Selection) -> None:
    """Write the choice into the settings of the workspace, where the command line reads it too."""
    _allow(visit)
    check(chosen, numbers.catalogue())
    shelf().workspace.change_settings("goals", {"goal": chosen.goal, "primary": chosen.primary, "secondary": chosen.secondary})


def _allow(visit: Visit) -> None:
    if not visit.user.kind.may_open("goals"):
        raise OutOfScope("There is no such page.")


@page("goals")
def goals(visit: Visit, request: HttpRequest) -> GoalsPage | HttpResponse:
    if request.method == "POST":
        choose(visit, read(visit, request.POST))
        return HttpResponseRedirect(reverse("goals") + "?saved=1")
    asked = read(visit, request.GET) if request.GET.get("goal") else None
    return goals_page(visit, asked, saved=request.GET.get("saved") == "1")
