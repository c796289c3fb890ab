"""What each customer bought of each product, on which days: the ground of every prediction about products.

One set-based query brings one row a customer, product and purchase day; ids become whole numbers in the order of their text, rows are
sorted, and the state of all (customer, product) pairs at any past day is then cut from these columns without another query. A *pair* is a
customer and a product that it has bought at least once; pairs are numbered in the order of `key`. A large company is read a block of
customers at a time, so that what is computed of each row never stands in memory for all rows at once.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from nextmove.engine import Engine, literal
from nextmove.engine.once import Kept, shared
from nextmove.predictions.contract import sales_until

Numbers = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

# Gross profit where the line has a cost, else its net sales: what the company would miss.
_BASKETS = """
select account_id, product_id, day, cast(sum(quantity) as double) as quantity, cast(sum(net) as double) as net,
       cast(sum(case when cost is null then net else net - cost end) as double) as profit
from {sales} as sales
where is_purchase and product_id is not null
group by account_id, product_id, day
"""
_RETURNED = "select distinct account_id, product_id from {sales} as sales where status = 'returned' and day > {since}"
_PRODUCTS = "select product_id, name, category, discontinued_on from main.products where product_id is not null"


BLOCK_LINES = 1_000_000  # rows looked at together


@dataclass(frozen=True)
class Baskets:
    """Rows sorted by customer, product and day. `account` and `product` index `accounts` and `products`; days count from 1970.
    `kept` holds what was found out about these rows, by whichever prediction; they never change."""

    accounts: pa.Array
    products: pa.Array
    account: Counts
    product: Counts
    day: Counts
    quantity: Numbers
    net: Numbers
    profit: Numbers
    kept: Kept = field(default_factory=Kept, init=False, repr=False, compare=False)

    @property
    def key(self) -> Counts:
        return self.account * len(self.products) + self.product

    @cached_property
    def starts(self) -> Counts:
        """Where each pair's rows begin; one more at the end."""
        return run_starts(self.key)

    @cached_property
    def pairs(self) -> Counts:
        """The key of each pair, ascending."""
        first = self.starts[:-1]
        return self.account[first] * len(self.products) + self.product[first]

    @cached_property
    def visits(self) -> Counts:
        """Each customer's different purchase days, as account × 2¹⁶ + day, ascending."""
        return distinct(np.sort((self.account << 16) + self.day))

    @cached_property
    def first_day(self) -> int:
        return int(self.day.min()) if len(self.day) else 0

    def where(self, chosen: Flags | slice) -> Baskets:
        columns = {c: getattr(self, c)[chosen] for c in ("account", "product", "day", "quantity", "net", "profit")}
        return replace(self, **columns)

    def until(self, day: int) -> Baskets:
        """The rows known at the end of `day`."""
        known = self.day <= day
        return self if known.all() else self.where(known)

    def sample(self, most: int) -> Baskets:
        """The rows of at most about so many customers, always the same."""
        chosen = sample_accounts(self, most)
        return self if chosen.all() else self.kept.get(("sample", most), lambda: self.where(chosen[self.account]))

    def blocks(self) -> Iterator[Baskets]:
        """All rows, so many customers at a time that they have about `BLOCK_LINES`."""
        if len(self.day) <= BLOCK_LINES:
            yield self
            return
        ends = np.searchsorted(self.account, np.arange(len(self.accounts)), side="right")
        marks = np.arange(BLOCK_LINES, len(self.day), BLOCK_LINES)
        edges = np.unique(np.concatenate([[0], ends[np.searchsorted(ends, marks)], [len(self.day)]]))
        for begin, end in pairwise(edges.tolist()):
            yield self.where(slice(begin, end))

    def between(self, after: int, until: int) -> Counts:
        """The keys of the pairs bought in (after, until], ascending."""
        chosen = (self.day > after) & (self.day <= until)
        return distinct(self.account[chosen] * len(self.products) + self.product[chosen])

    def brought_between(self, after: int, until: int) -> tuple[Counts, Numbers]:
        """The same, and the gross profit of each (net sales where there is no cost)."""
        chosen = (self.day > after) & (self.day <= until)
        key = self.account[chosen] * len(self.products) + self.product[chosen]  # ascending, since rows are sorted
        starts = run_starts(key)
        return distinct(key), np.add.reduceat(self.profit[chosen], starts[:-1]) if len(key) else np.zeros(0)


@dataclass(frozen=True)
class Assortment:
    """What is known of the products of `Baskets`, in the same order."""

    names: list[str]
    category: Counts  # −1 where unknown
    discontinued: Flags  # by the product table, by the day asked for

    def names_of(self, product: Counts) -> pa.Array:
        return pa.array(self.names, pa.string()).take(pa.array(product))


def day_number(day: dt.date) -> int:
    """Days since 1970."""
    return (day - dt.date(1970, 1, 1)).days


def load_baskets(engine: Engine, as_of: dt.date) -> Baskets:
    """All that is known at the end of `as_of`."""
    return shared(engine, ("baskets", as_of), lambda: _load(engine, as_of))


def _load(engine: Engine, as_of: dt.date) -> Baskets:
    rows = engine.query(_BASKETS.format(sales=sales_until(as_of)))
    return _arranged(rows, *_numbered(rows["product_id"]))


def baskets_among(engine: Engine, accounts: pa.Array, products: pa.ChunkedArray, as_of: dt.date) -> Baskets:
    """Those of these accounts, which number all `products` and not only what was bought."""
    wanted = ", ".join(literal(account) for account in accounts.to_pylist()) or "null"  # tasks read side by side, so no table is written
    rows = engine.query(_BASKETS.format(sales=f"(select * from {sales_until(as_of)} as sales where account_id in ({wanted}))"))
    known = pc.unique(pa.chunked_array([*products.chunks, *rows["product_id"].cast(products.type).chunks], products.type))
    known = known.take(pc.sort_indices(known))
    return _arranged(rows, known, codes(rows["product_id"], known))


def _arranged(rows: pa.Table, products: pa.Array, product: Counts) -> Baskets:
    """Sorted by customer, product and day."""
    accounts, account = _numbered(rows["account_id"])
    day = rows["day"].to_numpy().astype("datetime64[D]").astype(np.int64)
    order = np.argsort(((account * max(1, len(products)) + product) << 16) + day)  # keys are unique: no ties
    values = [rows[c].to_numpy()[order] for c in ("quantity", "net", "profit")]
    return Baskets(accounts, products, account[order], product[order], day[order], *values)


def returned_pairs(engine: Engine, baskets: Baskets, as_of: dt.date, *, within_days: int = 365) -> Counts:
    """The keys of what customers sent back lately, ascending."""
    since = literal(as_of - dt.timedelta(days=within_days))
    rows = engine.query(_RETURNED.format(sales=sales_until(as_of), since=since))
    account, product = codes(rows["account_id"], baskets.accounts), codes(rows["product_id"], baskets.products)
    known = (account >= 0) & (product >= 0)
    return np.unique(account[known] * len(baskets.products) + product[known])


def load_assortment(engine: Engine, baskets: Baskets, as_of: dt.date) -> Assortment:
    """Names, categories and ends of the products that were ever bought."""
    rows = engine.query(_PRODUCTS)
    place = codes(rows["product_id"], baskets.products)
    known = place >= 0
    names, category = list(baskets.products.to_pylist()), np.full(len(baskets.products), -1)
    discontinued = np.zeros(len(names), bool)
    ended = pc.fill_null(pc.less_equal(rows["discontinued_on"], pa.scalar(as_of)), False).to_numpy()
    discontinued[place[known]] = ended[known]
    groups = pc.unique(rows["category"]).drop_null()
    category[place[known]] = codes(rows["category"], groups.take(pc.sort_indices(groups)))[known]
    for at, name in zip(place[known].tolist(), rows["name"].filter(pa.array(known)).to_pylist(), strict=True):
        names[at] = name or names[at]
    return Assortment(names, category, discontinued)


def run_starts(sorted_codes: Counts) -> Counts:
    """Where each run of equal codes begins; one more at the end."""
    if not len(sorted_codes):
        return np.zeros(1, np.int64)
    return np.concatenate([[0], np.flatnonzero(np.diff(sorted_codes)) + 1, [len(sorted_codes)]])


def distinct(sorted_codes: Counts) -> Counts:
    """Each code once."""
    return sorted_codes[run_starts(sorted_codes)[:-1]]


def holds(sorted_keys: Counts, wanted: Counts) -> Flags:
    """Which of `wanted` stand in `sorted_keys`."""
    if not len(sorted_keys):
        return np.zeros(len(wanted), bool)
    at = np.minimum(np.searchsorted(sorted_keys, wanted), len(sorted_keys) - 1)
    found: Flags = sorted_keys[at] == wanted
    return found


def sample_accounts(baskets: Baskets, most: int) -> Flags:
    """At most about `most` customers, the same on every machine: those whose id's digest is small."""
    import hashlib

    share = most / max(1, len(baskets.accounts))
    if share >= 1:
        return np.ones(len(baskets.accounts), bool)
    limit = int(share * 2**32)
    return np.array([int(hashlib.md5(a.encode(), usedforsecurity=False).hexdigest()[:8], 16) < limit for a in baskets.accounts.to_pylist()])


def _numbered(ids: pa.ChunkedArray) -> tuple[pa.Array, Counts]:
    """The different ids in the order of their text, and each row's place among them."""
    coded = ids.combine_chunks().dictionary_encode()
    order = pc.sort_indices(coded.dictionary)
    place = np.empty(len(order), np.int64)
    place[order.to_numpy()] = np.arange(len(order))
    return coded.dictionary.take(order), place[coded.indices.to_numpy(zero_copy_only=False)]


def codes(ids: pa.ChunkedArray, known: pa.Array) -> Counts:
    """Each id's place in `known`, −1 where it has none."""
    if not len(known):
        return np.full(len(ids), -1)
    found = pc.fill_null(pc.index_in(ids, value_set=known), -1)
    places: Counts = found.to_numpy().astype(np.int64)
    return places
