"""A company with stories planted in it: who dropped what, what goes together, what replaced what."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pytest

from nextmove.engine import DuckDBEngine
from nextmove.tables.declared import TABLES

AS_OF = dt.date(2023, 6, 30)
CUSTOMERS, FAMILIES, MEMBERS, DAYS = 400, 8, 8, 720

_FACT = """
create table facts.sales as
select 'O' || account || '-' || day as order_id, row_number() over () as line_no, cast(day as timestamp) as ordered_at,
       cast(day as date) as day, 'A' || lpad(cast(account as varchar), 4, '0') as account_id,
       'P' || lpad(cast(product as varchar), 3, '0') as product_id, cast(quantity as decimal(18, 4)) as quantity,
       cast(quantity * 10 as decimal(18, 4)) as net, cast(quantity * 6 as decimal(18, 4)) as cost,
       status, status = 'completed' as is_purchase, cast(null as varchar) as unpriced
from lines
"""


@dataclass(frozen=True)
class Story:
    """An open company and what was planted in it."""

    engine: DuckDBEngine
    dropped: set[tuple[str, str]]
    liked: dict[str, str]  # customer → product of its family that it has not tried
    replaced: tuple[str, str]
    ended: str
    returned: set[tuple[str, str]]


@pytest.fixture(scope="session")
def story() -> Iterator[Story]:
    """Each customer orders every two to five weeks, most of seven of the eight products of one family. Sixty customers drop one of them
    a hundred days before the end; product 0 is replaced by 100 half a year before; product 8 ends in the table."""
    rng = np.random.default_rng(7)
    account, day, product = _regular_lines(rng)
    family = np.arange(CUSTOMERS) % FAMILIES
    untried = family * MEMBERS + MEMBERS - 1 - (np.arange(CUSTOMERS) // FAMILIES) % 3
    chosen = rng.choice(np.flatnonzero(family > 1), 60, replace=False)
    drop = np.full(CUSTOMERS, -1)
    drop[chosen] = family[chosen] * MEMBERS + rng.integers(0, 4, 60)
    keep = (product != untried[account]) & ~((product == drop[account]) & (day > DAYS - 100))
    product = np.where((product == 0) & (day > DAYS - 180), 100, product)
    keep &= ~((product == 8) & (day > DAYS - 120))
    engine = _open(account[keep], day[keep], product[keep], rng)
    names = np.char.add("A", np.char.zfill(np.arange(CUSTOMERS).astype(str), 4))
    yield Story(
        engine=engine,
        dropped={(str(names[a]), f"P{drop[a]:03}") for a in chosen},
        liked={str(names[a]): f"P{untried[a]:03}" for a in range(CUSTOMERS) if family[a] > 1},
        replaced=("P000", "P100"),
        ended="P008",
        returned={(str(names[a]), f"P{untried[a]:03}") for a in (10, 11)},
    )
    engine.close()


def _regular_lines(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Customer, day and product of each line: nine in ten of the family's products at each order, its later ones less often."""
    gap = rng.uniform(14, 35, CUSTOMERS)
    who = np.repeat(np.arange(CUSTOMERS), 60)
    day = (np.tile(np.arange(60), CUSTOMERS) * gap[who] + rng.normal(0, 2, len(who))).astype(int) + 3
    who, day = who[(day >= 0) & (day <= DAYS)], day[(day >= 0) & (day <= DAYS)]
    account, member = np.repeat(who, MEMBERS), np.tile(np.arange(MEMBERS), len(who))
    taken = rng.random(len(account)) < 0.9 - 0.03 * member
    return account[taken], np.repeat(day, MEMBERS)[taken], (account % FAMILIES * MEMBERS + member)[taken]


def _open(account: np.ndarray, day: np.ndarray, product: np.ndarray, rng: np.random.Generator) -> DuckDBEngine:
    engine = DuckDBEngine()
    for table in TABLES:
        engine.execute(f"create table main.{table.name} ({', '.join(f'{c.name} {c.kind.sql_type}' for c in table.columns)})")
    engine.execute("create schema facts")
    when = np.datetime64(AS_OF) - DAYS + day
    back = np.array([[10, 10 % FAMILIES * MEMBERS + MEMBERS - 1 - 1], [11, 11 % FAMILIES * MEMBERS + MEMBERS - 1 - 1]])
    lines = {
        "account": np.append(account, back[:, 0]),
        "day": np.append(when, [np.datetime64(AS_OF) - 20] * 2),
        "product": np.append(product, back[:, 1]),
        "quantity": np.append(rng.integers(1, 9, len(account)), [-1, -1]),
        "status": np.append(np.full(len(account), "completed"), ["returned"] * 2),
    }
    engine.write("main.lines", pa.table(lines))
    engine.execute(_FACT)
    engine.execute("insert into main.products (product_id, name, category) select distinct product_id, product_id, 'all' from facts.sales")
    engine.execute(f"update main.products set discontinued_on = date '{AS_OF - dt.timedelta(days=100)}' where product_id = 'P008'")
    return engine
