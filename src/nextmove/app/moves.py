"""Moves: the actions within a person's reach, as a page or the API tells them.

A day's list is short enough to be worked off: of each representative the best ones that nobody has put away. What was
decided stands in the journal, so it outlives the edition.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from nextmove.actions.journal import Journal, Standing
from nextmove.actions.listing import Action, action_called, list_actions
from nextmove.app import telling
from nextmove.app.visit import Visit
from nextmove.errors import OutOfScope, UnknownName
from nextmove.words import text

ICONS = {
    "silent_customer": "user-off",
    "declining_customer": "trending-down",
    "stopped_item": "package-off",
    "cross_sell": "sparkles",
    "reorder_due": "refresh",
    "margin_erosion": "coin",
    "price_gap": "coin",
    "lead_without_response": "user-question",
    "deal_without_activity": "briefcase",
    "deal_stuck": "hourglass",
}
METHOD_ICONS = {
    "call": "phone",
    "phone": "phone",
    "email": "mail",
    "visit": "walk",
    "meeting": "users",
    "video": "video",
    "message": "message",
}
_NOTHING_DECIDED = Journal(Path("nothing-decided"))  # a journal that does not exist
REVEALING_COST = frozenset({"margin_erosion"})


@dataclass(frozen=True)
class Move:
    """One action as its owner reads it."""

    key: str
    kind: str
    name: str
    icon: str
    title: str
    account_id: str | None
    product: str | None
    evidence: tuple[str, ...]
    next_step: str
    at_stake: Decimal
    expected_value: Decimal
    probability: float
    due_on: dt.date
    late: bool
    method: str
    method_icon: str
    rep_id: str | None
    rep: str | None
    standing: Standing | None

    @property
    def accepted(self) -> bool:
        return self.standing is not None and self.standing.decision.value == "accept"


def open_actions(visit: Visit, *, rep: str | None = None) -> list[Action]:
    """The actions of the day, best first: of each representative as many as a day holds."""
    if "main.actions" not in visit.edition.tables:
        return []
    most = visit.settings.actions.per_day
    found = list_actions(visit.edition.engine, visit.journal, scope=visit.reach.scope, day=visit.today, most=most, rep=rep)
    return [action for action in found if may_see(visit, action)]


def put_away(visit: Visit, *, rep: str | None = None, most: int = 30) -> list[Move]:
    """What was snoozed, dismissed or done of this edition's moves, the last first."""
    held = [each for each in visit.journal.standing().values() if each.hides(visit.today)]
    known = {action.action_key: action for action in every_action(visit)}
    latest = sorted((each for each in held if each.action_key in known), key=lambda each: each.at, reverse=True)
    found = [move_of(visit, known[each.action_key], each) for each in latest]
    return [move for move in found if rep is None or move.rep_id == rep][:most]


def every_action(visit: Visit) -> list[Action]:
    """All actions within reach, decided or not; the same for a whole edition."""
    engine, scope = visit.edition.engine, visit.reach.scope

    def ask() -> list[Action]:
        return list_actions(engine, _NOTHING_DECIDED, scope=scope, day=visit.edition.as_of, most=1_000_000)

    found = visit.edition.kept(("actions", scope), ask) if "main.actions" in visit.edition.tables else []
    return [action for action in found if may_see(visit, action)]


def moves_about(visit: Visit, account_id: str) -> list[Move]:
    """Open moves of one customer."""
    hidden = visit.journal.hidden(visit.today)
    standing = visit.journal.standing()
    mine = [action for action in every_action(visit) if action.account_id == account_id and action.action_key not in hidden]
    return [move_of(visit, action, standing.get(action.action_key)) for action in mine]


def action_within_reach(visit: Visit, key: str) -> Action:
    try:
        action = action_called(visit.edition.engine, visit.journal, key, scope=visit.reach.scope)
    except UnknownName:
        raise OutOfScope("There is no such move.") from None
    if action.action_key != key or not may_see(visit, action):
        raise OutOfScope("There is no such move.")
    return action


def may_see(visit: Visit, action: Action) -> bool:
    return not (visit.reach.hides_cost and action.kind in REVEALING_COST)


def move_of(visit: Visit, action: Action, standing: Standing | None = None) -> Move:
    lead = action.account_name or action.account_id or action.deal_name
    title = lead or text("app.move.lead", lead=action.lead_id or action.opportunity_id or "")
    product = action.product_name or action.product_id
    return Move(
        key=action.action_key,
        kind=action.kind,
        name=action.title,
        icon=ICONS.get(action.kind, "bulb"),
        title=title,
        account_id=action.account_id,
        product=product,
        evidence=tuple(telling.line(line.say, line.values, currency=visit.currency) for line in action.evidence),
        next_step=text(action.next_step, subject=title, product=product or ""),
        at_stake=action.at_stake,
        expected_value=action.expected_value,
        probability=action.probability,
        due_on=action.due_on,
        late=action.due_on < visit.today,
        method=telling.named("app.method.", action.contact_method),
        method_icon=METHOD_ICONS.get(action.contact_method, "message"),
        rep_id=action.rep_id,
        rep=action.rep_name or action.rep_id,
        standing=standing or action.standing,
    )
