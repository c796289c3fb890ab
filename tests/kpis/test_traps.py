"""The ways in which a number goes wrong, each with a test that bears its name."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from nextmove.errors import MissingData, UnknownName, UserError
from nextmove.kpis import Scope

from .conftest import Shop


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
