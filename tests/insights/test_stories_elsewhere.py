"""The stories of other demo companies, of other seeds and sizes: each is told by its true cause, where the question is about it alone.

A story is asked about after it has begun (a customer who fell silent in September says nothing about August), and on its own ground: one
company loses its largest customer in the region where another orders half a year at once, and either is a true reason.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from nextmove.demo import STORIES_FILE, Plan, make_demo
from nextmove.engine import DuckDBEngine
from nextmove.insights.questions.funnel import funnel
from nextmove.workspace import Workspace

from .planted import month_after, question_of, told_of, with_facts
from .test_stories import TOLD

SEEDS = ((2, 60_000), (3, 30_000), (5, 120_000))
ASKED = {
    "stopped_calling": ("net_sales", "2026-Q3", "year_ago", ("rep",)),
    "big_customer_lost": ("net_sales", "2026-09", "year_ago", ("account",)),
    "late_deliveries": ("net_sales", "2026-Q3", "expected", ("account",)),
    "competitor_price_cut": ("net_sales", "2026-Q3", "year_ago", ("category", "region")),
    "giant_order": ("net_sales", "2026-08", "previous", ()),
    "silent_customer": ("net_sales", "2026-09", "expected", ("account",)),
    "dropped_item": ("net_sales", "2026-Q3", "expected", ("account", "product")),
    "declining_customer": ("net_sales", "2026-Q3", "year_ago", ("account",)),
    "margin_loss": ("gross_margin", "2026-Q3", "previous", ()),
    "bleeding_campaign": ("marketing_spend", "2026-Q3", "year_ago", ()),
    "source_gone_bad": ("mql_to_sql_rate", "2026-Q3", "year_ago", ()),
}
LAST_MONTH = "2026-09"  # of the demo; who fell silent in it is missed in the next
TELLING = 30  # leads of a source in half a year; of 17 hardly any is qualified in a quarter, and chance moves others as much


@dataclass(frozen=True)
class Company:
    """A demo company with the stories that were planted in it."""

    workspace: Workspace
    engine: DuckDBEngine
    stories: list[dict[str, Any]]  # Any: a JSON value


@pytest.fixture(scope="module", params=SEEDS, ids=lambda of: f"seed {of[0]}")
def company(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    seed, lines = request.param
    workspace = make_demo(tmp_path_factory.mktemp("elsewhere") / "company", Plan(seed=seed, lines=lines), tell=lambda _: None)
    planted = json.loads((workspace.data / STORIES_FILE).read_text(encoding="utf-8"))["stories"]
    with with_facts(workspace) as engine:
        yield Company(workspace, engine, planted)


def test_every_planted_cause_is_told(company: Company) -> None:
    asked = [story for story in company.stories if story["kind"] in ASKED]
    asked = [one for one in asked if one["kind"] != "silent_customer" or month_after(one) <= LAST_MONTH]
    asked = [one for one in asked if one["kind"] != "source_gone_bad" or one["leads"] >= TELLING]
    missed = []
    for kind in ASKED:
        for story in [one for one in asked if one["kind"] == kind]:
            told, says = told_of(company.engine, company.workspace.settings, story, question_of(story, ASKED)), TOLD[kind][1]
            young = kind == "dropped_item" and " rose by " in told.what
            if says not in told.why and not young:  # an item first ordered within the quarter rose in it, whatever came of it at the end
                missed.append((story, told))
    assert not missed


def test_the_stage_that_holds_deals_up_is_named(company: Company) -> None:
    (story,) = [one for one in company.stories if one["kind"] == "stage_bottleneck"]
    steps = funnel(company.engine, as_of=company.workspace.settings.today()).steps
    (held,) = [step for step in steps if step.step == story["stage"]]
    assert held.lately.median_days is not None and held.before.median_days is not None
    assert held.lately.median_days > held.before.median_days
