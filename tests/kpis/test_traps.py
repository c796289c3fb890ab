"""The ways in which a number goes wrong, each with a test that bears its name."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from nextmove.errors import MissingData, UnknownName, UserError
from nextmove.facts import prepare
from nextmove.kpis import Question, Scope, answer
from nextmove.settings import Settings

from .conftest import CATALOGUE, SETTINGS, Shop


def test_fan_out(shop: Shop) -> None:
    """Two leads and two campaigns of one customer do not make its sale count twice."""
    shop.insert("accounts", account_id="A", rep_id="R1")
    for n in ("1", "2"):
        shop.insert("leads", lead_id=n, created_at=f"2024-01-0{n}", source=f"s{n}", account_id="A", campaign_id=f"C{n}")
        shop.insert("campaigns", campaign_id=f"C{n}")
    shop.sells("1", "2024-03-05")
    assert shop.value("net_sales") == 100
    assert shop.value("new_customers", by=("source",)) == 1
    assert shop.ask("new_customers", by=("source",))[0]["source"] == "s1"


def test_a_line_and_a_cost_of_millions(shop: Shop) -> None:
    """Money times a rate of eight digits does not fit into the digits of money."""
    shop.insert("exchange_rates", day="2024-03-01", currency="USD", rate="0.5")
    shop.sells("1", "2024-03-05", net=2_000_000, cost_amount=1_500_000, list_amount=3_000_000)
    shop.sells("2", "2024-03-05", net=90_000_000_000, cost_amount=80_000_000_000, currency="USD")
    assert shop.value("net_sales") == 45_002_000_000
    assert shop.value("gross_profit") == 5_000_500_000
    shop.insert("opportunities", opportunity_id="D", created_at="2024-06-03", amount=7_000_000, account_id="A")
    assert shop.engine.query("select max(amount) as amount from facts.deals").column(0)[0].as_py() == 7_000_000


def test_two_currencies_are_never_added(shop: Shop) -> None:
    shop.insert("exchange_rates", day="2024-03-01", currency="USD", rate="0.9")
    shop.sells("1", "2024-03-05", net=100, currency="USD")
    shop.sells("2", "2024-03-05", net=100)
    assert shop.value("net_sales") == 190


def test_a_missing_rate_is_an_error_that_names_currency_and_day(shop: Shop) -> None:
    shop.insert("exchange_rates", day="2024-03-06", currency="USD", rate="0.9")
    shop.sells("1", "2024-03-05", currency="USD")
    shop.sells("2", "2024-04-05")
    with pytest.raises(UserError, match=r"no rate of exchange for USD on 2024-03-05"):
        shop.ask("net_sales")
    assert shop.value("net_sales", start=dt.date(2024, 4, 1)) == 100  # the question does not touch it
    assert [row["value"] for row in shop.ask("orders")] == [1, 1]  # nor does a count


def test_the_latest_earlier_rate_holds(shop: Shop) -> None:
    shop.insert("exchange_rates", day="2024-03-01", currency="USD", rate="0.5")
    shop.insert("exchange_rates", day="2024-03-10", currency="USD", rate="0.25")
    shop.sells("1", "2024-03-09", currency="USD")
    shop.sells("2", "2024-03-10", currency="USD")
    assert shop.value("net_sales") == 75


def test_mean_of_ratios(shop: Shop) -> None:
    """The margin of a whole is not the mean of the margins of its parts."""
    shop.sells("1", "2024-03-05", net=1000, cost_amount=900, channel="a")
    shop.sells("2", "2024-03-05", net=10, cost_amount=1, channel="b")
    assert shop.value("gross_margin") == pytest.approx(109 / 1010)


def test_empty_denominator(shop: Shop) -> None:
    """A sale and its return make 0 exactly, and a ratio to it is empty, not infinite."""
    shop.sells("1", "2024-03-05", net=0.1, cost_amount=0.05)
    shop.sells("2", "2024-03-06", net=0.2, cost_amount=0.05)
    shop.sells("3", "2024-03-07", net=-0.3, cost_amount=-0.1, status="returned")
    assert shop.value("net_sales") == 0
    assert shop.value("gross_margin") is None


def test_running_month_against_full_one(shop: Shop) -> None:
    """By Friday the 7th June has 5 working days; May had 5 by Tuesday the 7th. What May sold later is not held against June."""
    for n, at in enumerate(["2024-05-07", "2024-05-08", "2024-06-07"]):
        shop.sells(str(n), at)
    row = shop.ask("sales_growth", as_of=dt.date(2024, 6, 7), start=dt.date(2024, 6, 1))[0]
    assert (row["value"], row["numerator"], row["denominator"], row["complete"]) == (0, 100, 100, False)
    versus = shop.ask("net_sales", as_of=dt.date(2024, 6, 7), start=dt.date(2024, 6, 1), versus="previous")[0]
    assert (versus["value"], versus["versus_value"], versus["change"]) == (100, 100, 0)


def test_arg_min_skips_nulls(shop: Shop) -> None:
    """The first purchase has no channel: its member is (unknown), not the next line's."""
    shop.sells("1", "2024-03-05 10:00:00", line=9, channel=None)
    shop.sells("1", "2024-03-05 10:00:00", line=10, channel="web")
    assert [row["channel"] for row in shop.ask("new_customers", by=("channel",))] == ["(unknown)"]


def test_nothing_is_seen_after_as_of(shop: Shop) -> None:
    shop.sells("1", "2024-03-05")
    shop.sells("2", "2024-06-20")
    early = dt.date(2024, 6, 19)
    assert sum(row["value"] for row in shop.ask("net_sales", as_of=early)) == 100
    assert shop.ask("net_sales", as_of=early, start=dt.date(2024, 6, 1)) == []


def test_hand_over_does_not_make_a_new_customer(shop: Shop) -> None:
    shop.sells("1", "2024-03-05", rep_id="R1")
    shop.sells("2", "2024-04-05", rep_id="R2")
    assert shop.ask("new_customers", scope=Scope.of_reps("R2")) == []
    assert len(shop.ask("new_customers", scope=Scope.of_reps("R1"))) == 1


def test_churn_stays_when_the_customer_comes_back(shop: Shop) -> None:
    shop.sells("1", "2022-03-05")
    shop.sells("2", "2024-03-05")
    assert [(row["period_start"], row["value"]) for row in shop.ask("churned_customers")] == [(dt.date(2023, 3, 1), 1)]
    assert shop.value("reactivated_customers") == 1


def test_growth_to_nothing_is_a_row_and_from_nothing_is_empty(shop: Shop) -> None:
    shop.sells("1", "2024-03-05")
    told = [(row["period_start"].month, row["value"]) for row in shop.ask("sales_growth")]
    assert told == [(3, None), (4, -1)]


def test_half_of_the_lines_have_a_cost(shop: Shop) -> None:
    shop.sells("1", "2024-03-05", net=300, cost_amount=100)
    shop.sells("2", "2024-03-05", net=100)
    row = shop.ask("gross_profit")[0]
    assert (row["value"], row["coverage"]) == (200, 0.75)


def test_target_is_prorated_by_working_days(shop: Shop) -> None:
    shop.sells("1", "2024-06-05", net=500)
    shop.insert("targets", kpi="net_sales", grain="month", period_start="2024-06-01", value=2000)
    row = shop.ask("net_sales", as_of=dt.date(2024, 6, 7), versus="target")[0]
    assert (row["versus_value"], row["target"], row["change"]) == (500, 2000, 0)  # 5 of 20 working days


def test_missing_data_names_table_and_column(shop: Shop) -> None:
    with pytest.raises(MissingData, match=r"overdue_receivables needs invoices\.amount"):
        shop.ask("overdue_receivables")
    shop.sells("1", "2024-03-05")
    with pytest.raises(MissingData, match=r"order_lines\.cost_amount or products\.unit_cost"):
        shop.ask("gross_profit")


@pytest.mark.parametrize(
    ("kpi", "question", "nearest"),
    [
        ("net_sale", {}, "net_sales"),
        ("net_sales", {"by": ("regions",)}, "region"),
        ("net_sales", {"grain": "months"}, "month"),
        ("net_sales", {"calendar": "jalaly"}, "jalali"),
        ("net_sales", {"versus": "previus"}, "previous"),
        ("churn_rate", {"options": {"denominater": "start"}}, "denominator"),
        ("churn_rate", {"options": {"denominator": "avarage"}}, "average"),
    ],
)
def test_unknown_names_tell_their_neighbours(shop: Shop, kpi: str, question: dict[str, Any], nearest: str) -> None:
    with pytest.raises(UnknownName) as error:
        shop.ask(kpi, **question)
    assert nearest in error.value.nearest


def test_options_change_the_definition(shop: Shop) -> None:
    shop.sells("1", "2024-01-05")
    assert shop.ask("churned_customers") == []
    assert len(shop.ask("churned_customers", options={"churn_window_months": "3"})) == 1
    rates = [shop.ask("churn_rate", options={"churn_window_months": "3", "denominator": way})[-1]["value"] for way in ("start", "average")]
    assert rates == [1, 2]


def test_quotes_in_members_are_only_text(shop: Shop) -> None:
    shop.sells("1", "2024-03-05", channel="o''clock")
    assert shop.value("net_sales", where=(("channel", "o'clock"),)) == 100
    assert shop.ask("net_sales", where=(("channel", "' or true --"),)) == []


def test_a_forecast_that_counts_lost_deals_in_full(shop: Shop) -> None:
    """A lost deal is worth nothing in the pipeline, open or weighted; and it lowers the weight of the others, not their amount."""
    for name, status in (("won", "won"), ("lost", "lost")):
        shop.insert(
            "opportunities", opportunity_id=name, created_at="2024-01-05", amount=900, status=status, stage="offer", closed_at="2024-05-05"
        )
    shop.insert("opportunities", opportunity_id="open", created_at="2024-01-05", amount=100, status="open", stage="offer")
    now = {"start": dt.date(2024, 6, 1)}
    assert shop.value("pipeline_value", **now) == 100
    assert shop.value("weighted_pipeline_value", **now) == 50
    assert [row["value"] for row in shop.ask("lost_opportunity_value")] == [900]


def test_unlike_currencies_summed_in_the_pipeline(shop: Shop) -> None:
    """Each deal at the rate of the day on which it was created; later rates move nothing."""
    for day, rate in (("2024-01-01", "0.5"), ("2024-03-01", "0.9")):
        shop.insert("exchange_rates", day=day, currency="USD", rate=rate)
    for name, day in (("old", "2024-01-05"), ("new", "2024-03-05")):
        shop.insert("opportunities", opportunity_id=name, created_at=day, amount=100, currency="USD", status="open")
    assert shop.value("pipeline_value", start=dt.date(2024, 6, 1)) == 140
    shop.insert("opportunities", opportunity_id="odd", created_at="2024-03-05", amount=100, currency="GBP", status="open")
    with pytest.raises(UserError, match="no rate of exchange for GBP"):
        shop.ask("pipeline_value", start=dt.date(2024, 6, 1))


def test_deals_without_a_closing_day_are_decided_in_no_period(shop: Shop) -> None:
    shop.insert("opportunities", opportunity_id="D", created_at="2024-01-05", amount=100, status="won")
    shop.insert("opportunities", opportunity_id="E", created_at="2024-01-05", amount=7, status="lost", closed_at="2024-02-05")
    assert [(row["period_start"].month, row["value"]) for row in shop.ask("win_rate")] == [(2, 0)]
    assert [row["value"] for row in shop.ask("pipeline_value")] == [7]  # January; the other is neither open nor decided


@pytest.mark.parametrize(("zone", "month"), [("UTC", 3), ("Europe/Berlin", 4), ("America/New_York", 3)])
def test_time_zones_at_midnight(shop: Shop, zone: str, month: int) -> None:
    """22:30 UTC on 31 March is April in Berlin: for sales, for deals, and for the rate of exchange of that day."""
    settings = Settings(company={"time_zone": zone, "reporting_currency": "EUR"})  # type: ignore[arg-type]
    prepare(shop.engine, settings, CATALOGUE.facts)
    for day, rate in (("2024-03-01", "0.5"), ("2024-04-01", "0.25")):
        shop.insert("exchange_rates", day=day, currency="USD", rate=rate)
    shop.sells("1", "2024-03-31 22:30:00", currency="USD")
    shop.insert("opportunities", opportunity_id="D", created_at="2024-03-31 22:30:00", amount=100, currency="USD", status="open")
    for kpi in ("net_sales", "opportunities_created_value"):
        assert [(row["period_start"].month, row["value"]) for row in shop.ask(kpi, settings=settings)] == [
            (month, 50 if month == 3 else 25)
        ]
    prepare(shop.engine, SETTINGS, CATALOGUE.facts)


def test_a_closed_month_does_not_move_when_deals_are_decided_later(shop: Shop) -> None:
    shop.insert("opportunities", opportunity_id="D", created_at="2024-01-05", amount=100, status="won", closed_at="2024-04-10")
    months = {row["period_start"].month: row["value"] for row in shop.ask("pipeline_value")}
    assert months == {1: 100, 2: 100, 3: 100}


def test_two_competitors_prices_do_not_count_a_sale_twice(shop: Shop) -> None:
    shop.sells("1", "2024-03-05", net=100, product_id="P")
    for competitor, price in (("Acme", 80), ("Bolt", 120)):
        shop.insert("competitor_prices", day="2024-03-01", product_id="P", competitor=competitor, price=price)
    assert shop.value("price_index") == 1
    assert shop.value("net_sales") == 100


def test_mean_of_ratios_in_a_funnel(shop: Shop) -> None:
    """One of two leads of one source and none of eight of another: 1 in 10, not the mean of 50 % and 0 %."""
    for n in range(10):
        shop.insert("leads", lead_id=n, created_at="2024-03-05", source="a" if n < 2 else "b", mql_at="2024-03-06" if n == 0 else None)
    assert shop.value("lead_to_mql_rate") == pytest.approx(0.1)


COHORTS = ("lead_to_mql_rate", "mql_to_sql_rate", "sql_to_opportunity_rate", "lead_to_customer_rate", "stage_conversion", "retention_rate")


@pytest.mark.parametrize("kpi", COHORTS)
def test_a_cohort_is_never_above_100_percent(reference: Any, kpi: str) -> None:
    for by in ((), tuple(CATALOGUE.kpi(kpi).entry.cut_by[:1])):
        asked = Question(kpi, grain="month", by=by)
        rows = answer(reference.engine, asked, reference.settings, as_of=reference.as_of, catalogue=CATALOGUE).to_pylist()
        assert rows and all(row["value"] is None or 0 <= row["value"] <= 1 for row in rows)


def test_a_cohort_that_is_young_says_so(shop: Shop) -> None:
    """Nine steps took 60 days; the leads of last month had 29: immature, while those of January are not."""
    for n in range(9):
        shop.insert("leads", lead_id=n, created_at="2024-01-05", mql_at="2024-03-05")
    shop.insert("leads", lead_id="young", created_at="2024-06-05")
    assert [(row["period_start"].month, row["immature"]) for row in shop.ask("lead_to_mql_rate")] == [(1, False), (6, True)]


PRIVATE = (
    "net_sales",
    "leads",
    "win_rate",
    "pipeline_value",
    "weighted_pipeline_value",
    "calls",
    "overdue_receivables",
    "slipped_deals",
    "nps",
)


@pytest.mark.parametrize("kpi", PRIVATE)
def test_a_scope_never_leaks(reference: Any, kpi: str) -> None:
    """What one representative sees is what the company sees of theirs, in every theme."""

    def ask(**question: Any) -> list[dict[str, Any]]:
        asked = Question(kpi, grain="quarter", by=("rep",), **question)
        return list(answer(reference.engine, asked, reference.settings, as_of=reference.as_of, catalogue=CATALOGUE).to_pylist())

    assert ask(scope=Scope.of_reps("R1")) == [row for row in ask() if row["rep"] == "R1"]
    assert ask(scope=Scope.of_reps()) == []
