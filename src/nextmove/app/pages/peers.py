"""Which representatives differ from their peers beyond chance, on what, and what to talk about with them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from django.http import HttpRequest

from nextmove.app import formats, telling
from nextmove.app.visit import Visit, page
from nextmove.insights.questions import Peer, Peers, peers
from nextmove.words import has, text


@dataclass(frozen=True)
class Difference:
    """One thing on which a representative differs, written for the reader; `better` is None where neither way is."""

    measure: str
    name: str
    value: str
    peers: str
    things: int
    better: bool | None
    advice: str | None


@dataclass(frozen=True)
class Representative:
    rep_id: str
    name: str
    differences: tuple[Difference, ...]


@dataclass(frozen=True)
class PeersPage:
    template: ClassVar[str] = "peers.html"
    since: dt.date
    representatives: tuple[Representative, ...]
    compared: int


def peers_page(visit: Visit) -> PeersPage:
    key = ("peers", visit.reach.scope)
    found = visit.edition.kept(key, lambda: peers(visit.edition.engine, as_of=visit.edition.as_of, scope=visit.reach.scope))
    names = {
        row["rep_id"]: row["name"] for row in visit.edition.rows(f"select rep_id, name from main.reps where {visit.reach.sql('rep_id')}")
    }
    told = [each for each in found.told if not (visit.reach.hides_cost and each.measure == "margin")]
    by_rep: dict[str, list[Peer]] = {}
    for each in told:
        by_rep.setdefault(each.rep_id, []).append(each)
    shown = tuple(Representative(rep, names.get(rep) or rep, tuple(_differences(visit, own))) for rep, own in by_rep.items())
    return PeersPage(found.since, shown, _compared(found))


def _compared(found: Peers) -> int:
    return len({each.rep_id for each in found.found})


def _differences(visit: Visit, own: Sequence[Peer]) -> Iterable[Difference]:
    """What to talk about is said once a measure, of all methods or categories that differ."""
    weak: dict[str, list[str]] = {}
    for each in own:
        if not each.better:
            weak.setdefault(each.measure, []).append(_named(each))
    for each in own:
        value, others = (_told(visit, each.unit, number) for number in (each.value, each.peers))
        name = text(f"app.peers.measure.{each.measure}", of=_named(each))
        advice, all_weak = f"app.peers.advice.{each.measure}", weak.pop(each.measure, []) if not each.better else []
        shown = text(advice, of=" / ".join(all_weak)) if all_weak and has(advice) else None
        yield Difference(each.measure, name, value, others, each.things, each.better, shown)


def _named(peer: Peer) -> str:
    """The method, in the reader's words, or the category; empty for a measure that has neither."""
    return telling.named("app.method.", peer.of) if peer.measure == "method" else peer.of


def _told(visit: Visit, unit: str, value: float) -> str:
    match unit:
        case "share":
            return formats.percent(value, digits=0 if abs(value) >= 0.2 else 1)
        case "money":
            return formats.money(value, visit.currency, short=True)
        case "hours":
            return text("app.peers.hours", hours=formats.number(value, digits=1))
        case _:
            return formats.number(value, digits=1)


@page("peers")
def peers_view(visit: Visit, request: HttpRequest) -> PeersPage:
    return peers_page(visit)
