"""The order lines of two spans, folded side by side: what bridges, segments and names are computed from.

One query reads only the two spans (facts are stored by day). The rows of the base are scaled by one factor where the base is not a
period itself (an expectation, a target), so that what is explained is the whole difference.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from nextmove.engine import Engine, literal, name
from nextmove.errors import MissingData
from nextmove.insights.explain.bridge import STATES, Items, Side
from nextmove.insights.explain.compare import Comparison, Span, Where

Numbers = NDArray[np.float64]

_OWN_NAME = ("team", "region", "country", "channel", "segment", "industry", "category", "brand", "contact_method", "initiative")
COLUMNS = {"rep": "rep_id", "account": "account_id", "product": "product_id", "campaign": "campaign_id"} | {own: own for own in _OWN_NAME}
CUTS = ("account", "product", "rep", "region", "channel", "segment", "category", "brand", "contact_method")
UNKNOWN = "(unknown)"


@dataclass(frozen=True)
class Coded:
    """A column of names as numbers: which name each row bears."""

    names: tuple[str, ...]
    row: NDArray[np.int64]

    def is_member(self, name: str) -> NDArray[np.bool_]:
        return np.asarray(self.row == (self.names.index(name) if name in self.names else -1))


@dataclass(frozen=True)
class Lines:
    """One row a combination of `CUTS`: net, cost and quantity in both spans, and the customer's state."""

    members: dict[str, Coded]
    net: tuple[Numbers, Numbers]  # now, before
    cost: tuple[Numbers, Numbers]
    quantity: tuple[Numbers, Numbers]
    totals: dict[str, tuple[Decimal, Decimal]]  # exact: net, profit, quantity

    def scaled(self, factor: float) -> Lines:
        """With the base brought to another level; its exact totals go with it."""
        exact = Decimal(repr(factor))
        totals = {key: (now, before * exact) for key, (now, before) in self.totals.items()}
        net, cost, quantity = ((column[0], column[1] * factor) for column in (self.net, self.cost, self.quantity))
        return Lines(self.members, net, cost, quantity, totals)

    def by(self, cut: str, values: Numbers) -> dict[str, float]:
        coded = self.members[cut]
        return dict(zip(coded.names, np.bincount(coded.row, values, len(coded.names)).tolist(), strict=True))


def read_lines(engine: Engine, comparison: Comparison, *, costed: bool = False) -> Lines:
    """The lines of both spans; with `costed`, those with a known cost only (gross profit)."""
    now, before = comparison.now, comparison.before
    there = set(engine.query("select * from facts.sales limit 0").column_names)
    cuts = [cut for cut in CUTS if COLUMNS[cut] in there]
    keys = ", ".join(f"coalesce(cast({name(COLUMNS[cut])} as varchar), '{UNKNOWN}') as {name(cut)}" for cut in cuts)
    sums = ", ".join(
        f"sum(case when {_within(span)} then {column} else 0 end) as {column}_{side}"
        for side, span in (("now", now), ("before", before))
        for column in ("net", "cost", "quantity")
    )
    rows = engine.query(
        f"select {keys}, {sums} from facts.sales where ({_within(now)} or {_within(before)}) {conditions(comparison.where)}"
        f"{' and cost is not null' if costed else ''} group by {', '.join(str(n + 1) for n in range(len(cuts)))}"
    )
    folded = {column: tuple(_floats(rows, f"{column}_{side}") for side in ("now", "before")) for column in ("net", "cost", "quantity")}
    exact = {column: tuple(_total(rows, f"{column}_{side}") for side in ("now", "before")) for column in ("net", "cost", "quantity")}
    profit = (exact["net"][0] - exact["cost"][0], exact["net"][1] - exact["cost"][1])
    return Lines(
        {cut: _coded(rows, cut) for cut in cuts},
        (folded["net"][0], folded["net"][1]),
        (folded["cost"][0], folded["cost"][1]),
        (folded["quantity"][0], folded["quantity"][1]),
        {"net": (exact["net"][0], exact["net"][1]), "profit": profit, "quantity": (exact["quantity"][0], exact["quantity"][1])},
    )


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
    """Each product of the customers of each state, both spans: so a customer who buys something else is mix, not a lost price."""
    product = lines.members["product"]
    _, first, row = np.unique(state * len(product.names) + product.row, return_index=True, return_inverse=True)

    def side(at: int) -> Side:
        net, cost, quantity = (np.bincount(row, column[at]).astype(float) for column in (lines.net, lines.cost, lines.quantity))
        return Side(quantity, net, net, cost if profit else np.zeros_like(cost))

    return Items(state[first], before=side(1), after=side(0))


def _first_bought_in(engine: Engine, span: Span) -> set[str]:
    rows = engine.query(
        f"select account_id from facts.sales where is_purchase and account_id in "
        f"(select account_id from facts.sales where is_purchase and {_within(span)}) "
        f"group by account_id having min(day) >= {literal(span.start)}"
    )
    return set(rows["account_id"].to_pylist())


def _within(span: Span) -> str:
    return f"(day >= {literal(span.start)} and day < {literal(span.end)})"


def conditions(where: Where) -> str:
    parts = []
    for dimension, member in where:
        if dimension not in COLUMNS:
            raise MissingData(f"Order lines have no {dimension}.", where=f"--where {dimension}={member}", hint=", ".join(COLUMNS))
        parts.append(f" and coalesce(cast({name(COLUMNS[dimension])} as varchar), '{UNKNOWN}') = {literal(member)}")
    return "".join(parts)


def names_of(engine: Engine, table: str, key: str, members: Sequence[str]) -> dict[str, str]:
    """What members are called; a member without a name is called by its id."""
    if not members:
        return {}
    listed = ", ".join(literal(member) for member in members)
    rows = engine.query(f"select {key} as id, coalesce(name, {key}) as name from main.{table} where {key} in ({listed})").to_pylist()
    return {member: member for member in members} | {row["id"]: row["name"] for row in rows}


def _coded(rows: object, column: str) -> Coded:
    import pyarrow as pa

    assert isinstance(rows, pa.Table)
    encoded = rows[column].cast(pa.string()).combine_chunks().dictionary_encode()
    return Coded(tuple(encoded.dictionary.to_pylist()), np.asarray(encoded.indices.to_numpy(), dtype=np.int64))


def _floats(rows: object, column: str) -> Numbers:
    import pyarrow as pa

    assert isinstance(rows, pa.Table)
    return np.asarray(np.nan_to_num(rows[column].cast(pa.float64()).to_numpy()), dtype=float)


def _total(rows: object, column: str) -> Decimal:
    import pyarrow as pa
    import pyarrow.compute as pc

    assert isinstance(rows, pa.Table)
    if rows.num_rows == 0:
        return Decimal(0)
    total = pc.sum(rows[column].cast(pa.decimal128(38, 12))).as_py()
    return Decimal(0) if total is None else Decimal(total)
