"""What open deals add to a forecast by month, without counting anything twice.

Sales of customers come from their own history; a deal of theirs is part of how they buy, and adds nothing. Deals with accounts that never
bought are new business: each counts with its share won (of deals that stood in its stage for as long), its amount and the month of its
expected close. What such deals usually brought in that many months is in the history already, and is taken out of it (`usual`). A won deal
counts from the day of its orders, not of its signature; a lost one never does. Amounts count as far as they have become orders within a
month of the close before (`realised`): a contract over years is not a month's sales; with fewer than ten such deals, nothing is known, and
the pipeline stays out.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from nextmove.engine import Engine, literal
from nextmove.errors import MissingData
from nextmove.predictions.contract import account_days_until
from nextmove.predictions.deals import Deals, FittedDeals
from nextmove.predictions.months import DIMENSIONS, UNKNOWN, Months, Numbers

_LEAST_DEALS = 10
_USUAL_MONTHS = 12

_REALISED = """
with won as (
    select deal.opportunity_id, deal.amount,
        sum(case when sold.day between deal.closed_day - 5 and deal.closed_day + 30 then sold.net else 0 end) as bought
    from facts.deals as deal
    join {days} as sold on sold.account_id = deal.account_id
    where deal.status = 'won' and deal.closed_day <= {as_of} - 30 and deal.closed_day > {as_of} - 730 and deal.amount > 0
    group by deal.opportunity_id, deal.amount, deal.closed_day
    having min(case when sold.bought_net > 0 then sold.day end) >= deal.closed_day - 5
)
select count(*) as deals, cast(sum(least(bought, amount)) as double) / cast(sum(amount) as double) as share from won
"""
_FIRSTS = "select account_id, min(day) as day from {days} as sold where bought_net > 0 group by account_id"


@dataclass(frozen=True)
class Pipeline:
    """Net sales, member × month ahead: what the open deals are expected to bring, and what open deals usually brought."""

    expected: Numbers
    usual: Numbers


def pipeline_of(engine: Engine, months: Months, *, as_of: dt.date, horizon: int) -> Pipeline | None:
    """None where there are no deals, or where nothing tells what their amounts are worth."""
    days = account_days_until(engine, as_of)
    try:
        deals = Deals().fit(engine, as_of=as_of)
    except MissingData:
        return None
    known = engine.query(_REALISED.format(days=days, as_of=literal(as_of))).to_pylist()[0]
    if known["deals"] < _LEAST_DEALS:
        return None
    firsts = engine.query(_FIRSTS.format(days=days))
    place = pc.index_in(deals.deals["account_id"], value_set=firsts["account_id"].combine_chunks())
    first_bought = pc.fill_null(firsts["day"].take(place).cast(pa.int32()), 10**6).to_numpy()
    rows = _rows_of(deals.deals, months)
    amount = pc.fill_null(deals.deals["amount"], 0.0).to_numpy() * known["share"]
    return Pipeline(
        _expected(deals, amount, first_bought, rows, months, horizon), _usual(deals, amount, first_bought, rows, months, horizon)
    )


def _expected(deals: FittedDeals, amount: Numbers, first_bought: Numbers, rows: Numbers, months: Months, horizon: int) -> Numbers:
    share, rest = deals.stood
    new = first_bought[~deals.decided] > deals.today
    days = deals.today + np.nan_to_num(np.maximum(rest, 1), nan=30)
    ahead = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) - (months.first + months.count)
    worth = np.where(new & (ahead < horizon), share * amount[~deals.decided], 0)
    return _summed(worth, np.clip(ahead, 0, horizon - 1), rows[:, ~deals.decided], (len(months.members), horizon))


def _usual(deals: FittedDeals, amount: Numbers, first_bought: Numbers, rows: Numbers, months: Months, horizon: int) -> Numbers:
    """What deals brought so many months after the end of a month at which they were open; the mean of the latest year's months."""
    begun, shape = deals.deals["day"].cast(pa.int32()).to_numpy(), (len(months.members), horizon)
    closed = np.where(deals.won, np.nan_to_num(deals.closed), -1)
    month = closed.astype(np.int64).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    total, seen = np.zeros(shape), np.zeros(horizon)
    for end in range(months.count - _USUAL_MONTHS - horizon + 1, months.count + 1):
        last = np.datetime64(months.start(end)).astype("datetime64[D]").astype(np.int64) - 1
        ahead = month - (months.first + end)
        over = np.arange(horizon) < months.count - end
        there = deals.won & (begun <= last) & (closed > last) & (first_bought > last) & (ahead >= 0) & (ahead < horizon)
        there &= over[np.clip(ahead, 0, horizon - 1)]
        total += _summed(np.where(there, amount, 0), np.clip(ahead, 0, horizon - 1), rows, shape)
        seen += over
    usual: Numbers = total / np.maximum(seen, 1)
    return usual


def _summed(worth: Numbers, ahead: Numbers, rows: Numbers, shape: tuple[int, int]) -> Numbers:
    """Money by member and month; a deal whose member sells nothing yet counts in the company only."""
    total = np.zeros(shape)
    for mine in rows:
        known = mine >= 0
        np.add.at(total, (mine[known], ahead[known]), worth[known])
    return total


def _rows_of(deals: pa.Table, months: Months) -> Numbers:
    """Dimension × deal: the row of its member; −1 where there is none."""
    places = {(member.dimension, member.name): row for row, member in enumerate(months.members)}
    rows = [np.zeros(deals.num_rows, np.int64)]
    for dimension, column in DIMENSIONS.items():
        names = pc.fill_null(deals[column], UNKNOWN).combine_chunks().dictionary_encode()
        found = np.array([places.get((dimension, name), -1) for name in names.dictionary.to_pylist()] or [-1])
        rows.append(found[names.indices.to_numpy()])
    return np.array(rows)
