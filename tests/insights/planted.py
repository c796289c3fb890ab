"""The demo company as an edition keeps it, and what an explanation says of a story that was planted in it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from nextmove.engine import DuckDBEngine
from nextmove.facts import load_facts, prepare
from nextmove.insights.explain.compare import Asked
from nextmove.insights.explain.story import Story, tell
from nextmove.insights.explain.why import explain
from nextmove.kpis import load_catalogue
from nextmove.settings import Settings
from nextmove.workspace import Workspace

CATALOGUE = load_catalogue()
KEPT = ("sales", "purchase_ends", "deals_decided", "leads", "spend", "deliveries", "stage_stays")  # as an edition keeps them
COLUMN = {"rep": "rep_id", "account": "account_id", "product": "product_id", "campaign": "campaign_id"}
Question = tuple[str, str, str, tuple[str, ...]]  # KPI, period, versus, and which ids of the story are asked about


@contextmanager
def with_facts(demo: Workspace) -> Iterator[DuckDBEngine]:
    """The warehouse with those facts as tables that an edition keeps."""
    with DuckDBEngine(demo.data / "warehouse.duckdb") as engine:
        prepare(engine, demo.settings, load_facts())
        for fact in KEPT:
            engine.execute(f"create table main.kept as select * from facts.{fact}")
            engine.execute(f"drop view facts.{fact}")
            engine.execute(f"create table facts.{fact} as select * from main.kept")
            engine.execute("drop table main.kept")
        yield engine


def question_of(story: Mapping[str, Any], asked: Mapping[str, Question]) -> Question:  # Any: a JSON value
    """A silent customer is asked about in the month after its last order: half a year later nothing is expected of it any more."""
    kpi, period, versus, by = asked[story["kind"]]
    return kpi, month_after(story) if story["kind"] == "silent_customer" else period, versus, by


def month_after(story: Mapping[str, Any]) -> str:  # Any: a JSON value
    last = dt.date.fromisoformat(story["day"])
    return f"{last.year}-{last.month + 1:02}"  # none fell silent in December


def told_of(engine: DuckDBEngine, settings: Settings, story: Mapping[str, Any], question: Question) -> Story:  # Any: a JSON value
    kpi, period, versus, by = question
    where = tuple((cut, story[COLUMN.get(cut, cut)]) for cut in by)
    asked = Asked(engine, CATALOGUE, settings, settings.today(), kpi, where)
    return tell(asked, explain(asked, period=period, versus=versus))
