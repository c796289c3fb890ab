"""What customers who left in the last year have in common, beside those who could have left and stayed.

At risk is whoever had bought within the churn window when the year began; left is whose last purchase then turned older than the window
(the definition of `churned_customers`). All traits are those of the day on which the year began, so that whoever stayed has not had more
time to come by them. A trait is told where those who have it left more (or less) often than those who have not, beyond
chance over all traits together, and often enough to matter. It is what they have in common, not proof of why they left.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from nextmove.engine import Engine, literal
from nextmove.errors import MissingData
from nextmove.facts import fill
from nextmove.insights.questions.chance import LEAST, Flags, Numbers, shares_differ, told
from nextmove.kpis.scope import EVERYTHING, Scope

YEAR_DAYS = 365
LEAST_LIFT = 1.25
FACTS = (
    *("segment", "industry", "company_size", "region", "channel", "rep", "category"),
    *("tenure", "breadth", "orders", "returned", "late_delivery", "rep_changed", "contacts"),
)
_QUERY = Path(__file__).with_suffix(".sql")


@dataclass(frozen=True)
class Trait:
    """Those with one trait: how many were at risk and left, what the leavers bought in a year, and which share of the others left."""

    fact: str
    member: str
    at_risk: int
    left: int
    value: float
    share_of_others: float
    differs: bool = False

    @property
    def share(self) -> float:
        return self.left / self.at_risk

    @property
    def lift(self) -> float | None:
        return self.share / self.share_of_others if self.share_of_others else None


@dataclass(frozen=True)
class Leaver:
    account_id: str
    name: str | None
    rep_id: str | None
    departed_on: dt.date
    last_day: dt.date
    value: float


@dataclass(frozen=True)
class Leavers:
    """Who left since a day, the dearest first, and what they have in common, the most telling first."""

    since: dt.date
    as_of: dt.date
    at_risk: int
    value: float
    gone: tuple[Leaver, ...]
    traits: tuple[Trait, ...]

    @property
    def told(self) -> tuple[Trait, ...]:
        return tuple(trait for trait in self.traits if trait.differs)


def leavers(
    engine: Engine, *, as_of: dt.date, parameters: Mapping[str, str], scope: Scope = EVERYTHING, year_days: int = YEAR_DAYS
) -> Leavers:
    """Look at the customers within scope, as of the end of a day; `parameters` are those of facts (the churn window)."""
    since = as_of - dt.timedelta(days=year_days - 1)
    rows = engine.query(_sql(since, as_of, parameters, scope))
    if not rows.num_rows:
        raise MissingData("No customer had bought before the last year.", where=f"order_lines up to {since}", hint="nextmove load FILE")
    left, value = rows["left_us"].to_numpy().astype(bool), rows["year_net"].to_numpy().astype(np.float64)
    gone = sorted(_gone(rows), key=lambda each: (-each.value, each.account_id))
    return Leavers(since, as_of, len(left), float(value[left].sum()), tuple(gone), tuple(_traits(rows, left, value)))


def _sql(since: dt.date, as_of: dt.date, parameters: Mapping[str, str], scope: Scope) -> str:
    values = {**parameters, "since": literal(since), "seen": literal(as_of + dt.timedelta(days=1))}
    limit = "" if scope.reps is None else f" where rep_id in ({', '.join(map(literal, sorted(scope.reps))) or 'null'})"
    return f"select * from (\n{fill(_QUERY.read_text(encoding='utf-8'), values)}\n) as customers{limit} order by account_id"


def _gone(rows: pa.Table) -> Iterable[Leaver]:
    for row in rows.filter(rows["left_us"]).select(["account_id", "name", "rep_id", "departed_on", "last_day", "year_net"]).to_pylist():
        yield Leaver(row["account_id"], row["name"], row["rep_id"], row["departed_on"], row["last_day"], row["year_net"])


def _traits(rows: pa.Table, left: Flags, value: Numbers) -> list[Trait]:
    found = [trait for fact in FACTS for trait in _of_fact(fact, rows[fact], left, value)]
    tests = [shares_differ(each.left, each.at_risk, *_others(each, left)) for each in found]
    sure = told(tests)
    judged = [replace(each, differs=certain and _matters(each)) for each, certain in zip(found, sure, strict=True)]
    order = sorted(range(len(judged)), key=lambda n: (not judged[n].differs, tests[n], judged[n].fact, judged[n].member))
    return [judged[n] for n in order]


def _others(trait: Trait, left: Flags) -> tuple[int, int]:
    return int(left.sum()) - trait.left, len(left) - trait.at_risk


def _matters(trait: Trait) -> bool:
    return trait.lift is None or trait.lift >= LEAST_LIFT or trait.lift <= 1 / LEAST_LIFT


def _of_fact(fact: str, column: pa.ChunkedArray, left: Flags, value: Numbers) -> Iterable[Trait]:
    """The members of one fact that enough customers have, and enough have not."""
    coded = column.combine_chunks().dictionary_encode()
    codes = np.asarray(coded.indices.fill_null(-1))
    for code, member in enumerate(coded.dictionary.to_pylist()):
        there, others = codes == code, (codes != code) & (codes >= 0)
        if min(there.sum(), others.sum()) < LEAST:
            continue
        lost = float(value[there & left].sum())
        yield Trait(fact, member, int(there.sum()), int((there & left).sum()), lost, float(left[others].mean()))
