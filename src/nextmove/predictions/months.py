"""Sales by month: of the company, of the members of each dimension, and of each customer, as the forecast reads them.

Only complete months count; the month that still runs is kept apart as what is booked so far. A first month in which recording began late
is left out. Money of a month is divided by its working days (the company's calendar where there is one), so that a short month is no dip.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from nextmove.engine import Engine, literal
from nextmove.errors import MissingData
from nextmove.predictions.contract import account_days_until, sales_until

Numbers = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

COMPANY = "company"
DIMENSIONS = {"team": "team", "rep": "rep_id", "region": "region", "category": "category"}
UNKNOWN = "(unknown)"
_LATE_START = 4  # a first sale after this day of the month: that month is not whole

_MONTH = "extract(year from cast(day as date)) * 12 + extract(month from cast(day as date)) - (1970 * 12 + 1)"
_MONTHS = """
select {members}, {month} as month, cast(sum(net) as double) as net_sales,
       cast(sum(case when cost is not null then net - cost end) as double) as gross_profit
from {sales} as sales
group by {members}, {month}
order by {members}, {month}
"""
_CUSTOMER_MONTHS = """
select account_id, {month} as month, cast(sum(net) as double) as net_sales,
       cast(sum(earned - coalesce(uncosted, 0)) as double) as gross_profit
from {days} as days
group by account_id, {month}
order by account_id, {month}
"""
_WORKING_DAYS = """
select {month} as month, sum(case when working_day then 1 else 0 end) as days,
       sum(case when working_day and day <= {as_of} then 1 else 0 end) as done
from main.calendar where day >= {first} and day < {last} group by {month} order by {month}
"""


@dataclass(frozen=True)
class Member:
    """One series: a member of a dimension; the company is the only member of its own."""

    dimension: str
    name: str


@dataclass(frozen=True)
class Months:
    """One row a member, one column a complete month; `customers` likewise. `booked` is the money of the month that runs."""

    kpi: str
    first: int  # months since 1970
    members: tuple[Member, ...]
    money: Numbers
    customers: Numbers
    booked: Numbers
    working_days: Numbers  # of each month from `first` on, as far ahead as asked
    done: float  # share of the working days of the month after the last complete one that is over

    @property
    def count(self) -> int:
        return int(self.money.shape[1])

    @cached_property
    def pace(self) -> Numbers:
        """Working days of each month against the mean of the complete ones."""
        pace: Numbers = self.working_days / self.working_days[: self.count].mean()
        return pace

    @cached_property
    def groups(self) -> dict[str, Counts]:
        """Dimension → rows of its members."""
        names = np.array([member.dimension for member in self.members])
        return {name: np.flatnonzero(names == name) for name in dict.fromkeys(names.tolist())}

    def until(self, count: int) -> Months:
        """What was known when so many months were complete."""
        return replace(self, money=self.money[:, :count], customers=self.customers[:, :count], booked=np.zeros(len(self.members)), done=0.0)

    def start(self, column: int) -> dt.date:
        return month_start(self.first + column)


def month_number(day: dt.date) -> int:
    return (day.year - 1970) * 12 + day.month - 1


def month_start(number: int) -> dt.date:
    return dt.date(1970 + number // 12, number % 12 + 1, 1)


def load_months(engine: Engine, *, as_of: dt.date, ahead: int) -> list[Months]:
    """Net sales by month up to `as_of`, and gross profit where there are costs; working days for `ahead` months more."""
    sales, first = sales_until(as_of), _first_month(engine, as_of)
    after = month_number(as_of + dt.timedelta(days=1))  # the first month that is not complete
    cells = _asked(engine, sales, as_of)
    days, done = _working_days(engine, as_of=as_of, first=first, last=after + ahead)
    kpis = ("net_sales", "gross_profit") if cells[COMPANY]["gross_profit"].null_count < cells[COMPANY].num_rows else ("net_sales",)
    return [_months(kpi, cells, first, after, days, done) for kpi in kpis]


def _months(kpi: str, cells: dict[str, pa.Table], first: int, after: int, days: Numbers, done: float) -> Months:
    names, blocks = list[Member](), list[Numbers]()
    for dimension in (COMPANY, *DIMENSIONS):
        found, block = _matrix(cells[dimension], kpi, first, after)
        if dimension == COMPANY or [name for name in found if name != UNKNOWN]:
            names += [Member(dimension, "" if dimension == COMPANY else name) for name in found]
            blocks.append(block)
    whole = np.vstack(blocks)
    customers = _matrix(cells["account"], kpi, first, after)[1]
    return Months(kpi, first, tuple(names), whole[:, :-1], customers[:, :-1], whole[:, -1], days, done)


def _matrix(cells: pa.Table, kpi: str, first: int, after: int) -> tuple[list[str], Numbers]:
    """Members by month; the last column is the month that is not complete."""
    coded = pa.compute.fill_null(cells["member"], UNKNOWN).combine_chunks().dictionary_encode()
    names, order = np.unique(np.array(coded.dictionary.to_pylist(), object).astype(str), return_inverse=True)
    column = cells["month"].to_numpy().astype(np.int64) - first
    inside = (column >= 0) & (column <= after - first)
    matrix = np.zeros((len(names), after - first + 1))
    money = pa.compute.fill_null(cells[kpi], 0.0).to_numpy()
    np.add.at(matrix, (order[coded.indices.to_numpy()][inside], column[inside]), money[inside])
    return names.tolist(), matrix


def _asked(engine: Engine, sales: str, as_of: dt.date) -> dict[str, pa.Table]:
    """The months of every dimension's members, and of each customer; the dimensions from one look at the lines."""
    crossed = engine.query(_MONTHS.format(members=", ".join(DIMENSIONS.values()), month=_MONTH, sales=sales)).combine_chunks()
    accounts = engine.query(_CUSTOMER_MONTHS.format(month=_MONTH, days=account_days_until(engine, as_of))).combine_chunks()
    columns = {COMPANY: pa.repeat("", crossed.num_rows)} | {name: crossed[column] for name, column in DIMENSIONS.items()}
    told = crossed.select(["month", "net_sales", "gross_profit"])
    cells = {name: told.append_column("member", column) for name, column in columns.items()}
    return cells | {"account": accounts.rename_columns(["member", *told.column_names])}


def _first_month(engine: Engine, as_of: dt.date) -> int:
    day: dt.date | None = engine.query(f"select min(day) as day from {sales_until(as_of)} as sales")["day"][0].as_py()
    if day is None:
        raise MissingData("There are no sales yet.", where=f"order_lines up to {as_of}", hint="nextmove load FILE")
    return month_number(day) + (day.day > _LATE_START)


def _working_days(engine: Engine, *, as_of: dt.date, first: int, last: int) -> tuple[Numbers, float]:
    """Working days of each month in [first, last), Monday to Friday where there is no calendar; and the share of the running month's."""
    starts = np.arange(first, last + 1).astype("datetime64[M]").astype("datetime64[D]")
    days = np.busday_count(starts[:-1], starts[1:]).astype(np.float64)
    running = month_number(as_of + dt.timedelta(days=1))
    begin, tomorrow = np.datetime64(month_start(running)), np.datetime64(as_of + dt.timedelta(days=1))
    over = float(np.busday_count(begin, tomorrow))
    if "calendar" in engine.tables("main"):
        asked = {"month": _MONTH, "as_of": literal(as_of), "first": literal(month_start(first)), "last": literal(month_start(last))}
        rows = engine.query(_WORKING_DAYS.format(**asked))
        days, over = rows["days"].to_numpy().astype(np.float64), float(rows["done"][running - first].as_py())
    days = np.maximum(days, 1)
    return days, over / float(days[running - first])
