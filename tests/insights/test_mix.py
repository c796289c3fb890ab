"""A ratio that moved by its mix: the first line says whose share of what moved, from what to what."""

from __future__ import annotations

import datetime as dt

import pytest

from nextmove.engine import DuckDBEngine
from nextmove.facts import load_facts, prepare
from nextmove.ingest.warehouse import create_tables
from nextmove.insights.explain import mix
from nextmove.insights.explain.compare import Asked
from nextmove.insights.explain.members import REST, Member
from nextmove.insights.explain.story import Story, tell
from nextmove.insights.explain.why import explain
from nextmove.kpis import load_catalogue
from nextmove.settings import Settings
from nextmove.words import LANGUAGES, speaking

CATALOGUE = load_catalogue()
# 10,000 sessions a month; two in five of a partner's bring a lead and one in ten of the web's, in both months.
SESSIONS = """
insert into main.web_sessions (session_id, started_at, source, landing_page, cta_clicked, lead_id)
select 'W' || month || '-' || n, make_timestamp(2025, month, 1 + n % 30, 10, 0, 0), if(n < partner, 'partner', 'web'), '/', false,
    if(n % 10 < if(n < partner, 4, 1), 'L' || month || '-' || n, null)
from (values (8, {before}), (9, {now})) as months(month, partner), range(10000) as r(n)
"""


def told(before: int, now: int) -> dict[str, Story]:
    with DuckDBEngine() as engine:
        create_tables(engine)
        engine.execute(SESSIONS.format(before=before, now=now))
        prepare(engine, Settings(), load_facts())
        asked = Asked(engine, CATALOGUE, Settings(), dt.date(2025, 9, 30), "visit_to_lead_rate")
        found = explain(asked, period="2025-09")
        stories = {}
        for language in LANGUAGES:
            with speaking(language):
                stories[language] = tell(asked, found)
        return stories


def test_the_share_that_moved_is_told_from_what_to_what() -> None:
    grown, shrunk = told(3100, 3800), told(3800, 3100)
    assert grown["en"].cause == shrunk["en"].cause == "source=partner"
    assert grown["en"].why.startswith("The mix moved: source partner rose from 31 % to 38 % of the visits, which makes")
    assert shrunk["en"].why.startswith("The mix moved: source partner fell from 38 % to 31 % of the visits, which makes")
    assert all("31 %" in story.why and "38 %" in story.why for story in (*grown.values(), *shrunk.values()))


def test_a_small_move_keeps_its_decimals(storied: DuckDBEngine) -> None:
    asked = Asked(storied, CATALOGUE, Settings(), dt.date(2025, 12, 31), "gross_margin")
    one = Member("category", "paint", 0.4, 0.4, 0.0, 0.01, weight=0.114, share=0.121)
    assert mix.moved(asked, one) == "category paint rose from 11.4 % to 12.1 % of net sales"


@pytest.mark.parametrize(
    ("kpi", "whole"),
    [("gross_profit", "gross profit"), ("orders_per_customer", "the customers"), ("win_rate", "the deals decided"), ("csat", "the whole")],
)
def test_the_share_says_of_what(storied: DuckDBEngine, kpi: str, whole: str) -> None:
    one = Member("category", "paint", 4.0, 2.0, -2.0, 0.0, weight=0.4, share=0.2)
    said = mix.moved(Asked(storied, CATALOGUE, Settings(), dt.date(2025, 12, 31), kpi), one)
    assert said == f"category paint fell from 40 % to 20 % of {whole}"


def test_of_products_the_category_or_brand_is_told_that_moved_most() -> None:
    def member(dimension: str, name: str, weight: float, share: float, after: float = 1.0) -> Member:
        return Member(dimension, name, 1.0, after, 0.0, 0.0, weight, share)

    region, paint, tools = member("region", "north", 0.2, 0.6), member("category", "paint", 0.5, 0.4), member("category", "tools", 0.5, 0.6)
    acme, rest = member("brand", "Acme", 0.3, 0.45), member("brand", REST, 0.1, 0.9)
    assert mix.of_products((region, paint, tools, acme, rest)) == acme
    assert mix.of_products((region, paint, tools, member("brand", "Acme", 0.3, 0.45, after=-1.0))) in (paint, tools)
    assert mix.of_products((region, member("category", "paint", 0.5, 0.501))) is None
