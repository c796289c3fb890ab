"""The buying rhythm of a customer: on which days it bought, how far apart, how long it has been quiet.

A *purchase day* is a day with at least one completed order line of a known customer, a credit (negative) apart; an order that cost nothing
is an order too, it only brings nothing. Several orders of a customer on a day are one event, as in the models of repeat buying (Fader,
Hardie and Lee 2005). Everything here starts from the fact `account_days`, held as columns sorted by customer and
day; the state of all customers at any past day is then a matter of searching and adding up.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from nextmove.engine import Engine
from nextmove.engine.once import shared
from nextmove.errors import MissingData
from nextmove.predictions.contract import account_days_until

Numbers = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

Found = TypeVar("Found")

_FAR = 1 << 20  # more days than any history has: customer and day in one sortable number

_PURCHASE_DAYS = """
select account_id, day, cast(bought_net as double) as net, cast(bought_earned as double) as profit, lines, products
from {days} as days
where lines > 0
order by account_id, day
"""


def day_number(day: dt.date) -> int:
    """Days since 1970."""
    return (day - dt.date(1970, 1, 1)).days


def calendar_day(number: int) -> dt.date:
    return dt.date(1970, 1, 1) + dt.timedelta(days=number)


@dataclass(frozen=True)
class PurchaseDays:
    """All purchase days of all customers, sorted by customer and day. `customer` indexes `accounts`; days count from 1970."""

    accounts: pa.Array
    customer: Counts
    day: Counts
    net: Numbers
    profit: Numbers  # gross profit where the line has a cost, else net sales
    lines: Numbers
    products: Numbers

    @cached_property
    def starts(self) -> Counts:
        """Where each customer's rows begin; one more at the end."""
        return np.searchsorted(self.customer, np.arange(len(self.accounts) + 1))

    @cached_property
    def first_day(self) -> int:
        return int(self.day.min())

    @cached_property
    def last_day(self) -> int:
        return int(self.day.max())

    @cached_property
    def gap(self) -> Numbers:
        """Days since the customer's purchase day before; NaN for its first."""
        gap = np.diff(self.day, prepend=0).astype(np.float64)
        gap[self.starts[:-1]] = np.nan
        return gap

    @cached_property
    def _key(self) -> Counts:
        return self.customer * _FAR + self.day

    def rows_until(self, on: int, customers: Counts | None = None) -> Counts:
        """For each customer, where its rows up to the end of day `on` end."""
        who = np.arange(len(self.accounts)) if customers is None else customers
        return np.searchsorted(self._key, who * _FAR + on, side="right")

    def count_between(self, after: int, until: int, customers: Counts) -> Numbers:
        """Purchase days of each customer in (after, until]."""
        return (self.rows_until(until, customers) - self.rows_until(after, customers)).astype(np.float64)

    def sum_between(self, what: str, after: int, until: int, customers: Counts) -> Numbers:
        """The sum of a column over each customer's purchase days in (after, until]."""
        total = self._running(what)
        return total[self.rows_until(until, customers)] - total[self.rows_until(after, customers)]

    def _running(self, what: str) -> Numbers:
        return self.kept(("running", what), lambda: np.concatenate([[0.0], np.cumsum(getattr(self, what))]))

    def kept(self, key: Hashable, find: Callable[[], Found]) -> Found:
        """What was found out about these days before, by whichever prediction; they never change."""
        known: dict[Hashable, Any] = self.__dict__.setdefault("_kept", {})  # Any: whatever was found
        if key not in known:
            known[key] = find()
        found: Found = known[key]
        return found

    def sample(self, customers: int) -> PurchaseDays:
        """So many customers drawn evenly (always the same), or all where there are no more."""
        if len(self.accounts) <= customers:
            return self
        chosen = np.random.default_rng(0).permutation(len(self.accounts))[:customers]
        return self.kept(("sample", customers), lambda: self._only(np.isin(self.customer, chosen)))

    def until(self, on: int) -> PurchaseDays:
        """What was known at the end of day `on`."""
        return self._only(self.day <= on)

    def _only(self, rows: Flags) -> PurchaseDays:
        there, customer = np.unique(self.customer[rows], return_inverse=True)
        columns = {c: getattr(self, c)[rows] for c in ("day", "net", "profit", "lines", "products")}
        return PurchaseDays(self.accounts.take(pa.array(there)), customer, **columns)

    def summary(self, on: int) -> Summary:
        """Where every customer that had bought by the end of day `on` stood then."""
        ends = self.rows_until(on)
        who = np.flatnonzero(ends > self.starts[:-1])
        first, last = self.starts[who], ends[who]
        return Summary(who, first, last, (last - first).astype(np.float64), self.day[first], self.day[last - 1], on)


@dataclass(frozen=True)
class Summary:
    """Customers at the end of a day: rows [begin, end) of their purchase days, how many, the first and the last."""

    who: Counts
    begin: Counts
    end: Counts
    count: Numbers
    first: Counts
    last: Counts
    on: int

    @property
    def frequency(self) -> Numbers:
        return self.count - 1

    @property
    def recency(self) -> Numbers:
        """Age at the last purchase, in days."""
        return (self.last - self.first).astype(np.float64)

    @property
    def T(self) -> Numbers:  # noqa: N802  # the science's word
        """Age now, in days."""
        return (self.on - self.first).astype(np.float64)

    @property
    def quiet_days(self) -> Numbers:
        return (self.on - self.last).astype(np.float64)

    @property
    def mean_gap(self) -> Numbers:
        """Mean days between purchase days; NaN after one only."""
        return np.where(self.count > 1, self.recency / np.maximum(self.frequency, 1), np.nan)


def gap_quantiles(days: PurchaseDays, at: Summary, shares: tuple[float, ...]) -> tuple[Numbers, ...]:
    """Quantiles of each customer's own gaps up to then (linear between neighbours); NaN after one purchase day only."""
    known = (days.day <= at.on) & ~np.isnan(days.gap)
    customer, gap = days.customer[known], days.gap[known]
    order = np.lexsort((gap, customer))
    gap = np.append(gap[order], np.nan)
    begin = np.searchsorted(customer, at.who)
    least = np.maximum(at.frequency - 1, 0)
    return tuple(_between(gap, begin, share * least, at.frequency > 0) for share in shares)


def _between(values: Numbers, begin: Counts, place: Numbers, there: Flags) -> Numbers:
    below = np.floor(place).astype(np.int64)
    low = np.where(there, begin + below, len(values) - 1)
    high = np.where(there, begin + np.ceil(place).astype(np.int64), len(values) - 1)
    return values[low] + (values[high] - values[low]) * (place - below)


def purchase_days(engine: Engine, as_of: dt.date) -> PurchaseDays:
    """The purchase days that are known at the end of `as_of`."""
    return shared(engine, ("purchase days", as_of), lambda: _load(engine, as_of))


def _load(engine: Engine, as_of: dt.date) -> PurchaseDays:
    rows = engine.query(_PURCHASE_DAYS.format(days=account_days_until(engine, as_of))).combine_chunks()
    if rows.num_rows == 0:
        raise MissingData("There is no purchase of a known customer yet.", where=f"order_lines up to {as_of}", hint="nextmove load FILE")
    coded = rows["account_id"].combine_chunks().dictionary_encode()  # the rows are sorted, so codes follow their order
    columns = {c: rows[c].to_numpy().astype(np.float64) for c in ("net", "profit", "lines", "products")}
    return PurchaseDays(
        accounts=coded.dictionary,
        customer=coded.indices.to_numpy().astype(np.int64),
        day=rows["day"].to_numpy().astype("datetime64[D]").astype(np.int64),
        **columns,
    )
