"""Companies for the tests of predictions: simulated in numpy, held in an in-memory database with the columns of facts.sales."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator

import numpy as np
import pyarrow as pa
import pytest

from nextmove.engine import DuckDBEngine
from nextmove.tables.declared import TABLES

BEGIN = dt.date(2021, 1, 4)
AS_OF = dt.date(2023, 9, 30)

_FACT = """
create or replace table facts.sales as
select order_id, cast(line_no as bigint) as line_no, cast(day as timestamp) as ordered_at, cast(day as date) as day, account_id,
       'R' || (1 + hash(account_id) % 5) as rep_id, case when hash(account_id) % 5 < 3 then 'south' else 'east' end as team, product_id,
       'C' || (1 + hash(product_id) % 4) as category, 'all' as segment, 'north' as region, 'field' as channel, 'visit' as contact_method,
       cast(null as varchar) as campaign_id, cast(null as varchar) as initiative, cast(quantity as decimal(18, 4)) as quantity,
       cast(net as decimal(18, 4)) as net, cast(cost as decimal(18, 4)) as cost, cast(net as decimal(18, 4)) as list, status,
       status = 'completed' and net > 0 and account_id is not null as is_purchase, cast(null as varchar) as unpriced
from lines
"""


# Leads: one of each account that bought by the middle of 2023 (large ones bought more often), and three times as many that never did.
_LEADS = """
create table facts.leads as
with firsts as (
    select account_id, min(day) as first_day from facts.sales where is_purchase and day <= date '2023-06-30' group by account_id
),
drawn as (
    select concat('L', account_id) as lead_id, first_day - cast(hash(account_id) % 60 as integer) as day, account_id,
        hash(account_id) as h
    from firsts
    union all
    select concat('N', i), date '2021-01-04' + cast(hash(i) % 999 as integer), null, hash(i + 7) from range(1500) t(i)
)
select lead_id, day, case when h % 10 < 3 + 4 * (account_id is null)::integer then 'fair' else 'web' end as source,
    cast(null as varchar) as campaign_id, 'all' as segment, concat('I', h % 5) as industry,
    case when account_id is null and h % 3 > 0 then 'small' else 'large' end as company_size, 'DE' as country, concat('R', h % 4) as region,
    account_id,
    case when (h % 10 < 3 + 4 * (account_id is null)::integer) = (h % 2 = 0) and h % 7 > 1 then day + 10 end as sql_day
from drawn;
-- Leads of fairs are accepted after a call, those of the web after an e-mail.
create table facts.activities as
select concat('C', lead_id) as activity_id, lead_id, day + 1 as day, cast(day + 1 as timestamp) as started_at, true as customer_facing,
    case when (source = 'fair') = (sql_day is not null) then 'call' else 'email' end as kind
from facts.leads;
create table facts.visits as select lead_id, lead_id as session_id, day as started_at, 'start' as landing_page from facts.leads limit 0;
insert into main.leads (lead_id, created_at) select lead_id, day from facts.leads;
create table facts.lead_fits as select lead_id, cast(null as double) as written_fit from facts.leads;
"""
# Deals of three weeks to three months in two stages; those of the web are won more often.
_DEALS = """
create table facts.deals as
with drawn as (
    select i, hash(i + 1) as h, date '2021-01-04' + cast(hash(i) % 999 as integer) as day, 20 + cast(hash(i + 2) % 70 as integer) as length
    from range(2500) t(i)
)
select concat('D', lpad(cast(i as varchar), 5, '0')) as opportunity_id, day, concat('A', h % 90) as account_id, 'P001' as product_id,
    case when h % 2 = 0 then 'web' else 'fair' end as source, 'visit' as contact_method, cast(100 + h % 5000 as decimal(18, 4)) as amount,
    concat('R', h % 4) as region, 'all' as segment, 'any' as industry, 'DE' as country, 'field' as channel, 'north' as team, 'R1' as rep_id,
    cast(null as varchar) as lead_id, day + length as closed_day, false as undated,
    case when hash(i + 3) % 10 < 3 + 4 * (h % 2 = 0)::integer then 'won' else 'lost' end as status
from drawn;
create table facts.stage_stays as
select opportunity_id, 'talk' as stage, day, cast(day as timestamp) as entered_at, cast(day + 12 as timestamp) as left_at from facts.deals
union all
select opportunity_id, 'offer', day + 12, cast(day + 12 as timestamp), cast(closed_day as timestamp) from facts.deals;
"""


def company_of(lines: pa.Table) -> DuckDBEngine:
    """An open database with all canonical tables (empty) and facts.sales made of `lines`:
    order_id, line_no, day, account_id, product_id, quantity, net, cost, status."""
    engine = DuckDBEngine()
    for table in TABLES:
        columns = ", ".join(f"{column.name} {column.kind.sql_type}" for column in table.columns)
        engine.execute(f"create table main.{table.name} ({columns})")
    engine.execute("create schema facts")
    engine.write("main.lines", lines)
    for statements in (_FACT, _LEADS, _DEALS):
        engine.execute(statements)
    return engine


def simulate_lines(*, customers: int = 500, days: int = 1000, seed: int = 1) -> pa.Table:
    """Order lines of customers with a rhythm each (gamma gaps around an own mean), of whom some leave after any order, with a basket of
    own favourites among 60 Zipf-like products; one in fifty lines comes back as a return."""
    rng = np.random.default_rng(seed)
    gap = np.exp(rng.normal(3.3, 0.6, customers))  # mean days between orders
    leaving = rng.beta(1.0, 12.0, customers)  # probability to leave after an order
    joined = rng.integers(0, days - 150, customers)
    orders = np.maximum(1, (days / gap * 1.6).astype(int))
    who = np.repeat(np.arange(customers), orders)
    step = rng.gamma(3.0, gap[who] / 3.0)
    nth = np.arange(len(who)) - np.repeat(np.cumsum(orders) - orders, orders)
    step[nth == 0] = joined
    total = np.cumsum(step)
    offset = np.concatenate([[0.0], total])[np.cumsum(orders) - orders]
    when = (total - offset[who]).astype(int)
    alive_until = rng.geometric(leaving)
    keep = (when < days) & (nth < alive_until[who])
    return _lines(who[keep], when[keep], rng)


def _lines(who: np.ndarray, when: np.ndarray, rng: np.random.Generator) -> pa.Table:
    products = 60
    size = rng.integers(1, 6, len(who))
    order = np.repeat(np.arange(len(who)), size)
    favourite = rng.zipf(1.5, (who.max() + 1, 6)) % products
    product = favourite[who[order], rng.integers(0, 6, len(order))]
    quantity = rng.integers(1, 10, len(order))
    net = np.round(quantity * (5 + product) * np.exp(rng.normal(0, 0.1, len(order))), 2)
    back = rng.random(len(order)) < 0.02
    sign = np.where(back, -1, 1)
    line_no = np.arange(len(order)) - np.repeat(np.cumsum(size) - size, size) + 1
    first = np.datetime64(BEGIN)
    return pa.table(
        {
            "order_id": np.char.add("O", order.astype(str)),
            "line_no": line_no,
            "day": (first + when[order] + np.where(back, 3, 0)).astype("datetime64[D]"),
            "account_id": np.char.add("A", np.char.zfill(who[order].astype(str), 5)),
            "product_id": np.char.add("P", np.char.zfill(product.astype(str), 3)),
            "quantity": sign * quantity,
            "net": sign * net,
            "cost": sign * np.round(0.6 * net, 2),
            "status": np.where(back, "returned", "completed"),
        }
    )


@pytest.fixture(scope="session")
def lines() -> pa.Table:
    return simulate_lines()


@pytest.fixture
def make_company() -> Iterator[Callable[[pa.Table], DuckDBEngine]]:
    opened: list[DuckDBEngine] = []

    def make(lines: pa.Table) -> DuckDBEngine:
        opened.append(company_of(lines))
        return opened[-1]

    yield make
    for engine in opened:
        engine.close()


@pytest.fixture(scope="session")
def company(lines: pa.Table) -> Iterator[DuckDBEngine]:
    with company_of(lines) as engine:
        yield engine
