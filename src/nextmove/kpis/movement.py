"""How the open pipeline moved between two days: what came in, went up or down, was won or lost, and what slipped.

A deal is taken with the stage and amount that its history tells (`facts.deal_states`), so `opening` and `closing` are `pipeline_value` at
the ends of the days before `start` and before `end`, and `opening` plus every `change` is `closing` to the cent. A deal comes in with the
amount it had on its first day, and leaves with that of its last: one that was created and lost within the time is both new and lost. A
slipped deal was expected to close within the time and is still open: it moves no money. A deal that a company opens again was never
closed, since the state of today tells of no closing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from nextmove.engine import Engine, literal
from nextmove.errors import UnknownName, UserError
from nextmove.kpis.dimensions import UNKNOWN, dimension
from nextmove.kpis.query import no_rate
from nextmove.kpis.scope import EVERYTHING, Scope

KINDS = ("opening", "new", "up", "down", "won", "lost", "slipped", "closing")
CUT_BY = ("rep", "team", "region", "source")

# kind → (which deals, the money concerned, what it does to the pipeline)
_PARTS = {
    "opening": ("was_open", "first_amount", "null"),
    "new": ("not was_open", "first_amount", "first_amount"),
    "up": ("last_amount > first_amount", "last_amount - first_amount", "last_amount - first_amount"),
    "down": ("last_amount < first_amount", "first_amount - last_amount", "last_amount - first_amount"),
    "won": ("not is_open and status = 'won'", "last_amount", "-last_amount"),
    "lost": ("not is_open and status = 'lost'", "last_amount", "-last_amount"),
    "slipped": ("is_open and expected_close_on >= {start} and expected_close_on < {end}", "last_amount", "0"),
    "closing": ("is_open", "last_amount", "null"),
}


@dataclass(frozen=True)
class Moved:
    """One way of moving: how many deals, the money concerned, and what it adds to the pipeline (empty for what stood and stands)."""

    movement: str
    member: str | None
    deals: int
    amount: Decimal
    change: Decimal | None


def pipeline_movement(
    engine: Engine,
    *,
    start: dt.date,
    end: dt.date,
    as_of: dt.date,
    by: str | None = None,
    where: Sequence[tuple[str, str]] = (),
    scope: Scope = EVERYTHING,
) -> list[Moved]:
    """What moved the pipeline over `[start, end)`, as known at the end of `as_of`; every kind has a row where it is not cut."""
    end = min(end, as_of + dt.timedelta(days=1))
    if start >= end:
        raise UserError("The range is empty: its end is not after its start.", where=f"{start} to {end}")
    rows = engine.query(_sql(start, end, by=by, where=where, scope=scope)).to_pylist()
    unpriced = next((row["unpriced"] for row in rows if row["unpriced"]), None)
    if unpriced:
        raise no_rate(unpriced, f"the day on which a deal was created, before {end}")
    found = [_moved(row) for row in rows]
    return found if by else [next((each for each in found if each.movement == kind), _none(kind)) for kind in KINDS]


def _moved(row: dict[str, Any]) -> Moved:  # Any: a cell
    return Moved(row["movement"], row["member"], row["deals"], row["amount"], row["change"])


def _none(kind: str) -> Moved:
    stands = _PARTS[kind][2] == "null"
    return Moved(kind, None, 0, Decimal(0), None if stands else Decimal(0))


def _sql(start: dt.date, end: dt.date, *, by: str | None, where: Sequence[tuple[str, str]], scope: Scope) -> str:
    days = {"start": literal(start), "end": literal(end)}
    member = f"coalesce({_column(by)}, {literal(UNKNOWN)})" if by else "cast(null as varchar)"
    limits = [f"coalesce({_column(name)}, {literal(UNKNOWN)}) = {literal(value)}" for name, value in where]
    if scope.reps is not None:
        limits.append(f"rep_id in ({', '.join(literal(rep) for rep in sorted(scope.reps))})" if scope.reps else "false")
    parts = "\n    union all\n    ".join(
        f"select {n} as place, {literal(kind)} as movement, member, {money} as amount, {change} as change, unpriced"
        f" from moved where {which.format(**days)}"
        for n, (kind, (which, money, change)) in enumerate(_PARTS.items())
    )
    return f"""with states as (
    select opportunity_id, {member} as member, day, left_on, coalesce(amount, 0) as amount, unpriced, expected_close_on,
        row_number() over (partition by opportunity_id order by day) as place,
        row_number() over (partition by opportunity_id order by day desc) as from_last
    from facts.deal_states
    where day < {days["end"]} and (left_on is null or left_on >= {days["start"]}){"".join(f" and {limit}" for limit in limits)}
),
moved as (
    select state.opportunity_id, state.member, deal.status, max(state.unpriced) as unpriced,
        max(state.expected_close_on) as expected_close_on,
        max(case when state.place = 1 then state.amount end) as first_amount,
        max(case when state.from_last = 1 then state.amount end) as last_amount,
        max(case when state.day < {days["start"]} then 1 else 0 end) = 1 as was_open,
        max(case when state.left_on is null or state.left_on >= {days["end"]} then 1 else 0 end) = 1 as is_open
    from states as state
    join facts.deals as deal on deal.opportunity_id = state.opportunity_id
    group by state.opportunity_id, state.member, deal.status
)
select movement, member, count(*) as deals, sum(amount) as amount, sum(change) as change, max(unpriced) as unpriced
from (
    {parts}
) as parts
group by place, movement, member
order by member, place"""


def _column(name: str) -> str:
    if name not in CUT_BY:
        raise UnknownName("dimension of the pipeline", name, CUT_BY)
    return dimension(name).column
