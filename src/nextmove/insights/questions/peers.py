"""Which representatives differ from their peers beyond chance, on what, and what to coach.

Each measure is told of things one by one (a deal was won or not, an order had such a discount, a week had so many calls), so the
representative's things are held against those of all peers by ranks: no shape is assumed, and few things are told as few. Told is what
chance does not explain, over all representatives and measures together, and what is large enough to matter.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from nextmove.engine import Engine, literal
from nextmove.facts import fill
from nextmove.insights.questions.chance import LEAST, Numbers, ranks_differ, told
from nextmove.kpis.scope import EVERYTHING, Scope

LATELY_DAYS = 182
LEAST_DIFFERENCE = 0.10  # of the peers' value: smaller is not worth a talk
_QUERY = Path(__file__).with_suffix(".sql")

# Measure → whether higher is better (None: neither), and whether its value is told as a median, a mean or a share.
MEASURES: dict[str, tuple[bool | None, str]] = {
    "win_rate": (True, "share"),
    "deal_size": (True, "money"),
    "response_hours": (False, "hours"),
    "discount": (False, "share"),
    "margin": (True, "share"),
    "order_size": (True, "money"),
    "products": (True, "count"),
    "calls": (True, "count"),
    "method": (None, "share"),
    "category": (True, "share"),
}
_MEDIANS = ("response_hours", "deal_size", "order_size")


@dataclass(frozen=True)
class Peer:
    """One measure of one representative beside the peers; `of` names the method or category where the measure has one."""

    rep_id: str
    measure: str
    of: str
    value: float
    peers: float
    things: int
    differs: bool
    better: bool | None

    @property
    def unit(self) -> str:
        return MEASURES[self.measure][1]


@dataclass(frozen=True)
class Peers:
    """All measures of all representatives within scope, since a day; those that differ come first, the worst first."""

    since: dt.date
    as_of: dt.date
    found: tuple[Peer, ...]

    @property
    def told(self) -> tuple[Peer, ...]:
        return tuple(each for each in self.found if each.differs)


def peers(engine: Engine, *, as_of: dt.date, scope: Scope = EVERYTHING, lately_days: int = LATELY_DAYS) -> Peers:
    """Compare the representatives within scope with each other, as of the end of a day."""
    since = as_of - dt.timedelta(days=lately_days - 1)
    values = {"first": literal(since), "seen": literal(as_of + dt.timedelta(days=1))}
    limit = "" if scope.reps is None else f" and rep_id in ({', '.join(map(literal, sorted(scope.reps))) or 'null'})"
    query = fill(_QUERY.read_text(encoding="utf-8"), values)
    rows = engine.query(
        f"select * from (\n{query}\n) as things where rep_id is not null and value is not null{limit} order by measure, rep_id"
    )
    tested = [each for measure in pa.compute.unique(rows["measure"]).to_pylist() for each in _compared(rows, measure)]
    sure = told([p for _, p in tested])
    found = [_judged(peer, certain) for (peer, _), certain in zip(tested, sure, strict=True)]
    return Peers(since, as_of, tuple(sorted(found, key=_weight)))


def _compared(rows: pa.Table, measure: str) -> Iterable[tuple[Peer, float]]:
    own = rows.filter(pa.compute.equal(rows["measure"], measure))
    coded = own["rep_id"].combine_chunks().dictionary_encode()
    who, value = coded.indices.to_numpy(), own["value"].to_numpy()
    name, _, of = measure.partition(" ")
    for code, rep in enumerate(coded.dictionary.to_pylist()):
        mine, others = value[who == code], value[who != code]
        if min(len(mine), len(others)) < LEAST:
            continue
        peer = Peer(rep, name, of, _usual(name, mine), _usual(name, others), len(mine), differs=False, better=None)
        yield peer, ranks_differ(mine, others)


def _usual(measure: str, values: Numbers) -> float:
    return float(np.median(values) if measure in _MEDIANS else np.mean(values))


def _judged(peer: Peer, certain: bool) -> Peer:
    apart = peer.value - peer.peers
    large = abs(apart) >= LEAST_DIFFERENCE * max(abs(peer.peers), 1e-9)
    higher = MEASURES[peer.measure][0]
    better = None if higher is None else (apart > 0) == higher
    return Peer(peer.rep_id, peer.measure, peer.of, peer.value, peer.peers, peer.things, certain and large, better)


def _weight(peer: Peer) -> tuple[bool, bool, float, str, str, str]:
    apart = abs(peer.value - peer.peers) / max(abs(peer.peers), 1e-9)
    return (not peer.differs, peer.better is not False, -apart, peer.rep_id, peer.measure, peer.of)
