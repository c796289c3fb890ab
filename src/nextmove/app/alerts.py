"""Alerts within a person's reach: what changed, the largest first, each with the others of the same cause under it.

A representative is told of the own numbers and the own customers, a manager also of the own teams and their people; what is
told of the company, a region or a product counts what others sold, so only who sees everything is told of it. Alerts are grouped
anew within reach: one whose leader is out of reach leads itself.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from nextmove.app import formats, numbers, telling
from nextmove.app.roles import Role
from nextmove.app.visit import Visit
from nextmove.errors import OutOfScope
from nextmove.insights.changes.gate import Held
from nextmove.insights.changes.kin import stories
from nextmove.insights.changes.state import Told, from_table
from nextmove.kpis import Kpi
from nextmove.kpis.words import named
from nextmove.words import text

CLOSED_SINCE = dt.timedelta(days=91)
HALF = 0.5


@dataclass(frozen=True)
class Alert:
    """A change as its reader sees it: what moved, from what to what, worth how much, open or closed, and by what cause."""

    alert_id: str
    kpi: str
    name: str
    grain: str
    dimension: str
    member: str
    member_name: str
    rose: bool
    good: bool
    headline: str
    value: float
    expected: float
    low: float
    high: float
    value_told: str
    at_stake: float
    opened_on: dt.date
    closed_on: dt.date | None
    cause: str | None
    under_it: tuple[Alert, ...] = ()

    @property
    def since(self) -> str:
        opened = formats.day(self.opened_on)
        if self.closed_on is None:
            return text("app.changes.open_since", day=opened)
        return text("app.changes.closed_on", opened=opened, closed=formats.day(self.closed_on))


def published(visit: Visit) -> bool:
    """Whether this edition was watched at all."""
    return {"main.alerts", "main.alert_gate"} <= visit.edition.tables


def told_within_reach(visit: Visit) -> list[Told]:
    """All alerts of the edition that this person may read of, the largest first."""
    if not published(visit):
        return []
    edition = visit.edition
    every = edition.kept("alerts", lambda: from_table(edition.engine.query("select * from main.alerts order by at_stake desc, alert_id")))
    return [told for told in every if _within(visit, told)]


def held(visit: Visit) -> list[str]:
    """What of the last load looks late, short or odd, so that numbers from that day on were held back: in words."""
    if not published(visit):
        return []
    found = [Held(**row) for row in visit.edition.kept("alert gate", lambda: visit.edition.rows("select * from main.alert_gate"))]
    return [_held(one, counted=visit.reach.scope.everything) for one in found]


def _held(one: Held, *, counted: bool) -> str:
    """Rows are counted over the whole company, so only who sees all of it is told how many."""
    what = telling.named("app.table.", one.table.split(".")[-1])
    if not counted and one.reason != "late":
        return text("app.changes.held.odd_day", table=what, day=formats.day(one.day))
    counts = {"rows": formats.number(one.rows), "usual": formats.number(round(one.usual))}
    return text(f"app.changes.held.{one.reason}", table=what, day=formats.day(one.day), **counts)


def _within(visit: Visit, told: Told) -> bool:
    if told.kpi not in numbers.catalogue().kpis or not numbers.may_see(visit, numbers.catalogue().kpi(told.kpi)):
        return False
    return member_within_reach(visit, told.dimension, told.member)


def member_within_reach(visit: Visit, dimension: str, member: str) -> bool:
    """Whether all that is counted of a member is this person's to see."""
    reps = visit.reach.scope.reps
    if reps is None:
        return True
    match dimension:
        case "rep":
            return member in reps
        case "team":
            return visit.user.kind is Role.manager and member in visit.user.teams
        case "account":
            return member in own_accounts(visit)
        case _:
            return False


def own_accounts(visit: Visit) -> dict[str, str]:
    """Customer → representative, of the customers within reach."""
    ask = f"select account_id, rep_id from main.accounts where {visit.reach.sql('rep_id')}"
    return visit.edition.kept(("own accounts", visit.reach.scope), lambda: {r["account_id"]: r["rep_id"] for r in visit.edition.rows(ask)})


def told_called(visit: Visit, alert_id: str) -> Told:
    for told in told_within_reach(visit):
        if told.alert_id == alert_id:
            return told
    raise OutOfScope("There is no such change.")


def listed(visit: Visit, *, closed: bool) -> list[Alert]:
    """The first of each cause with the others under it; open ones, or those that closed in the last quarter."""
    wanted = [told for told in told_within_reach(visit) if _is_wanted(visit, told, closed=closed)]
    return [alert_of(visit, first, tuple(alert_of(visit, one) for one in rest)) for first, *rest in stories(wanted)]


def _is_wanted(visit: Visit, told: Told, *, closed: bool) -> bool:
    if told.closed_on is None:
        return not closed
    return closed and told.closed_on >= visit.edition.as_of - CLOSED_SINCE


def alert_of(visit: Visit, told: Told, under_it: tuple[Alert, ...] = ()) -> Alert:
    kpi = numbers.catalogue().kpi(told.kpi)
    rose = told.direction > 0
    value, expected, low, high = (_in_unit(visit, kpi, one) for one in (told.value, told.expected, told.low, told.high))
    told_as = f"app.changes.{'rose' if rose else 'fell'}.{'week' if told.grain == 'week' else 'month'}"
    return Alert(
        alert_id=told.alert_id, kpi=told.kpi, name=named(kpi), grain=told.grain, dimension=told.dimension, member=told.member,
        member_name=numbers.member_name(visit, told.dimension, told.member) if told.dimension else "", rose=rose, good=told.good,
        headline=text(told_as, value=value, expected=expected, low=low, high=high), value=told.value, expected=told.expected,
        low=told.low, high=told.high, value_told=value, at_stake=told.at_stake, opened_on=told.opened_on, closed_on=told.closed_on,
        cause=_cause(visit, told), under_it=under_it,
    )  # fmt: skip


def _in_unit(visit: Visit, kpi: Kpi, value: float) -> str:
    return telling.in_unit(value, kpi.entry.unit, currency=visit.currency, short=abs(value) >= 100_000)


def _cause(visit: Visit, told: Told) -> str | None:
    """The segment that makes most of the change, where it is another than the alert's own and within reach by name."""
    where = [part.partition("=") for part in told.cause.split(" & ")]
    apart = [(dimension, member) for dimension, equals, member in where if equals and (dimension, member) != (told.dimension, told.member)]
    if not apart or told.cause_share < HALF or not all(_may_name(visit, *one) for one in apart):
        return None
    places = ", ".join(f"{telling.named('app.dimension.', name)} {numbers.member_name(visit, name, member)}" for name, member in apart)
    return text("app.changes.cause", where=places, share=formats.percent(min(told.cause_share, 1.0), digits=0))


def _may_name(visit: Visit, dimension: str, member: str) -> bool:
    return dimension not in ("rep", "team", "account") or member_within_reach(visit, dimension, member)
