"""A change is answered by the moves that can turn it: each kind of KPI by its own kind, of the person who is asked about."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from nextmove.engine import DuckDBEngine
from nextmove.insights.explain.compare import Asked
from nextmove.insights.explain.story import Story, tell
from nextmove.insights.explain.why import explain
from nextmove.kpis import load_catalogue
from nextmove.settings import Settings

from .conftest import AS_OF, company

CATALOGUE = load_catalogue()
# L2 was answered within half an hour in November, L3 after two days in December; L1 waits still.
LATER = """
insert into leads (lead_id, created_at, rep_id, first_response_at) values
    ('LN', '2024-11-05 10:00', 'R1', '2024-11-05 10:30'), ('L3', '2024-12-09 10:00', 'R1', '2024-12-11 10:00');
insert into order_lines (order_id, line_no, ordered_at, account_id, product_id, quantity, net_amount)
    values ('X1', 1, '2023-01-02 10:00', 'A20', 'P5', 5, 900);
"""


@pytest.fixture(scope="module")
def changed() -> Iterator[DuckDBEngine]:
    with company() as engine:
        engine.execute(LATER)
        yield engine


def told(engine: DuckDBEngine, kpi: str, period: str, versus: str, **where: str) -> Story:
    asked = Asked(engine, CATALOGUE, Settings(), AS_OF, kpi, tuple(where.items()))
    return tell(asked, explain(asked, period=period, versus=versus))


@pytest.mark.parametrize(
    ("kpi", "period", "versus", "kinds"),
    [
        ("active_customers", "2024-Q4", "previous", {"silent_customer", "declining_customer", "reorder_due"}),
        ("skus_per_customer", "2024-Q4", "previous", {"stopped_item", "cross_sell"}),
        ("gross_profit", "2024-Q4", "year_ago", {"margin_erosion"}),
        ("response_time", "2024-12", "previous", {"lead_without_response"}),
        ("net_sales", "2024-Q4", "year_ago", {"silent_customer", "declining_customer", "reorder_due", "cross_sell"}),
    ],
)
def test_each_kpi_is_answered_by_its_kind_of_move(changed: DuckDBEngine, kpi: str, period: str, versus: str, kinds: set[str]) -> None:
    story = told(changed, kpi, period, versus)
    assert story.answers and {answer.kind for answer in story.answers} <= kinds, story


def test_of_a_representative_the_own_moves_are_named(changed: DuckDBEngine) -> None:
    story = told(changed, "active_customers", "2024-Q4", "previous", rep="R1")
    assert "Ria" in story.next
    assert ("silent_customer", "Customer 1") in [(answer.kind, answer.subject) for answer in story.answers]


def test_the_leads_that_wait_now_are_named(changed: DuckDBEngine) -> None:
    story = told(changed, "response_time", "2024-12", "previous")
    assert [answer.subject for answer in story.answers] == ["L1"]
