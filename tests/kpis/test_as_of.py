"""Stocks of any past day: rebuilt from history, and equal to the stock before and the flows between."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as example_settings
from hypothesis import strategies as st

from nextmove.kpis import Question, answer

from .conftest import CATALOGUE, Shop

DAYS = st.dates(dt.date(2023, 3, 1), dt.date(2024, 9, 16))
few = example_settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
STOCKS = ("pipeline_value", "overdue_receivables", "social_followers")
ONE_DAY = dt.timedelta(days=1)


def ask(reference: Any, kpi: str, *, as_of: dt.date | None = None, **question: Any) -> list[dict[str, Any]]:
    asked = Question(kpi, **question)
    return list(answer(reference.engine, asked, reference.settings, as_of=as_of or reference.as_of, catalogue=CATALOGUE).to_pylist())


@few
@given(day=DAYS, kpi=st.sampled_from(STOCKS))
def test_a_stock_as_of_a_past_day_is_that_days_value(reference: Any, day: dt.date, kpi: str) -> None:
    """Asked then or asked now: the end of a past day does not move."""
    then = ask(reference, kpi, grain="day", start=day, end=day + ONE_DAY, as_of=day)
    now = ask(reference, kpi, grain="day", start=day, end=day + ONE_DAY)
    assert [row["value"] for row in then] == [row["value"] for row in now]


@few
@given(days=st.tuples(DAYS, DAYS).filter(lambda days: days[0] < days[1]))
def test_receivables_are_those_before_and_what_came_due_and_was_paid(reference: Any, days: tuple[dt.date, dt.date]) -> None:
    """Overdue at a day's end = overdue before + what came due unpaid − what was paid when it was overdue."""

    def overdue(day: dt.date) -> Decimal:
        return sum((row["value"] for row in ask(reference, "overdue_receivables", grain="day", start=day, end=day + ONE_DAY)), Decimal(0))

    first, last = days
    flows = reference.engine.query(
        f"""select coalesce(sum(amount), 0) as flow from (
            select amount from facts.receivables where overdue_since > date '{first}' and overdue_since <= date '{last}'
                and (settled_on is null or settled_on > overdue_since)
            union all
            select -amount from facts.receivables where settled_on > date '{first}' and settled_on <= date '{last}'
                and settled_on > overdue_since)"""
    )["flow"][0].as_py()
    assert overdue(last) == overdue(first) + flows


def test_followers_stay_until_the_next_count(reference: Any) -> None:
    """A day without a count has the last one before it, network by network."""
    rows = ask(reference, "social_followers", grain="day", by=("network",))
    counted = {
        (row["day"], row["network"]) for row in reference.engine.query("from main.social_stats where followers is not null").to_pylist()
    }
    for network in {row["network"] for row in rows}:
        own = [row for row in rows if row["network"] == network]
        for before, after in pairwise(own):
            if (after["period_start"], network) not in counted:
                assert after["value"] == before["value"]


def test_coverage_of_a_past_month_does_not_know_what_was_won_later(shop: Shop) -> None:
    shop.insert("targets", kpi="net_sales", grain="month", period_start="2024-06-01", value=1000)
    shop.insert(
        "opportunities",
        opportunity_id="D",
        created_at="2024-05-02",
        amount=500,
        status="won",
        closed_at="2024-06-03",
        expected_close_on="2024-06-20",
    )
    assert shop.value("pipeline_coverage", start=dt.date(2024, 5, 1), end=dt.date(2024, 6, 1)) == 0.5


@pytest.mark.parametrize("day", [dt.date(2024, 3, 31), dt.date(2024, 8, 31)])
def test_customers_alive_are_told_for_a_past_day(reference: Any, day: dt.date) -> None:
    """Bought within the window and not churned: by counting, without the product's facts."""
    alive = ask(reference, "churn_rate", grain="day", start=day + ONE_DAY, end=day + 2 * ONE_DAY)[0]["denominator"]
    local = "cast(timezone('Europe/Berlin', timezone('UTC', ordered_at)) as date)"
    counted = reference.engine.query(
        f"""select account_id from main.order_lines
            where coalesce(status, 'completed') = 'completed' and net_amount > 0 and account_id is not null and {local} <= date '{day}'
            group by account_id having cast(max({local}) + interval 6 month as date) > date '{day}'"""
    ).num_rows
    assert alive == counted
