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
       'R' || (1 + hash(account_id) % 5) as rep_id, product_id, 'north' as region, 'field' as channel, 'visit' as contact_method,
       cast(null as varchar) as campaign_id, cast(null as varchar) as initiative, cast(quantity as decimal(18, 4)) as quantity,
       cast(net as decimal(18, 4)) as net, cast(cost as decimal(18, 4)) as cost, cast(net as decimal(18, 4)) as list, status,
       status = 'completed' and net > 0 and account_id is not null as is_purchase
from lines
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
    engine.execute(_FACT)
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
