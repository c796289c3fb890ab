"""What was planted for a manager to find is found by the manager's questions, and named first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from nextmove.engine import DuckDBEngine
from nextmove.facts import create_predicted, load_facts
from nextmove.facts.views import create_views, parameters
from nextmove.insights.questions import funnel, leavers, peers
from nextmove.kpis import Scope
from nextmove.tables.calendar import write_calendar
from nextmove.workspace import Workspace


@pytest.fixture(scope="module")
def numbers(demo_workspace: Workspace, demo_engine: DuckDBEngine) -> Iterator[DuckDBEngine]:
    """The demo company's tables with calendar and facts, in memory."""
    with DuckDBEngine() as engine:
        engine.execute(f"attach '{demo_workspace.data / 'warehouse.duckdb'}' as warehouse (read_only)")
        for row in demo_engine.query("select table_name from information_schema.tables where table_schema = 'main'").to_pylist():
            engine.execute(f"create or replace view main.{row['table_name']} as select * from warehouse.main.{row['table_name']}")
        for name in ("calendar", "periods"):
            engine.execute(f"drop view if exists main.{name}")
        write_calendar(engine, demo_workspace.settings)
        create_predicted(engine)
        create_views(engine, demo_workspace.settings, load_facts())
        yield engine


def _story(stories: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    return next(story for story in stories if story["kind"] == kind)


def test_the_bottleneck_is_the_step_that_leaks(numbers: DuckDBEngine, demo_workspace: Workspace, stories: list[dict[str, Any]]) -> None:
    found = funnel(numbers, as_of=demo_workspace.settings.today())
    deals = [step for step in found.steps if step.kind == "deal"]
    assert [step.step for step in deals if step.leaks or step.slows] == [_story(stories, "stage_bottleneck")["stage"]]
    assert all(0 <= step.lately.went_on <= step.lately.judged <= step.lately.entered for step in found.steps)


def test_who_stopped_calling_stands_out_by_calls(numbers: DuckDBEngine, demo_workspace: Workspace, stories: list[dict[str, Any]]) -> None:
    found = peers(numbers, as_of=demo_workspace.settings.today())
    fewer_calls = [each.rep_id for each in found.told if each.measure == "calls" and each.better is False]
    assert _story(stories, "stopped_calling")["rep_id"] in fewer_calls, fewer_calls


def test_the_scope_is_in_every_question(numbers: DuckDBEngine, demo_workspace: Workspace) -> None:
    day, values = demo_workspace.settings.today(), parameters(demo_workspace.settings)
    busiest = "select rep_id from main.accounts where rep_id is not null group by 1 order by count(*) desc limit 4"
    reps = numbers.query(busiest)["rep_id"].to_pylist()
    scope = Scope.of_reps(*reps)
    assert {each.rep_id for each in peers(numbers, as_of=day, scope=scope).found} <= set(reps)
    assert {each.rep_id for each in leavers(numbers, as_of=day, parameters=values, scope=scope).gone} <= set(reps)
    whole, part = funnel(numbers, as_of=day), funnel(numbers, as_of=day, scope=scope)
    assert sum(s.lately.entered for s in part.steps) < sum(s.lately.entered for s in whole.steps)


def test_leavers_are_the_churned_customers_of_the_year(numbers: DuckDBEngine, demo_workspace: Workspace) -> None:
    day, values = demo_workspace.settings.today(), parameters(demo_workspace.settings)
    found = leavers(numbers, as_of=day, parameters=values)
    by_hand = numbers.query(
        f"""select account_id from facts.sales where is_purchase and day <= date '{day}' group by account_id
        having max(day) + interval 12 months >= date '{found.since}' and max(day) + interval 12 months <= date '{day}'
           and min(day) < date '{found.since}'"""
    )["account_id"].to_pylist()
    assert {each.account_id for each in found.gone} == set(by_hand)
    assert all(trait.left <= trait.at_risk for trait in found.traits)
