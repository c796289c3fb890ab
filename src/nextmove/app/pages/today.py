"""Today: what to do now, best first, and where one stands. Each move is accepted, put off, dismissed or finished in place."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar, TypeVar

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_POST

from nextmove.actions.listing import Action
from nextmove.app import numbers
from nextmove.app.choices import OUTCOMES, REASONS, SNOOZE_DAYS
from nextmove.app.moves import Move, action_within_reach, move_of, open_actions, put_away
from nextmove.app.tiles import Tile, tiles
from nextmove.app.visit import Visit, page
from nextmove.errors import OutOfScope, UserError

T = TypeVar("T")
KPIS = ("net_sales", "gross_profit", "calls", "active_customers", "orders", "gross_margin", "average_order_value", "skus_per_customer")
TILES = 4
MOST = 20  # moves of many representatives on one page
VIEWS = ("open", "away")


@dataclass(frozen=True)
class Person:
    rep_id: str
    name: str


@dataclass(frozen=True)
class MoveList:
    """The list, as it stands after each decision."""

    template: ClassVar[str] = "parts/moves.html"
    view: str
    rep: str
    moves: tuple[Move, ...]
    found: int
    worth: Decimal
    shows_rep: bool
    toast: str | None = None
    undo: str | None = None
    reasons: tuple[str, ...] = REASONS
    outcomes: tuple[str, ...] = OUTCOMES
    snooze_days: tuple[int, ...] = SNOOZE_DAYS


@dataclass(frozen=True)
class TodayPage:
    template: ClassVar[str] = "today.html"
    day: dt.date
    tiles: tuple[Tile, ...]
    list: MoveList
    people: tuple[Person, ...]


def today_page(visit: Visit, *, view: str = "open", rep: str = "") -> TodayPage:
    shown = tiles(visit, _kpis(visit), grain="month", calendar="gregorian")
    return TodayPage(visit.today, shown, move_list(visit, view=view, rep=rep), people(visit))


def _kpis(visit: Visit) -> list[str]:
    """The first four that can be computed for this person."""
    within = {kpi.id: kpi for kpi in numbers.kpis_within_reach(visit)}
    return [name for name in KPIS if name in within and not numbers.lacking(visit, within[name])][:TILES]


def move_list(visit: Visit, *, view: str = "open", rep: str = "", toast: str | None = None, undo: str | None = None) -> MoveList:
    chosen = rep if rep in {person.rep_id for person in people(visit)} else ""
    shows_rep = visit.reach.sees_many and not chosen
    if view == "away":
        away = put_away(visit, rep=chosen or None)
        return MoveList("away", chosen, tuple(away), len(away), _worth(()), shows_rep, toast, undo)
    found = open_actions(visit, rep=chosen or None)
    shown = tuple(move_of(visit, action) for action in found[:MOST])
    return MoveList("open", chosen, shown, len(found), _worth(found), shows_rep, toast, undo)


def _worth(found: Sequence[Action]) -> Decimal:
    return sum((action.expected_value for action in found), Decimal(0))


def people(visit: Visit) -> tuple[Person, ...]:
    """The representatives whose lists one may look at, where there is more than one."""
    if not visit.reach.sees_many or "main.actions" not in visit.edition.tables:
        return ()
    sql = (
        "select distinct m.rep_id, coalesce(r.name, m.rep_id) as name"
        " from main.actions as m left join main.reps as r on r.rep_id = m.rep_id"
        f" where m.rep_id is not null and {visit.reach.sql('m.rep_id')} order by 2"
    )
    return visit.edition.kept(("people", visit.reach.scope), lambda: tuple(Person(**row) for row in visit.edition.rows(sql)))


@page("today")
def today(visit: Visit, request: HttpRequest) -> TodayPage | MoveList:
    view, rep = request.GET.get("view", "open"), request.GET.get("rep", "")
    if request.headers.get("HX-Target") == "moves":
        return move_list(visit, view=view, rep=rep)
    return today_page(visit, view=view, rep=rep)


def decide(visit: Visit, key: str, verb: str, *, days: int = 7, reason: str = "", outcome: str = "") -> None:
    """Write a decision into the journal; a move out of reach is not there."""
    action = action_within_reach(visit, key)
    journal, who, at = visit.journal, visit.user.username, timezone.now()
    match verb:
        case "accept":
            journal.accept(key, who=who, at=at, action=action.snapshot())
        case "snooze":
            until = visit.today + dt.timedelta(days=_one_of("days", days, SNOOZE_DAYS))
            journal.snooze(key, until=until, today=visit.today, who=who, at=at, action=action.snapshot())
        case "dismiss":
            journal.dismiss(key, reason=_one_of("reason", reason, REASONS), who=who, at=at, action=action.snapshot())
        case "done":
            journal.done(key, outcome=_one_of("outcome", outcome, OUTCOMES), who=who, at=at, action=action.snapshot())
        case "undo":
            journal.undo(key, who=who, at=at)
        case _:
            raise OutOfScope("There is no such decision.")


def _one_of(what: str, value: T, accepted: tuple[T, ...]) -> T:
    if value not in accepted:
        raise UserError(f"{value!r} is no {what}.", hint=", ".join(map(str, accepted)))
    return value


@page("today")
def move(visit: Visit, request: HttpRequest, key: str, verb: str) -> HttpResponse | MoveList:
    """A decision by button; answers with the list as it stands then."""
    form = request.POST
    decide(visit, key, verb, days=_number(form.get("days", "7")), reason=form.get("reason", ""), outcome=form.get("outcome", ""))
    undo = None if verb == "undo" else key
    listed = move_list(visit, view=form.get("view", "open"), rep=form.get("rep", ""), toast=f"app.move.toast.{verb}", undo=undo)
    return render(request, listed.template, {"page": listed})


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0


decide_view = require_POST(move)
