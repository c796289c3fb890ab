"""The buying rhythm of a customer: on which days it bought, how far apart, how long it has been quiet.

A *purchase day* is a day with at least one completed line of positive net amount; several orders of a customer on it are one event, as in
the models of repeat buying (Fader, Hardie and Lee 2005). Everything here starts from one query, one row a customer and purchase day, held as
columns sorted by customer and day; the state of all customers at any past day is then a matter of searching and adding up, with no query.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from nextmove.engine import Engine
from nextmove.predictions.contract import sales_until

Numbers = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_PURCHASE_DAYS = """
select account_id, day, cast(sum(net) as double) as net, cast(sum(case when cost is null then net else net - cost end) as double) as profit,
       count(*) as lines, count(distinct product_id) as products
from {sales} as sales
where is_purchase
group by account_id, day
order by account_id, day
"""


@dataclass(frozen=True)
class PurchaseDays:
    """All purchase days of all customers up to a day, sorted by customer and day. `customer` indexes `accounts`; days count from 1970."""

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


def purchase_days(engine: Engine, as_of: dt.date) -> PurchaseDays:
    """The purchase days that are known at the end of `as_of`."""
    rows = engine.query(_PURCHASE_DAYS.format(sales=sales_until(as_of))).combine_chunks()
    coded = rows["account_id"].combine_chunks().dictionary_encode()  # sorted rows: codes follow the order of the ids
    columns = {c: rows[c].to_numpy().astype(np.float64) for c in ("net", "profit", "lines", "products")}
    return PurchaseDays(
        accounts=coded.dictionary,
        customer=coded.indices.to_numpy().astype(np.int64),
        day=rows["day"].to_numpy().astype("datetime64[D]").astype(np.int64),
        **columns,
    )


def day_number(day: dt.date) -> int:
    """Days since 1970."""
    return (day - dt.date(1970, 1, 1)).days
