"""A company that sells in two currencies: what the rate of exchange did is a part of the bridge, from the loaded tables on."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from nextmove.engine import DuckDBEngine
from nextmove.facts import load_facts, prepare
from nextmove.ingest.warehouse import create_tables
from nextmove.insights.explain.compare import Asked
from nextmove.insights.explain.story import tell
from nextmove.insights.explain.why import explain
from nextmove.kpis import load_catalogue
from nextmove.settings import Settings

AS_OF = dt.date(2025, 10, 31)
CUSTOMERS = 20  # half of them pay in dollars


def traded(*, dollar: tuple[float, float], price: tuple[float, float] = (10, 10)) -> DuckDBEngine:
    """Ten units to each customer in October of two years (23 working days each); `dollar` and `price` of either year."""
    engine = DuckDBEngine()
    create_tables(engine)
    accounts = ", ".join(f"('A{n:02}', 'Customer {n}')" for n in range(CUSTOMERS))
    engine.execute(f"insert into main.accounts (account_id, name) values {accounts}")
    engine.execute("insert into main.products (product_id, name) values ('P', 'Product')")
    lines = ", ".join(
        f"('{year}-{n}', 1, timestamp '{year}-10-15 10:00:00', 'A{n:02}', 'P', 10, {10 * each}, '{'USD' if n % 2 else 'EUR'}')"
        for year, each in zip((2024, 2025), price, strict=True)
        for n in range(CUSTOMERS)
    )
    columns = "order_id, line_no, ordered_at, account_id, product_id, quantity, net_amount, currency"
    engine.execute(f"insert into main.order_lines ({columns}) values {lines}")
    rates = ", ".join(f"(date '{year}-01-01', 'USD', {rate})" for year, rate in zip((2024, 2025), dollar, strict=True))
    engine.execute(f"insert into main.exchange_rates (day, currency, rate) values {rates}")
    prepare(engine, Settings(), load_facts())
    return engine


def october(engine: DuckDBEngine) -> Asked:
    return Asked(engine, load_catalogue(), Settings(), AS_OF, "net_sales")


def test_a_dollar_that_fell_is_the_reason() -> None:
    with traded(dollar=(0.9, 0.6)) as engine:
        asked = october(engine)
        found = explain(asked, period="2025-10", versus="year_ago")
        story = tell(asked, found)
    assert {part: effect for part, effect in found.parts.items() if effect} == {"exchange_rate": Decimal("-300.00")}  # of 1,000 dollars
    assert story.cause == "exchange_rate" and "300 EUR" in story.why


def test_price_and_rate_are_told_apart() -> None:
    with traded(dollar=(0.9, 0.6), price=(10, 12)) as engine:
        found = explain(october(engine), period="2025-10", versus="year_ago")
    assert found.parts["exchange_rate"] == Decimal("-330.00")  # −0.3 × the mean of 1,000 and 1,200 dollars
    assert found.parts["price"] == Decimal("350.00")  # 200 EUR, and 200 dollars at the mean rate of 0.75
    assert sum(found.parts.values()) == found.comparison.change == Decimal("20.00")
