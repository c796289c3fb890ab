"""The order lines of two spans: what bridges, segments and names are computed from.

One scan reads only the two spans (facts are stored by day), with all dimensions, and everything is added up from it: reading a line
costs a fifth of grouping it by nine names, and lines that are added in their order give the same floats each time. The rows of the
base are scaled by one factor where the base is not a period itself (an expectation, a target), so that what is explained is the whole
difference. Lines in another currency than the company's keep their amount in it, for the effect of the rate of exchange.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nextmove.engine import Engine, literal, name
from nextmove.errors import MissingData
from nextmove.insights.explain.bridge import STATES, Items, Side
from nextmove.insights.explain.compare import Comparison, Span, Where
from nextmove.insights.explain.giants import giant_orders
from nextmove.insights.explain.ground import columns_of, has_table
from nextmove.insights.explain.root_cause import Coded

if TYPE_CHECKING:
    import pyarrow as pa

Numbers = NDArray[np.float64]
Pair = tuple[Numbers, Numbers]  # now, before

_OWN_NAME = ("team", "region", "country", "channel", "segment", "industry", "category", "brand", "contact_method", "initiative")
COLUMNS = {"rep": "rep_id", "account": "account_id", "product": "product_id", "campaign": "campaign_id"} | {own: own for own in _OWN_NAME}
CUTS = ("account", "product", "rep", "region", "channel", "segment", "category", "brand", "contact_method")
UNKNOWN = "(unknown)"


@dataclass(frozen=True)
class Lines:
    """One row a line: its members, and net (also in its currency), cost and quantity now and before."""

    members: dict[str, Coded]
    net: Pair
    own: Pair  # net in the currency of the lines
    cost: Pair
    quantity: Pair

    def scaled(self, factor: float) -> Lines:
        """With the base brought to another level."""
        net, own, cost, quantity = ((column[0], column[1] * factor) for column in (self.net, self.own, self.cost, self.quantity))
        return Lines(self.members, net, own, cost, quantity)

    def by(self, cut: str, values: Numbers) -> dict[str, float]:
        coded = self.members[cut]
        return dict(zip(coded.names, np.bincount(coded.row, values, len(coded.names)).tolist(), strict=True))


def read_lines(engine: Engine, comparison: Comparison, *, costed: bool = False) -> Lines:
    """The lines of both spans; with `costed`, those with a known cost only (gross profit)."""
    now = comparison.now
    there = columns_of(engine, "facts.sales")
    cuts = {cut: name(COLUMNS[cut]) for cut in CUTS if COLUMNS[cut] in there} | {c: c for c in ("currency",) if c in there}
    keys = ", ".join(f"cast({column} as varchar) as {name(cut)}" for cut, column in cuts.items())
    amounts = {"net": "net", "own": "coalesce(own_net, net)" if "own_net" in there else "net", "cost": "cost", "quantity": "quantity"}
    read = ", ".join(f"cast({column} as double) as {amount}_" for amount, column in amounts.items())
    rows = engine.query(
        f"select {keys}, {_within(now)} as is_now, {read} from facts.sales where ({_within(now)} or {_usual(engine, comparison)}) "
        f"{conditions(comparison.where)}{' and cost is not null' if costed else ''}"
    )
    is_now = np.asarray(rows["is_now"].to_numpy(zero_copy_only=False), dtype=bool)
    net, own, cost, quantity = (_pair(floats(rows[f"{amount}_"]), is_now) for amount in amounts)
    return Lines({cut: coded_column(rows[cut]) for cut in cuts}, net, own, cost, quantity)


def _pair(values: Numbers, is_now: NDArray[np.bool_]) -> Pair:
    return np.where(is_now, values, 0.0), np.where(is_now, 0.0, values)


def numbered(codes: Sequence[NDArray[np.int64]], sizes: Sequence[int]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The combinations of several columns: of each its first row, and of each row its combination; in the order in which they come."""
    import pyarrow as pa

    code = np.zeros(len(codes[0]), np.int64)
    for column, size in zip(codes, sizes, strict=True):
        code = code * size + column
    encoded = pa.array(code).dictionary_encode()
    row = np.asarray(encoded.indices.to_numpy(), dtype=np.int64)
    first = np.full(len(encoded.dictionary), len(code), np.int64)
    first[row[::-1]] = np.arange(len(code) - 1, -1, -1)
    return first, row


def states(engine: Engine, lines: Lines, comparison: Comparison) -> NDArray[np.int64]:
    """What each row's customer is between the two spans: kept, new, returning or lost (positions in STATES)."""
    names, row = np.asarray(lines.members["account"].names, dtype=str), lines.members["account"].row
    bought_now, bought_before = (np.bincount(row, np.abs(lines.net[side]), len(names)) > 0 for side in (0, 1))
    new = np.isin(names, list(_first_bought_in(engine, comparison.now)))
    state = np.where(bought_now & bought_before, 0, np.where(bought_before, 3, np.where(new, 1, 2)))
    state[names == UNKNOWN] = 0
    assert STATES == ("kept", "new", "returning", "lost")
    return np.asarray(state[row], dtype=np.int64)


def items(lines: Lines, state: NDArray[np.int64], *, profit: bool) -> Items:
    """Each product of the customers of each state, in each currency, both spans: so a customer who buys something else is mix, not a
    lost price."""
    keys = [lines.members[cut] for cut in ("product", "currency") if cut in lines.members]
    first, row = numbered([state, *(key.row for key in keys)], [len(STATES), *(len(key.names) for key in keys)])

    def side(at: int) -> Side:
        columns = (lines.net, lines.own, lines.cost, lines.quantity)
        net, own, cost, quantity = (np.bincount(row, column[at]).astype(float) for column in columns)
        return Side(quantity, own, net, cost if profit else np.zeros_like(cost))

    return Items(state[first], before=side(1), after=side(0))


def _first_bought_in(engine: Engine, span: Span) -> set[str]:
    """The customers whose first purchase ever lies in the span."""
    within = _within(span)
    if has_table(engine, "facts.purchase_ends"):
        sql = f"select distinct account_id from facts.purchase_ends where previous_day is null and {within}"
    else:
        sql = f"select account_id from facts.sales where is_purchase group by account_id having min(day) >= {literal(span.start)}"
        sql = f"select account_id from ({sql}) where account_id in (select account_id from facts.sales where is_purchase and {within})"
    return set(engine.query(sql)["account_id"].to_pylist())


def _within(span: Span) -> str:
    return f"(day >= {literal(span.start)} and day < {literal(span.end)})"


def _usual(engine: Engine, comparison: Comparison) -> str:
    """The lines of the earlier span; of an expectation without the giant orders, for it is a median that does not expect them again."""
    giants = giant_orders(engine, as_of=comparison.before.end) if comparison.versus == "expected" else ()
    return _within(comparison.before) + (f" and order_id not in ({', '.join(map(literal, giants))})" if giants else "")


def conditions(where: Where) -> str:
    parts = []
    for dimension, member in where:
        if dimension not in COLUMNS:
            raise MissingData(f"Order lines have no {dimension}.", where=f"--where {dimension}={member}", hint=", ".join(COLUMNS))
        parts.append(f" and coalesce(cast({name(COLUMNS[dimension])} as varchar), '{UNKNOWN}') = {literal(member)}")
    return "".join(parts)


def coded_column(column: pa.ChunkedArray) -> Coded:
    import pyarrow as pa

    encoded = column.cast(pa.string()).combine_chunks().fill_null(UNKNOWN).dictionary_encode()
    return Coded(tuple(encoded.dictionary.to_pylist()), np.asarray(encoded.indices.to_numpy(), dtype=np.int64))


def floats(column: pa.ChunkedArray) -> Numbers:
    import pyarrow as pa

    values: Numbers = np.asarray(column.cast(pa.float64()).to_numpy(), dtype=float)
    return np.asarray(np.nan_to_num(values), dtype=float)
