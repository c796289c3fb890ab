"""Explanations: parts add up to the change to the cent, the planted cause stands in the second line, every KPI has three lines."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nextmove.engine import DuckDBEngine
from nextmove.errors import UnknownName, UserError
from nextmove.insights.explain.compare import Asked, period_of
from nextmove.insights.explain.events import Event
from nextmove.insights.explain.story import tell
from nextmove.insights.explain.tables import tables
from nextmove.insights.explain.why import BRIDGED, explain
from nextmove.kpis import Question, answer, load_catalogue
from nextmove.settings import Settings
from nextmove.tables.calendar import calendar_of
from nextmove.words import LANGUAGES, has, speaking

from .adding_up import assert_all_parts_add_up, whole
from .conftest import AS_OF, write_values

CATALOGUE = load_catalogue()
CENT = Decimal("0.01")


def asked(engine: DuckDBEngine, kpi: str, as_of: dt.date = AS_OF, **where: str) -> Asked:
    return Asked(engine, CATALOGUE, Settings(), as_of, kpi, tuple(where.items()))


@pytest.mark.parametrize("kpi", BRIDGED)
@pytest.mark.parametrize(
    ("period", "versus"), [("2025-09", "previous"), ("2025-Q4", "year_ago"), ("2025-W40", "previous"), ("2025-11", "expected")]
)
def test_the_bridge_is_the_change_to_the_cent(storied: DuckDBEngine, kpi: str, period: str, versus: str) -> None:
    found = explain(asked(storied, kpi), period=period, versus=versus)
    change = found.comparison.change
    if change is not None:
        assert sum(found.parts.values()) == change.quantize(CENT)
        assert not found.factors or sum(found.factors.values()) == change.quantize(CENT)


def test_values_are_those_of_the_kpi(storied: DuckDBEngine) -> None:
    found = explain(asked(storied, "net_sales", region="north"), period="2025-09").comparison
    question = Question("net_sales", grain="month", where=(("region", "north"),), start=dt.date(2025, 8, 1), end=dt.date(2025, 10, 1))
    before, now = answer(storied, question, Settings(), as_of=AS_OF).to_pylist()
    assert (found.value, found.base) == (now["value"], before["value"])


@pytest.mark.parametrize("where", [{}, {"region": "north"}, {"rep": "R1"}])
def test_the_customer_who_left_is_the_reason(storied: DuckDBEngine, where: dict[str, str]) -> None:
    found = explain(asked(storied, "net_sales", **where), period="2025-09", versus="year_ago")
    assert found.customers[0].id == "A001" and found.customers[0].after == 0
    story = tell(asked(storied, "net_sales", **where), found)
    assert "Net sales" in story.what and "fell" in story.what
    if where:
        assert story.cause == "account=A001" and "Customer 1 bought nothing" in story.why


def test_cost_is_the_reason_why_the_margin_fell(storied: DuckDBEngine) -> None:
    question = asked(storied, "gross_margin")
    found = explain(question, period="2025-Q4")
    assert found.strongest is not None and (found.strongest.dimension, found.strongest.member) == ("category", "paint")
    story = tell(question, found)
    assert story.cause == "category=paint" and story.why.startswith("Unit costs rose at category paint")
    profit = explain(asked(storied, "gross_profit", category="paint"), period="2025-Q4", versus="year_ago")
    assert min(profit.parts, key=lambda part: profit.parts[part]) == "cost"


def test_member_parts_add_up(storied: DuckDBEngine) -> None:
    sales, margin = (explain(asked(storied, kpi), period="2025-10") for kpi in ("net_sales", "gross_margin"))
    for found in (sales, margin):
        assert found.comparison.change is not None
        for dimension in {member.dimension for member in found.members}:
            parts = sum(m.effect + m.mix for m in found.members if m.dimension == dimension)
            assert parts == pytest.approx(float(found.comparison.change), rel=1e-6, abs=1e-6)


def test_rows_are_flat_and_begin_with_three_lines(storied: DuckDBEngine) -> None:
    question = asked(storied, "net_sales")
    rows = tables(question, explain(question, period="2025-09", versus="year_ago"))
    assert [row["name"] for row in rows[:3]] == ["what", "why", "next"] and all(row["label"] for row in rows[:3])
    bridge = sum(Decimal(str(row["effect"])) for row in rows if row["table"] == "bridge")
    (change,) = [row for row in rows if row["table"] == "change"]
    assert bridge == Decimal(str(change["effect"])).quantize(CENT)


def test_late_deliveries_are_told_beside_the_customer(storied: DuckDBEngine) -> None:
    late = "case when account_id = 'A001' and day > date '2025-06-01' then false else true end as on_time_in_full"
    storied.execute("create schema if not exists kept")
    storied.execute("create or replace table kept.deliveries as select * from facts.deliveries limit 0")
    columns = [c for c in storied.query("select * from facts.deliveries limit 0").column_names if c != "on_time_in_full"]
    there = set(storied.query("select * from facts.sales limit 0").column_names)
    listed = ", ".join(c if c in there else f"null as {c}" for c in columns)
    storied.execute("drop view if exists facts.deliveries")
    storied.execute(f"create or replace table facts.deliveries as select {listed}, {late} from facts.sales")
    question = asked(storied, "net_sales", region="north")
    story = tell(question, explain(question, period="2025-09"))
    assert "Customer 1" in story.why and "late or short" in story.why


KINDS = ("net_sales", "win_rate", "leads", "stage_duration", "churn_rate", "nps", "pipeline_value", "cac", "net_revenue_retention")


@pytest.mark.parametrize("kpi", KINDS)
def test_every_kind_of_kpi_has_three_lines(reference: Any, kpi: str) -> None:  # Any: the fixture's own class
    """Where the reference company has a value on both sides; elsewhere a sentence says that there is nothing to compare."""
    question = Asked(reference.engine, CATALOGUE, reference.settings, reference.as_of, kpi)
    try:
        story = tell(question, explain(question, period="2024-06", versus="previous"))
    except UserError as error:
        assert str(error)
    else:
        assert story.what and story.why and story.next


def test_a_period_is_read_in_all_its_forms() -> None:
    calendar = calendar_of(Settings())
    for text, grain, start in [("2025", "year", "2025-01-01"), ("2025-Q3", "quarter", "2025-07-01"), ("2025-07", "month", "2025-07-01"),
                               ("2025-W31", "week", "2025-07-28"), ("2025-07-14", "month", "2025-07-01")]:  # fmt: skip
        read, period = period_of(text, cadence="month", calendar=calendar)
        assert (read, period.start.isoformat()) == (grain, start)
    for nonsense in ("July", "2025-13", "2025-Q5"):
        with pytest.raises(UserError):
            period_of(nonsense, cadence="month", calendar=calendar)


def test_wrong_questions_are_refused_in_a_sentence(storied: DuckDBEngine) -> None:
    with pytest.raises(UnknownName):
        explain(asked(storied, "net_sales"), period="2025-09", versus="yesterday")
    with pytest.raises(UserError, match="not begun"):
        explain(asked(storied, "net_sales"), period="2026-09")
    with pytest.raises(UserError, match="no target"):
        explain(asked(storied, "net_sales"), period="2025-09", versus="target")


def test_nothing_to_compare_is_a_sentence(storied: DuckDBEngine) -> None:
    question = asked(storied, "net_sales")
    assert "nothing to compare" in tell(question, explain(question, period="2023-01", versus="year_ago")).why
    assert has("explain.what.fell")


PERIODS = ("2023-11", "2024-02", "2024-06", "2024-Q2", "2024-W20", "2025-01", "2024")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kpi=st.sampled_from(sorted(CATALOGUE.kpis)),
    period=st.sampled_from(PERIODS),
    versus=st.sampled_from(("previous", "year_ago", "expected")),
    region=st.sampled_from((None, "north", "nowhere")),
)
def test_the_parts_of_any_kpi_add_up(
    reference: Any, kpi: str, period: str, versus: str, region: str | None
) -> None:  # Any: a fixture's class
    """Any KPI, any pair of periods, also of members that are there on one side only or nowhere."""
    where = (("region", region),) if region and "region" in CATALOGUE.kpi(kpi).entry.cut_by else ()
    question = Asked(reference.engine, CATALOGUE, reference.settings, reference.as_of, kpi, where)
    try:
        found = explain(question, period=period, versus=versus)
    except UserError as error:
        assert str(error)
    else:
        if found.comparison.change is not None:
            assert_all_parts_add_up(found)
            assert all(row["label"] for row in tables(question, found) if row["table"] == "line")


def test_the_effect_of_the_exchange_rate_is_what_the_rate_did(storied: DuckDBEngine) -> None:
    """Sales of one region are in dollars; the dollar falls by a tenth in October and nothing else changes its price."""
    rate = "case when day < date '2025-10-01' then 1.0 else 0.9 end"
    months = ("day >= '2025-10-01' and day < '2025-11-01'", "day >= '2025-09-01' and day < '2025-10-01'")
    storied.execute("create table main.before_dollars as select * from facts.sales")
    try:
        storied.execute(f"update facts.sales set currency = 'USD', own_net = net, net = net * {rate} where region = 'west'")
        write_values(storied, AS_OF)
        found = explain(asked(storied, "net_sales", region="west"), period="2025-10")
        own = "select sum(own_net) as net from facts.sales where region = 'west' and "
        now, before = (storied.query(own + month)["net"][0].as_py() for month in months)
    finally:
        storied.execute("create or replace table facts.sales as select * from main.before_dollars order by day")
        storied.execute("drop table main.before_dollars")
        write_values(storied, AS_OF)
    assert sum(found.parts.values()) == whole(found)
    assert float(found.parts["exchange_rate"]) == pytest.approx(-0.1 * float(now + before) / 2, rel=0.25)
    assert found.parts["price"] == 0


def test_against_what_was_expected_and_a_target_parts_add_up(storied: DuckDBEngine) -> None:
    for kpi in ("orders", "gross_margin", "net_sales", "units_sold"):
        assert_all_parts_add_up(explain(asked(storied, kpi, region="north"), period="2025-11", versus="expected"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_three_lines_are_told_in_every_language(storied: DuckDBEngine, language: str) -> None:
    question = asked(storied, "net_sales", region="north")
    found = explain(question, period="2025-09", versus="year_ago")
    with speaking(language):
        story = tell(question, found)
    english = tell(question, found)
    assert story.cause == english.cause and (story.why == english.why) == (language == "en")


@pytest.mark.parametrize("kpi", ["orders", "average_order_value", "gross_margin"])
def test_an_expectation_of_six_periods_is_compared_as_one(storied: DuckDBEngine, kpi: str) -> None:
    """The products sell evenly: none was six times as large before."""
    found = explain(asked(storied, kpi), period="2025-08", versus="expected")
    assert found.products
    assert all(one.after / 2 < one.before < 2 * one.after for one in found.products)


def test_of_a_mean_no_customer_is_the_cause_but_one_giant_order(storied: DuckDBEngine) -> None:
    question = asked(storied, "average_order_value")
    quiet = explain(question, period="2025-08")
    assert not tell(question, quiet).cause.startswith("account=")
    giant = Event("one_order", "A002", {"amount": 90_000.0, "day": "2025-08-05", "amount_usual": 100.0})
    risen = replace(quiet, comparison=replace(quiet.comparison, value=Decimal(300), base=Decimal(100)), orders=401.0, events=(giant,))
    told = tell(question, risen)
    assert told.cause == "account=A002" and "one order of 90,000 EUR" in told.why and "practically all" not in told.why
    assert "more than the change itself" in told.why


def test_a_ratio_that_moved_by_less_than_a_reader_sees_is_said_to_stand(storied: DuckDBEngine) -> None:
    question = asked(storied, "gross_margin")
    found = explain(question, period="2025-08")
    still = replace(found, comparison=replace(found.comparison, value=Decimal("0.50004"), base=Decimal("0.5")))
    assert "hardly changed in August 2025" in tell(question, still).what and tell(question, still).cause == ""
