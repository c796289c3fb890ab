"""Why a KPI moved, to the reader that asks: `nextmove.insights.explain` within their reach.

Who does not see everything is told of the own representative or team only: an explanation is asked with that as a condition, and
what it would say of others (whose customer this was, in which deals a competitor was named) is left out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from urllib.parse import urlencode

from django.urls import reverse

from nextmove.app import numbers, telling
from nextmove.app.alerts import member_within_reach, own_accounts
from nextmove.app.visit import Visit
from nextmove.errors import MissingData, OutOfScope
from nextmove.insights.explain.compare import Asked
from nextmove.insights.explain.members import REST
from nextmove.insights.explain.story import Story, tell
from nextmove.insights.explain.tables import tables
from nextmove.insights.explain.why import Explanation, explain
from nextmove.kpis import Kpi

Where = tuple[tuple[str, str], ...]
OF_OTHERS = ("rep_changed", "competitor_named")  # events that are counted past the reach
IN_MONEY = ("action", "won_value", "deal", "order_line")  # whatever the KPI counts
BY_NAME = ("customer", "product", "rep")  # told by what they are worth
SHOWN = 8  # rows of a table


@dataclass(frozen=True)
class Part:
    """A row of a table: a part of the change with what it added."""

    label: str
    effect: str
    mix: str | None
    width: int
    adds: bool


@dataclass(frozen=True)
class Table:
    """Parts of one kind: actions, of the bridge, of the KPI tree, members, segments, customers, products, representatives, deals, lines."""

    kind: str
    dimension: str
    parts: tuple[Part, ...]


def narrowed(visit: Visit, kpi: Kpi, where: Where) -> Where:
    """`where`, within reach: with the own representative or team added where it does not say so itself."""
    own = within(visit, kpi, where)
    if own is None:
        raise OutOfScope("There is nothing of one's own to explain.")
    return own


def within(visit: Visit, kpi: Kpi, where: Where) -> Where | None:
    """The same; None where the KPI is not told by what is one's own."""
    reps = visit.reach.scope.reps
    if reps is None or any(dimension in ("rep", "team") and member_within_reach(visit, dimension, member) for dimension, member in where):
        return where
    own = _own(visit, dict(where))
    return None if own is None or own[0] not in kpi.entry.cut_by else (own, *where)


def _own(visit: Visit, where: dict[str, str]) -> tuple[str, str] | None:
    if visit.reach.own:
        return visit.reach.own
    if "account" in where:
        rep = own_accounts(visit).get(where["account"])
        return ("rep", rep) if rep else None
    return ("team", visit.user.teams[0]) if visit.user.teams else None


def asked_of(visit: Visit, kpi: Kpi, where: Where) -> Asked:
    return Asked(visit.edition.engine, numbers.catalogue(), visit.settings, visit.edition.as_of, kpi.id, where)


def explained(visit: Visit, asked: Asked, *, period: str, versus: str) -> Explanation:
    """The explanation, asked once per edition; without what it says of others."""
    key = ("explained", asked.kpi, asked.where, period, versus)
    found = visit.edition.kept(key, lambda: explain(asked, period=period, versus=versus))
    if visit.reach.scope.everything:
        return found
    return replace(found, events=tuple(event for event in found.events if event.kind not in OF_OTHERS))


def tables_of(visit: Visit, asked: Asked, found: Explanation) -> tuple[Table, ...]:
    """The tables behind the story whose parts add up to the change; the longest ones cut short."""
    grouped: dict[tuple[str, str], list[dict[str, object]]] = {}
    for row in tables(asked, found):
        kind = str(row["table"])
        if kind not in ("line", "change", "event") and (row["effect"] or row["mix"]):
            grouped.setdefault((kind, str(row["name"]) if kind == "member" else ""), []).append(dict(row))
    return tuple(_table(visit, found, kind, dimension, rows) for (kind, dimension), rows in grouped.items())


def _table(visit: Visit, found: Explanation, kind: str, dimension: str, rows: list[dict[str, object]]) -> Table:
    largest = max((abs(_number(row["effect"])) for row in rows), default=0.0) or 1.0
    unit = "money" if kind in IN_MONEY else found.worth if kind in BY_NAME else found.unit
    return Table(kind, dimension, tuple(_part(visit, unit, row, largest) for row in (rows if kind == "bridge" else rows[:SHOWN])))


def _part(visit: Visit, unit: str, row: dict[str, object], largest: float) -> Part:
    effect, mix = _number(row["effect"]), row["mix"]
    return Part(
        label=_label(visit, row),
        effect=telling.signed_in_unit(effect, unit, currency=visit.currency),
        mix=telling.signed_in_unit(_number(mix), unit, currency=visit.currency) if mix else None,
        width=round(100 * abs(effect) / largest),
        adds=effect >= 0,
    )


def _label(visit: Visit, row: dict[str, object]) -> str:
    if row["table"] == "segment" or (row["table"] == "member" and row["member"] != REST):
        names, members = str(row["name"]).split(" & "), str(row["member"]).split(" & ")
        if len(names) == len(members):  # else a name has the sign between names in it
            return ", ".join(numbers.member_name(visit, name, member) for name, member in zip(names, members, strict=True))
    return str(row["label"] or row["member"])


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float, Decimal)) else 0.0


def answering(visit: Visit, where: Where) -> str | None:
    """Where the moves are that answer a change: at the customer, else in the list of the representative or of all."""
    named = dict(where)
    if "account" in named:
        return reverse("customer", args=[named["account"]])
    if not visit.user.kind.may_open("today"):
        return None
    return reverse("today") + (f"?{urlencode({'rep': named['rep']})}" if "rep" in named and visit.reach.sees_many else "")


def story_or_nothing(visit: Visit, kpi: Kpi, where: Where, *, period: str, versus: str) -> tuple[Explanation, Story] | None:
    """None where the numbers do not let the question be answered."""
    try:
        asked = asked_of(visit, kpi, narrowed(visit, kpi, where))
        found = explained(visit, asked, period=period, versus=versus)
    except (MissingData, OutOfScope):
        return None
    return (found, tell(asked, found)) if found.comparison.change is not None else None
