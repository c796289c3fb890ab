"""What holds for every KPI, whatever the data."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as example_settings
from hypothesis import strategies as st

from nextmove.kpis import Question, Scope, answer, compiled_sql, load_catalogue

CATALOGUE = load_catalogue()
ADDITIVE = ("net_sales", "units_sold", "gross_profit", "new_customers", "reactivated_customers", "churned_customers", "overdue_receivables",
            "cancelled_order_value", "new_initiative_sales")  # fmt: skip
CUTS = [(kpi, name) for kpi in ADDITIVE for name in CATALOGUE.kpi(kpi).entry.cut_by]
GRAINS = st.sampled_from(["week", "month", "quarter", "year"])
CALENDARS = st.sampled_from(["gregorian", "fiscal", "jalali"])
few = example_settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])


def ask(reference: Any, kpi: str, **question: Any) -> list[dict[str, Any]]:
    asked = Question(kpi, **question)
    return list(answer(reference.engine, asked, reference.settings, as_of=reference.as_of, catalogue=CATALOGUE).to_pylist())


@few
@given(cut=st.sampled_from(CUTS), grain=GRAINS, calendar=CALENDARS)
def test_sum_of_parts_is_the_whole(reference: Any, cut: tuple[str, str], grain: str, calendar: str) -> None:
    kpi, dimension = cut
    wholes = {row["period_start"]: row["value"] for row in ask(reference, kpi, grain=grain, calendar=calendar)}
    parts: dict[dt.date, Decimal] = {}
    for row in ask(reference, kpi, grain=grain, calendar=calendar, by=(dimension,)):
        parts[row["period_start"]] = parts.get(row["period_start"], Decimal(0)) + row["value"]
    assert parts == wholes


@few
@given(kpi=st.sampled_from(sorted(CATALOGUE.kpis)), grain=GRAINS, data=st.data())
def test_where_is_a_row_of_by(reference: Any, kpi: str, grain: str, data: Any) -> None:
    if kpi not in THEMES:
        return
    dimension = data.draw(st.sampled_from(CATALOGUE.kpi(kpi).entry.cut_by))
    rows = ask(reference, kpi, grain=grain, by=(dimension,))
    member = data.draw(st.sampled_from(sorted({row[dimension] for row in rows}) or ["nobody"]))
    limited = ask(reference, kpi, grain=grain, where=((dimension, member),))
    cut = [{key: value for key, value in row.items() if key != dimension} for row in rows if row[dimension] == member]
    assert [_rounded(row) for row in limited] == [_rounded(row) for row in cut]


@few
@given(
    kpi=st.sampled_from(["net_sales", "orders", "new_customers", "churned_customers", "active_customers"]),
    rep=st.sampled_from(["R1", "R2", "R99"]),
)
def test_scope_never_leaks(reference: Any, kpi: str, rep: str) -> None:
    seen = ask(reference, kpi, grain="month", by=("rep",), scope=Scope.of_reps(rep))
    assert {row["rep"] for row in seen} <= {rep}
    everything = [row for row in ask(reference, kpi, grain="month", by=("rep",)) if row["rep"] == rep]
    assert seen == everything


def test_an_empty_scope_sees_nothing(reference: Any) -> None:
    assert ask(reference, "net_sales", grain="year", scope=Scope(frozenset())) == []


def test_a_stock_is_the_one_before_and_its_flows(reference: Any) -> None:
    """Day by day: alive + new + reactivated − churned = alive on the next day."""

    def daily(kpi: str) -> dict[dt.date, int]:
        return {row["period_start"]: row["value"] for row in ask(reference, kpi, grain="day")}

    alive = {row["period_start"]: row["denominator"] for row in ask(reference, "churn_rate", grain="day")}
    new, back, gone = daily("new_customers"), daily("reactivated_customers"), daily("churned_customers")
    days = [dt.date(2023, 1, 1) + dt.timedelta(days=n) for n in range(620)]
    for today, tomorrow in pairwise(days):
        flows = new.get(today, 0) + back.get(today, 0) - gone.get(today, 0)
        assert alive.get(tomorrow, 0) == alive.get(today, 0) + flows, today


@pytest.mark.parametrize("kpi", ["retention_rate", "repeat_purchase_rate", "on_time_in_full", "csat"])
def test_a_share_is_at_most_the_whole(reference: Any, kpi: str) -> None:
    assert all(0 <= row["value"] <= 1 for row in ask(reference, kpi, grain="month", by=("rep",)))


@pytest.mark.parametrize("kpi", ["net_sales", "orders", "cancelled_orders"])
def test_days_make_months_where_they_may(reference: Any, kpi: str) -> None:
    days: dict[dt.date, Decimal] = {}
    for row in ask(reference, kpi, grain="day"):
        month = row["period_start"].replace(day=1)
        days[month] = days.get(month, Decimal(0)) + row["value"]
    months = {row["period_start"]: row["value"] for row in ask(reference, kpi, grain="month")}
    if kpi == "net_sales":
        assert days == months
    else:  # an order over midnight counts in both days
        assert all(days[month] >= value for month, value in months.items())


@few
@given(kpi=st.sampled_from(sorted(CATALOGUE.kpis)), start=st.dates(dt.date(2023, 2, 1), dt.date(2024, 6, 1)), length=st.integers(1, 200))
def test_a_range_is_a_part_of_everything(reference: Any, kpi: str, start: dt.date, length: int) -> None:
    if kpi not in THEMES:
        return
    end = start + dt.timedelta(days=length)
    part = ask(reference, kpi, grain="month", start=start, end=end)
    everything = [row for row in ask(reference, kpi, grain="month") if row["period_end"] > start and row["period_start"] < end]
    assert [_rounded(row) for row in part] == [_rounded(row) for row in everything]


@pytest.mark.parametrize("kpi", sorted(CATALOGUE.kpis))
def test_the_sql_names_its_kpi_and_runs_as_it_stands(reference: Any, kpi: str) -> None:
    sql = compiled_sql(Question(kpi), reference.settings, as_of=reference.as_of, catalogue=CATALOGUE)
    assert sql.startswith(f"-- {kpi}")
    assert reference.engine.query(sql).column_names[:3] == ["kpi", "period_start", "period_end"]


THEMES = {kpi.id for kpi in CATALOGUE.kpis.values() if kpi.theme in ("customers", "sales")}


def _rounded(row: dict[str, Any]) -> dict[str, Any]:
    """Sums of doubles differ in their last digits from run to run."""
    return {key: float(f"{value:.9g}") if isinstance(value, float) else value for key, value in row.items()}
