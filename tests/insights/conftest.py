"""A company of two hundred customers over three years, in which two things happen: a large customer leaves, and a category's cost rises."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pytest

from nextmove.engine import DuckDBEngine
from nextmove.facts import load_facts, prepare
from nextmove.ingest.warehouse import create_tables
from nextmove.settings import Settings

AS_OF = dt.date(2025, 12, 31)
FIRST = dt.date(2023, 1, 2)
LEFT_ON = dt.date(2025, 9, 1)  # customer A001
DEARER_ON = dt.date(2025, 10, 1)  # category paint: unit cost 5 → 7
CUSTOMERS, PRODUCTS = 200, 12
CATEGORIES, REGIONS, REPS = ("paint", "tools", "safety"), ("north", "south", "west"), ("R1", "R2", "R3", "R4", "R5", "R6", "R7", "R8", "R9")


def order_lines() -> pa.Table:
    rng = np.random.default_rng(7)
    days = (AS_OF - FIRST).days + 1
    dates = np.array([FIRST + dt.timedelta(days=d) for d in range(days)])
    busy = np.array([d for d in range(days) if dates[d].weekday() < 5])
    account = np.repeat(np.arange(CUSTOMERS), 90)
    day = rng.choice(busy, len(account))
    account = np.concatenate([account, np.zeros(1200, np.int64)])  # A001 buys twelve times as often
    day = np.concatenate([day, rng.choice(busy, 1200)])
    product = rng.integers(0, PRODUCTS, len(account))
    quantity = rng.integers(5, 15, len(account))
    gone = (account == 0) & (dates[day] >= LEFT_ON)
    dear = (product % 3 == 0) & (dates[day] >= DEARER_ON)
    keep = ~gone
    columns = {
        "order_id": [f"O{n}" for n in range(keep.sum())],
        "line_no": np.ones(keep.sum(), np.int64),
        "ordered_at": [dt.datetime.combine(d, dt.time(10)) for d in dates[day[keep]]],
        "account_id": [f"A{a + 1:03}" for a in account[keep]],
        "product_id": [f"P{p}" for p in product[keep]],
        "quantity": quantity[keep],
        "net_amount": quantity[keep] * 10.0,
        "cost_amount": (quantity * np.where(dear, 7.0, 5.0) * rng.uniform(0.9, 1.1, len(account)))[keep].round(2),
    }
    return pa.table(columns)


KPI_VALUES = """
create or replace table main.kpi_values as
with lines as (
    select s.*, c.week_start, c.week_end, c.month_start, c.month_end from facts.sales as s join main.calendar as c on c.day = s.day
), cut as (
    select *, '' as dimension, '' as member from lines
    union all select *, 'region', region from lines union all select *, 'rep', rep_id from lines
    union all select *, 'category', category from lines
), grained as (
    select *, 'week' as grain, week_start as period_start, week_end as period_end from cut
    union all select *, 'month', month_start, month_end from cut
)
select kpi, grain, 'gregorian' as calendar, dimension, member, period_start, period_end,
    cast(case kpi when 'net_sales' then net when 'orders' then orders else profit / net end as decimal(38, 10)) as value,
    cast(case kpi when 'gross_margin' then profit end as decimal(38, 10)) as numerator,
    cast(case kpi when 'gross_margin' then net end as decimal(38, 10)) as denominator,
    n as rows, period_end <= date '{after}' as complete, false as immature
from (
    select grain, dimension, member, period_start, period_end, sum(net) as net, sum(net - cost) as profit,
        count(distinct order_id) as orders, count(*) as n
    from grained group by all
) cross join (values ('net_sales'), ('orders'), ('gross_margin')) as k(kpi)
"""


def write_values(engine: DuckDBEngine, as_of: dt.date) -> None:
    engine.execute(KPI_VALUES.format(after=as_of + dt.timedelta(days=1)))


@pytest.fixture(scope="session")
def storied() -> Iterator[DuckDBEngine]:
    """The company in memory: canonical tables, facts and KPI values. Whoever changes it works in a copy of the lines."""
    with DuckDBEngine() as engine:
        create_tables(engine)
        accounts = ", ".join(f"('A{a + 1:03}', 'Customer {a + 1}', '{REGIONS[a % 3]}', '{REPS[a % 9]}', 'trade')" for a in range(CUSTOMERS))
        products = ", ".join(f"('P{p}', 'Product {p}', '{CATEGORIES[p % 3]}')" for p in range(PRODUCTS))
        engine.execute(f"insert into main.accounts (account_id, name, region, rep_id, segment) values {accounts}")
        engine.execute(f"insert into main.products (product_id, name, category) values {products}")
        engine.execute(f"insert into main.reps (rep_id, name) values {', '.join(f'({rep!r}, {rep!r})' for rep in REPS)}")
        rows = order_lines()
        engine.connection.register("made", rows)
        names = ", ".join(rows.column_names)
        engine.execute(f"insert into main.order_lines ({names}) select {names} from made")
        prepare(engine, Settings(), load_facts())
        engine.execute("create or replace table main.sales_once as select * from facts.sales")
        engine.execute("drop view facts.sales")
        engine.execute("create table facts.sales as select * from main.sales_once order by day")
        write_values(engine, AS_OF)
        yield engine
