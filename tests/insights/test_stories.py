"""What was planted in the demo company is what an explanation says first: each kind of story by its true cause."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from nextmove.demo import STORIES_FILE, Plan, make_demo
from nextmove.engine import DuckDBEngine
from nextmove.insights.changes.gate import gate
from nextmove.insights.explain.compare import Asked
from nextmove.insights.explain.story import tell
from nextmove.insights.explain.why import explain
from nextmove.workspace import Workspace

from .planted import CATALOGUE, COLUMN, question_of, told_of, with_facts

# Where each kind of story is looked for: KPI, period, versus, and which ids of the story are asked about.
ASKED = {
    "stopped_calling": ("net_sales", "2026-Q3", "year_ago", ("rep",)),
    "big_customer_lost": ("net_sales", "2026-08", "expected", ("region",)),
    "late_deliveries": ("net_sales", "2026-Q3", "expected", ("account",)),
    "competitor_price_cut": ("net_sales", "2026-Q3", "year_ago", ("category",)),
    "giant_order": ("net_sales", "2026-08", "previous", ()),
    "silent_customer": ("net_sales", "2026-09", "expected", ("account",)),
    "dropped_item": ("net_sales", "2026-Q3", "expected", ("account", "product")),
    "declining_customer": ("net_sales", "2026-Q3", "year_ago", ("account",)),
    "margin_loss": ("gross_margin", "2026-Q3", "previous", ()),
    "stage_bottleneck": ("stage_duration", "2026-Q2", "year_ago", ()),
    "source_gone_bad": ("mql_to_sql_rate", "2026-Q3", "year_ago", ()),
    "bleeding_campaign": ("marketing_spend", "2026-Q3", "year_ago", ()),
}
# What the reason must name, and what the sentence must say.
TOLD = {
    "stopped_calling": ("rep", "contacts with customers"),
    "big_customer_lost": ("account", "bought nothing"),
    "late_deliveries": ("account", "late or short"),
    "competitor_price_cut": ("region", "changed its prices"),
    "giant_order": ("account", "one order"),
    "silent_customer": ("account", "bought nothing"),
    "dropped_item": ("product", "does not order"),
    "declining_customer": ("account", "bought less"),
    "margin_loss": ("category", "Unit costs rose"),
    "stage_bottleneck": ("stage", "proposal"),
    "source_gone_bad": ("source", "webinar"),
    "bleeding_campaign": ("campaign", "EUR after 0 EUR"),
}


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return make_demo(tmp_path_factory.mktemp("told") / "company", Plan(), tell=lambda _: None)


@pytest.fixture(scope="session")
def engine(demo: Workspace) -> Iterator[DuckDBEngine]:
    with with_facts(demo) as opened:
        yield opened


@pytest.fixture(scope="session")
def stories(demo: Workspace) -> list[dict[str, Any]]:  # Any: a JSON value
    told: list[dict[str, Any]] = json.loads((demo.data / STORIES_FILE).read_text(encoding="utf-8"))["stories"]
    return told


@pytest.mark.parametrize("kind", ASKED)
def test_the_planted_cause_is_told(engine: DuckDBEngine, demo: Workspace, stories: list[dict[str, Any]], kind: str) -> None:  # Any: JSON
    planted = [story for story in stories if story["kind"] == kind]
    assert planted
    cut, says = TOLD[kind]
    for story in planted:
        told = told_of(engine, demo.settings, story, question_of(story, ASKED))
        assert f"{cut}={story[COLUMN.get(cut, cut)]}" in told.cause.split(" & "), (story, told)
        assert says in told.why, (story, told)


def test_a_short_last_load_is_told_by_the_gate(engine: DuckDBEngine, demo: Workspace, stories: list[dict[str, Any]]) -> None:  # Any: JSON
    (short,) = [story for story in stories if story["kind"] == "short_last_load"]
    held = gate(engine, as_of=demo.settings.today())
    assert ("facts.sales", "short", short["day"]) in [(one.table, one.reason, one.day.isoformat()) for one in held]


def test_of_churn_who_left_is_named_and_what_they_bought_in_their_last_year(engine: DuckDBEngine, demo: Workspace) -> None:
    asked = Asked(engine, CATALOGUE, demo.settings, demo.settings.today(), "churned_customers")
    found = explain(asked, period="2026-Q3", versus="previous")
    told = tell(asked, found)
    assert found.customers and all(one.name in told.why for one in found.customers)
    for one in found.customers:
        by_hand = f"""with bought as (select day, net from facts.sales where account_id = '{one.id}'),
                           last as (select max(day) as day from facts.purchase_ends where account_id = '{one.id}')
                      select sum(net) as net from bought, last where bought.day <= last.day and bought.day > last.day - interval 1 year"""
        assert engine.query(by_hand)["net"][0].as_py().quantize(Decimal("0.01")) == one.before
    assert "working days" not in told.why
