"""The records behind a change: deals of the period, and the order lines of the customer that moved most."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from nextmove.engine import DuckDBEngine
from nextmove.insights.explain.behind import SHOWN
from nextmove.insights.explain.compare import Asked
from nextmove.insights.explain.tables import tables
from nextmove.insights.explain.why import Explanation, explain
from nextmove.kpis import load_catalogue
from nextmove.settings import Settings

from .conftest import AS_OF

CATALOGUE = load_catalogue()
DEALS = [
    ("D1", "won", "2025-09-03", 100),
    ("D2", "lost", "2025-09-04", 900),
    ("D3", "won", "2025-09-30", 500),
    ("D4", "lost", "2025-08-31", 950),
]


@pytest.fixture
def with_deals(storied: DuckDBEngine) -> Iterator[DuckDBEngine]:
    rows = ", ".join(f"('{d}', 'Deal {d}', '{s}', timestamp '2025-02-01', timestamp '{c}', {a}, 'R1')" for d, s, c, a in DEALS)
    storied.execute(f"insert into main.opportunities (opportunity_id, name, status, created_at, closed_at, amount, rep_id) values {rows}")
    yield storied
    storied.execute("delete from main.opportunities")


def asked(engine: DuckDBEngine, kpi: str, **where: str) -> tuple[Asked, Explanation]:
    question = Asked(engine, CATALOGUE, Settings(), AS_OF, kpi, tuple(where.items()))
    return question, explain(question, period="2025-09")


def test_the_deals_that_the_kpi_counts_in_the_period_are_named_the_largest_first(with_deals: DuckDBEngine) -> None:
    _, found = asked(with_deals, "win_rate")
    assert [(deal.id, deal.outcome, float(deal.amount)) for deal in found.deals] == [
        ("D2", "lost", 900),
        ("D3", "won", 500),
        ("D1", "won", 100),
    ]
    assert [deal.id for deal in asked(with_deals, "lost_opportunities")[1].deals] == ["D2"]
    assert not asked(with_deals, "win_rate", rep="R2")[1].deals


def test_a_deal_is_a_row_of_its_own_and_a_lost_one_takes_away(with_deals: DuckDBEngine) -> None:
    rows = [row for row in tables(*asked(with_deals, "win_rate")) if row["table"] == "deal"]
    assert [(row["name"], row["member"], float(str(row["effect"]))) for row in rows] == [
        ("lost", "D2", -900),
        ("won", "D3", 500),
        ("won", "D1", 100),
    ]
    assert rows[0]["label"] == "Deal D2, lost on Sep 4, 2025"


@pytest.mark.parametrize("where", [{}, {"category": "tools"}])
def test_the_order_lines_are_those_of_the_customer_that_moved_most(storied: DuckDBEngine, where: dict[str, str]) -> None:
    question, found = asked(storied, "net_sales", **where)
    assert found.customers[0].id == "A001"
    by_hand = storied.query(
        f"""select order_id, day, net from facts.sales where account_id = 'A001' and day >= date '2025-08-01' and day < date '2025-10-01'
            {"and category = 'tools'" if where else ""} order by abs(net) desc, day, order_id limit {SHOWN}"""
    ).to_pylist()
    assert [(line.order_id, line.day, line.net) for line in found.lines] == [(row["order_id"], row["day"], row["net"]) for row in by_hand]
    rows = [row for row in tables(question, found) if row["table"] == "order_line"]
    assert len(rows) == SHOWN and all(row["after"] is None and row["effect"] == -row["before"] for row in rows)  # it left in August
