"""What every customer was worth, month by month: the next 36 months as expected at each month's end, for the KPIs on customer value.

The value at a past month's end may know nothing of what came after, so it is told from the purchases until then, by a repeat-buying model
that was learnt at the end of the half-year before. It is the method of the task `clv` without the trees, which change the order of
customers and not their total. The value of the last day is that task's own.

Customers that have bought nothing for more than a year are left out: no period of up to a year needs them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import numpy as np
import pyarrow as pa

from nextmove.engine import Engine
from nextmove.predictions.clv import CustomerValue, FittedValue, worth_today, years_ahead
from nextmove.predictions.contract import Learnt
from nextmove.predictions.rhythm import PurchaseDays, calendar_day, day_number, purchase_days

LEAST_HISTORY_DAYS = 270  # before the first day on which something is learnt
_QUIET_DAYS = 400
_ONE_DAY = dt.timedelta(days=1)


def valuations(engine: Engine, *, as_of: dt.date, learnt: Learnt | None = None, since: dt.date | None = None) -> pa.Table:
    """Rows of `account_values`: the ends of the months so far (from `since` on) and `as_of`; `learnt` is what the task `clv` knows."""
    days, task = purchase_days(engine, as_of), CustomerValue()
    past = list(_past_values(task, days, [day for day in month_ends(days, as_of) if since is None or day >= since]))
    return pa.concat_tables([*past, values_of(task.fit(engine, as_of=as_of, learnt=learnt))])


def month_ends(days: PurchaseDays, as_of: dt.date) -> list[dt.date]:
    """The last days of the months before `as_of` by which enough was known."""
    first = _half_year_end(calendar_day(days.first_day + LEAST_HISTORY_DAYS))
    found, day = [], as_of.replace(day=1) - _ONE_DAY
    while day >= first:
        found.append(day)
        day = day.replace(day=1) - _ONE_DAY
    return found[::-1]


def _half_year_end(day: dt.date) -> dt.date:
    """The end of the half-year that holds the day."""
    return dt.date(day.year, 6, 30) if day.month <= 6 else dt.date(day.year, 12, 31)


def _learnt_on(day: dt.date) -> dt.date:
    """The last half-year's end up to a month's end."""
    end = _half_year_end(day)
    return end if end == day else dt.date(day.year - 1, 12, 31) if day.month <= 6 else dt.date(day.year, 6, 30)


def _past_values(task: CustomerValue, days: PurchaseDays, ends: Iterable[dt.date]) -> Iterable[pa.Table]:
    known: dict[dt.date, Learnt] = {}
    for end in ends:
        then = _learnt_on(end)
        if then not in known:
            known[then] = task.learn(days.until(day_number(then)), then, trees=False)
        yield values_of(FittedValue(task, end, days.until(day_number(end)), known[then]))


def values_of(fitted: FittedValue) -> pa.Table:
    """Rows of `account_values` at the day of the fit."""
    worth, task = fitted.worth(), fitted.settings
    years = years_ahead(worth.repeat, worth.at, task.horizon_days)
    whole, today = years.sum(axis=0), worth_today(years, task.discount_rate)
    profit, sales = worth.value.round(2), worth.revenue.round(2)
    found = pa.table(
        {
            "valued_on": pa.array([fitted.as_of] * len(worth.at.who), pa.date32()),
            "account_id": fitted.days.accounts.take(pa.array(worth.at.who)).cast(pa.string()),
            "profit": (profit * whole).round(2),
            "sales": (sales * whole).round(2),
            "profit_discounted": (profit * today).round(2),
            "sales_discounted": (sales * today).round(2),
        }
    )
    return found.filter(pa.array(np.asarray(worth.at.quiet_days <= _QUIET_DAYS)))
