"""The order lines of two spans: what bridges, segments and names are computed from.

One scan reads only the two spans (facts are stored by day), with all dimensions, and everything is added up from it: reading a line
costs a fifth of grouping it by nine names, and lines that are added in their order give the same floats each time. Dimensions of few
members come as numbers, for the database finds a name's place once for each name that it keeps, not once for each line. The rows of the
base are scaled by one factor where the base is not a period itself (an expectation, a target), so that what is explained is the whole
difference. Lines in another currency than the company's keep their amount in it, for the effect of the rate of exchange.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nextmove.engine import Engine, literal, name
from nextmove.errors import MissingData
from nextmove.insights.explain.bridge import STATES, Items, Side
from nextmove.insights.explain.compare import Asked, Comparison, Span, Where
from nextmove.insights.explain.giants import giant_orders
from nextmove.insights.explain.ground import columns_of, has_table, members_of
from nextmove.insights.explain.root_cause import Coded

if TYPE_CHECKING:
    import pyarrow as pa

Numbers = NDArray[np.float64]
Pair = tuple[Numbers, Numbers]  # now, before

_OWN_NAME = ("team", "region", "country", "channel", "segment", "industry", "category", "brand", "contact_method", "initiative")
COLUMNS = {"rep": "rep_id", "account": "account_id", "product": "product_id", "campaign": "campaign_id"} | {own: own for own in _OWN_NAME}
CUTS = ("account", "product", "rep", "region", "channel", "segment", "category", "brand", "contact_method")
FINE = ("account", "product")  # too many members to be combined with others
UNKNOWN = "(unknown)"
READERS = 2
WIDEST = 2**62  # combinations that a number can tell apart


@dataclass(frozen=True)
class Lines:
    """One row a line: its members, those of before first; and net (also in its currency), cost and quantity of the lines of each span."""

    members: dict[str, Coded]
    net: Pair
    own: Pair  # net in the currency of the lines
    cost: Pair
    quantity: Pair

    def scaled(self, factor: float) -> Lines:
        """With the base brought to another level."""
        net, cost, quantity = ((column[0], column[1] * factor) for column in (self.net, self.cost, self.quantity))
        own = net if self.own is self.net else (self.own[0], self.own[1] * factor)
        return Lines(self.members, net, own, cost, quantity)

    @cached_property
    def leaves(self) -> dict[str, Coded]:
        """The combinations of all dimensions but FINE: one row each."""
        first = self._leaf[0]
        return {cut: Coded(self.members[cut].names, self.members[cut].row[first]) for cut in self._coarse}

    def of_span(self, row: NDArray[np.int64], at: int) -> NDArray[np.int64]:
        """What stands at the lines of now (0) or before (1)."""
        before = len(self.net[1])
        return row[:before] if at else row[before:]

    def totals(self, cut: str, values: Pair) -> tuple[Numbers, Numbers]:
        """Values of lines, added up by member, now and before."""
        coded = self.members[cut]
        now, before = (np.bincount(self.of_span(coded.row, at), values[at], len(coded.names)).astype(float) for at in (0, 1))
        return now, before

    def folded(self, values: Pair) -> tuple[Numbers, Numbers]:
        """Values of lines, added up to leaves, now and before."""
        first, leaf = self._leaf
        now, before = (np.bincount(self.of_span(leaf, at), values[at], len(first)).astype(float) for at in (0, 1))
        return now, before

    def by(self, cut: str, folded: Numbers) -> dict[str, float]:
        """Values of leaves, added up by the members that there are."""
        coded = self.leaves[cut]
        total = np.bincount(coded.row, folded, len(coded.names)).tolist()
        return {coded.names[at]: total[at] for at in self._there[cut]}

    @cached_property
    def _there(self) -> dict[str, list[int]]:
        """Of each dimension the places of the members that there are."""
        return {cut: np.flatnonzero(np.bincount(coded.row, minlength=len(coded.names))).tolist() for cut, coded in self.leaves.items()}

    @property
    def _coarse(self) -> list[str]:
        return [cut for cut in CUTS if cut in self.members and cut not in FINE]

    @cached_property
    def _leaf(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        columns = [self.members[cut] for cut in self._coarse]
        if not columns:
            count = len(self.net[0]) + len(self.net[1])
            return np.zeros(min(count, 1), np.int64), np.zeros(count, np.int64)
        return numbered([column.row for column in columns], [len(column.names) for column in columns])


def read_lines(asked: Asked, comparison: Comparison, *, costed: bool = False) -> Lines:
    """The lines of both spans; with `costed`, those with a known cost only (gross profit), and their cost."""
    engine, now = asked.engine, comparison.now
    there = columns_of(engine, "facts.sales")
    cuts = {cut: COLUMNS[cut] for cut in CUTS if COLUMNS[cut] in there}
    foreign = "own_net" in there and not _at_home(asked)
    cuts |= {"currency": "currency"} if foreign and "currency" in there else {}
    few = {cut: members_of(engine, "facts.sales", column) for cut, column in cuts.items() if cut not in FINE}
    keys = ", ".join(f"{_place(name(column), few.get(cut))} as {name(cut)}" for cut, column in cuts.items())
    amounts = {"net": "net", "quantity": "quantity"}
    amounts |= ({"own": "coalesce(own_net, net)"} if foreign else {}) | ({"cost": "cost"} if costed else {})
    read = ", ".join(f"cast({column} as double) as {amount}_" for amount, column in amounts.items())
    rows = engine.query(
        f"select {keys}, {within(now)} as is_now, {read} from facts.sales where ({within(now)} or {_usual(engine, comparison)}) "
        f"{conditions(comparison.where)}{' and cost is not null' if costed else ''}"
    )
    rows, before = _before_first(rows)
    read_as = {amount: (values[before:], values[:before]) for amount in amounts for values in (floats(rows[f"{amount}_"]),)}
    net, none = read_as["net"], (np.zeros(len(rows) - before), np.zeros(before))
    return Lines(_coded(rows, cuts, few), net, read_as.get("own", net), read_as.get("cost", none), read_as["quantity"])


def _at_home(asked: Asked) -> bool:
    """Whether every line is in the company's own currency."""
    if "currency" not in columns_of(asked.engine, "facts.sales"):
        return False
    found = members_of(asked.engine, "facts.sales", "currency")
    return found is not None and set(found) <= {asked.settings.company.reporting_currency}


def _place(column: str, members: tuple[str, ...] | None) -> str:
    """SQL: the place of a name among `members`, 0 where it is not known; without them the name."""
    if members is None:
        return f"cast({column} as varchar)"
    return f"coalesce(list_position([{', '.join(map(literal, members))}], cast({column} as varchar)), 0)" if members else "0"


def _coded(rows: pa.Table, cuts: Iterable[str], few: Mapping[str, tuple[str, ...] | None]) -> dict[str, Coded]:
    listed = {cut: members for cut in cuts if (members := few.get(cut)) is not None}
    placed = {cut: Coded((UNKNOWN, *members), np.asarray(rows[cut].to_numpy(), dtype=np.int64)) for cut, members in listed.items()}
    named = [cut for cut in cuts if cut not in listed]
    with ThreadPoolExecutor(READERS) as readers:
        return placed | dict(zip(named, readers.map(lambda cut: coded_column(rows[cut]), named), strict=True))


def _before_first(rows: pa.Table) -> tuple[pa.Table, int]:
    """The rows with those of the earlier span first, and how many these are; facts that are kept by day come so."""
    is_now = np.asarray(rows["is_now"].to_numpy(zero_copy_only=False), dtype=bool)
    if (is_now[:-1] > is_now[1:]).any():
        rows = rows.take(np.argsort(is_now, kind="stable"))
    return rows, len(is_now) - int(is_now.sum())


def numbered(codes: Sequence[NDArray[np.int64]], sizes: Sequence[int]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The combinations of several columns: of each its first row, and of each row its combination; in the order in which they come."""
    code, width = np.zeros(len(codes[0]), np.int64), 1
    for column, size in zip(codes, sizes, strict=True):
        if width * size > WIDEST:
            code, width = _dense(code, width), len(code)
        code, width = code * size + column, width * size
    row = _dense(code, width)
    first = np.full(int(row.max(initial=-1)) + 1, len(code), np.int64)
    first[row[::-1]] = np.arange(len(code) - 1, -1, -1)
    return first, row


def _dense(code: NDArray[np.int64], width: int) -> NDArray[np.int64]:
    """Numbers below `width` without gaps, in the order in which they come; few are looked up in a table, many are hashed."""
    import pyarrow as pa

    if width <= len(code):
        first = np.full(width, len(code), np.int64)
        first[code[::-1]] = np.arange(len(code) - 1, -1, -1)
        place = np.empty(width, np.int64)
        place[np.argsort(first, kind="stable")] = np.arange(width)
        return np.asarray(place[code], dtype=np.int64)
    return np.asarray(pa.array(code).dictionary_encode().indices.to_numpy(), dtype=np.int64)


def states(engine: Engine, lines: Lines, comparison: Comparison) -> NDArray[np.int64]:
    """What each row's customer is between the two spans: kept, new, returning or lost (positions in STATES)."""
    names, row = lines.members["account"].names, lines.members["account"].row
    bought_now, bought_before = (total > 0 for total in lines.totals("account", (np.abs(lines.net[0]), np.abs(lines.net[1]))))
    first = _first_bought_in(engine, comparison.now)
    new = np.fromiter((name in first for name in names), bool, len(names))
    state = np.where(bought_now & bought_before, 0, np.where(bought_before, 3, np.where(new, 1, 2)))
    state[[at for at, name in enumerate(names) if name == UNKNOWN]] = 0
    assert STATES == ("kept", "new", "returning", "lost")
    return np.asarray(state[row], dtype=np.int64)


def items(lines: Lines, state: NDArray[np.int64], *, profit: bool) -> Items:
    """Each product of the customers of each state, in each currency, both spans: so a customer who buys something else is mix, not a
    lost price."""
    keys = [lines.members[cut] for cut in ("product", "currency") if cut in lines.members]
    first, row = numbered([state, *(key.row for key in keys)], [len(STATES), *(len(key.names) for key in keys)])

    def side(at: int) -> Side:
        columns = (lines.net, lines.cost, lines.quantity) if profit else (lines.net, lines.quantity)
        each = lines.of_span(row, at)
        net, *costs, quantity = (np.bincount(each, column[at], len(first)).astype(float) for column in columns)
        own = net if lines.own is lines.net else np.bincount(each, lines.own[at], len(first)).astype(float)
        return Side(quantity, own, net, costs[0] if costs else np.zeros_like(net))

    return Items(state[first], before=side(1), after=side(0))


def _first_bought_in(engine: Engine, span: Span) -> set[str]:
    """The customers whose first purchase ever lies in the span."""
    inside = within(span)
    if has_table(engine, "facts.purchase_ends"):
        sql = f"select distinct account_id from facts.purchase_ends where previous_day is null and {inside}"
    else:
        sql = f"select account_id from facts.sales where is_purchase group by account_id having min(day) >= {literal(span.start)}"
        sql = f"select account_id from ({sql}) where account_id in (select account_id from facts.sales where is_purchase and {inside})"
    return set(engine.query(sql)["account_id"].to_pylist())


def within(span: Span, day: str = "day") -> str:
    return f"({day} >= {literal(span.start)} and {day} < {literal(span.end)})"


def _usual(engine: Engine, comparison: Comparison) -> str:
    """The lines of the earlier span; of an expectation without the giant orders, for it is a median that does not expect them again."""
    giants = giant_orders(engine, as_of=comparison.before.end) if comparison.versus == "expected" else ()
    return within(comparison.before) + (f" and order_id not in ({', '.join(map(literal, giants))})" if giants else "")


def is_member(column: str, member: str) -> str:
    """SQL: whether a row is of a member; one that names none is of the unknown one."""
    return f"coalesce(cast({name(column)} as varchar), {literal(UNKNOWN)}) = {literal(member)}"


def conditions(where: Where) -> str:
    parts = []
    for dimension, member in where:
        if dimension not in COLUMNS:
            raise MissingData(f"Order lines have no {dimension}.", where=f"--where {dimension}={member}", hint=", ".join(COLUMNS))
        parts.append(f" and {is_member(COLUMNS[dimension], member)}")
    return "".join(parts)


def coded_column(column: pa.ChunkedArray) -> Coded:
    import pyarrow as pa

    known = column.cast(pa.string()).fill_null(UNKNOWN) if column.null_count else column.cast(pa.string())
    encoded = known.dictionary_encode().unify_dictionaries().combine_chunks()
    return Coded(tuple(encoded.dictionary.to_pylist()), np.asarray(encoded.indices.to_numpy(), dtype=np.int64))


def floats(column: pa.ChunkedArray) -> Numbers:
    import pyarrow as pa

    values = column.cast(pa.float64())
    return np.asarray((values.fill_null(0.0) if column.null_count else values).to_numpy(), dtype=float)
