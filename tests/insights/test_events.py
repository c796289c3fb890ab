"""What the data show beside a change: each kind of event is planted in the company, found, and said in the reason."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from nextmove.engine import DuckDBEngine
from nextmove.insights.explain.compare import Asked
from nextmove.insights.explain.story import Story, tell
from nextmove.insights.explain.why import Explanation, explain
from nextmove.kpis import load_catalogue
from nextmove.settings import Settings

from .conftest import AS_OF, write_values

CATALOGUE = load_catalogue()
KEPT = ("products", "invoices", "opportunities", "competitor_prices", "activities")
CUSTOMER = "A010"
SINCE = "date '2025-10-01'"
QUARTER = "2025-Q4"


@pytest.fixture
def planted(storied: DuckDBEngine) -> Iterator[DuckDBEngine]:
    """The company, put right again whatever a test plants."""
    for table in KEPT:
        storied.execute(f"create or replace table main.kept_{table} as select * from main.{table}")
    yield storied
    for table in KEPT:
        storied.execute(f"delete from main.{table}")
        storied.execute(f"insert into main.{table} select * from main.kept_{table}")
        storied.execute(f"drop table main.kept_{table}")
    storied.execute("create or replace table facts.sales as select * from main.sales_once order by day")
    write_values(storied, AS_OF)


def falls(engine: DuckDBEngine, condition: str, *, keeps: str = "hash(order_id) % 10 < 3") -> None:
    """From SINCE on three of ten lines are left of those that meet the condition."""
    engine.execute(f"delete from facts.sales where day >= {SINCE} and {condition} and not ({keeps})")
    write_values(engine, AS_OF)


def told(engine: DuckDBEngine, kpi: str = "net_sales", period: str = QUARTER, **where: str) -> tuple[Explanation, Story]:
    question = Asked(engine, CATALOGUE, Settings(), AS_OF, kpi, tuple(where.items()))
    found = explain(question, period=period)
    return found, tell(question, found)


def kinds(found: Explanation) -> set[tuple[str, str]]:
    return {(event.kind, event.subject) for event in found.events}


def test_nothing_is_told_where_nothing_happened(planted: DuckDBEngine) -> None:
    falls(planted, f"account_id = '{CUSTOMER}'")
    found, _ = told(planted, account=CUSTOMER)
    assert not {kind for kind, _ in kinds(found)} - {"stopped_item"}


def test_overdue_invoices(planted: DuckDBEngine) -> None:
    falls(planted, f"account_id = '{CUSTOMER}'")
    rows = ", ".join(f"('I{n}', '{CUSTOMER}', 'invoice', date '2025-07-01', date '2025-08-01', 900)" for n in range(3))
    planted.execute(f"insert into main.invoices (invoice_id, account_id, kind, issued_on, due_on, amount) values {rows}")
    found, story = told(planted, account=CUSTOMER)
    assert ("overdue", CUSTOMER) in kinds(found)
    assert "overdue invoices of 2,700 EUR (3)" in story.why


def test_another_representative(planted: DuckDBEngine) -> None:
    planted.execute(f"update facts.sales set rep_id = 'R7' where account_id = '{CUSTOMER}' and day >= {SINCE}")
    falls(planted, f"account_id = '{CUSTOMER}'")
    found, story = told(planted, account=CUSTOMER)
    assert ("rep_changed", CUSTOMER) in kinds(found)
    assert "R7" in story.why


def test_a_discontinued_product(planted: DuckDBEngine) -> None:
    planted.execute("update main.products set discontinued_on = date '2025-10-02' where product_id = 'P1'")
    falls(planted, "product_id = 'P1'", keeps="day < date '2025-10-02'")
    found, story = told(planted, category="tools")
    assert ("discontinued", "P1") in kinds(found)
    assert "Product 1" in story.why


def test_a_price_that_fell(planted: DuckDBEngine) -> None:
    planted.execute(f"update facts.sales set net = net * 0.7 where product_id = 'P1' and day >= {SINCE}")
    write_values(planted, AS_OF)
    found, story = told(planted, product="P1")
    assert ("price_change", "P1") in kinds(found)
    assert "Product 1" in story.why and "30 %" in story.why
    assert found.parts["price"] < 0


def test_a_competitor_named_more_often(planted: DuckDBEngine) -> None:
    lost = [("2025-08-10", 4), ("2025-11-10", 12)]
    rows = [f"('{day}{n}', 'lost', 'Boltwerk', timestamp '2025-02-01', timestamp '{day}', 100)" for day, many in lost for n in range(many)]
    won = [f"('{day}w{n}', 'won', null, timestamp '2025-02-01', timestamp '{day}', 100)" for day, _ in lost for n in range(12)]
    columns = "opportunity_id, status, competitor, created_at, closed_at, amount"
    planted.execute(f"insert into main.opportunities ({columns}) values {', '.join(rows + won)}")
    found, story = told(planted, "win_rate")
    assert ("competitor_named", "Boltwerk") in kinds(found)
    assert "Boltwerk" in story.why and "12" in story.why


def test_a_competitor_whose_prices_fell(planted: DuckDBEngine) -> None:
    falls(planted, "category = 'tools'")
    rows = ", ".join(f"(date '{day}', 'P1', 'Boltwerk', {price})" for day, price in [("2025-08-01", 10), ("2025-10-05", 8)])
    planted.execute(f"insert into main.competitor_prices (day, product_id, competitor, price) values {rows}")
    found, story = told(planted)
    assert story.cause == "category=tools" and ("competitor_price", "Boltwerk") in kinds(found)
    assert "Boltwerk" in story.why and "20 %" in story.why


def test_a_representative_with_fewer_contacts(planted: DuckDBEngine) -> None:
    falls(planted, "rep_id = 'R2'")
    days = [("2025-06-02", 40), ("2025-11-03", 4)]
    rows = ", ".join(f"('C{day}{n}', 'R2', 'call', timestamp '{day} 10:00:00')" for day, many in days for n in range(many))
    planted.execute(f"insert into main.activities (activity_id, rep_id, kind, started_at) values {rows}")
    found, story = told(planted, rep="R2")
    assert ("fewer_activities", "R2") in kinds(found) and story.cause == "rep=R2"


def test_one_giant_order(planted: DuckDBEngine) -> None:
    planted.execute(
        f"update facts.sales set net = net * 400 where order_id = (select min(order_id) from facts.sales where account_id = '{CUSTOMER}' "
        f"and day >= {SINCE})"
    )
    write_values(planted, AS_OF)
    found, story = told(planted)
    assert ("one_order", CUSTOMER) in kinds(found)
    assert story.cause == f"account={CUSTOMER}" and "one order" in story.why
