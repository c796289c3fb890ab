"""The demo company behaves like a distributor: Zipf-like products, rhythms, weeks and seasons, prices, four scripts."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from nextmove.demo import Plan
from nextmove.demo.clock import Clock
from nextmove.demo.customers import CONTRACT, GAP_SHAPE, IRREGULAR, ONE_TIME, REGULAR, customers
from nextmove.demo.people import people
from nextmove.demo.products import products
from nextmove.demo.rhythm import orders, usual_gaps
from nextmove.engine import DuckDBEngine


def test_products_follow_zipf(demo_engine: DuckDBEngine) -> None:
    counts = demo_engine.query("select count(*) as n from main.order_lines group by product_id order by n desc")["n"].to_numpy()
    ranks = np.arange(1, len(counts) + 1)
    middle = slice(5, len(counts) * 2 // 3)
    slope = np.polyfit(np.log(ranks[middle]), np.log(counts[middle]), 1)[0]
    assert -1.5 < slope < -0.6
    assert 0.3 < counts[: len(counts) // 20].sum() / counts.sum() < 0.75


def test_customers_keep_their_own_rhythm() -> None:
    """Gaps in business time are gamma distributed around each customer's mean with the spread of its kind."""
    plan = Plan(lines=60_000, seed=11)
    clock = Clock.of(plan)
    goods = products(plan, clock)
    buyers = customers(plan, clock, people(plan), goods)
    gaps = usual_gaps(plan, buyers)
    placed = orders(plan, clock, buyers, gaps)
    passed = np.concatenate([[0.0], np.cumsum(clock.busyness[0])])
    for kind in (REGULAR, IRREGULAR, CONTRACT):
        spreads, ratios = [], []
        for account in np.flatnonzero((buyers.buyer == kind) & (buyers.season == 0)):
            minutes = np.sort(placed.minutes[placed.account == account])
            if len(minutes) < 15:
                continue
            business = np.interp(minutes / 1440, np.arange(clock.days + 1), passed)
            own = np.diff(business)
            spreads.append(own.std() / own.mean())
            ratios.append(own.mean() / gaps[account])
        assert len(spreads) > 8
        assert np.median(ratios) == pytest.approx(1.0, abs=0.08)
        assert np.median(spreads) == pytest.approx(GAP_SHAPE[kind] ** -0.5, rel=0.35), kind
    once = np.bincount(placed.account, minlength=buyers.count)[buyers.buyer == ONE_TIME]
    assert once.max() <= 2


def test_weeks_seasons_and_holidays(demo_engine: DuckDBEngine) -> None:
    by_weekday = {
        row["weekday"]: row["n"]
        for row in demo_engine.query("select isodow(ordered_at) as weekday, count(*) as n from main.order_lines group by 1").to_pylist()
    }
    workday = sum(by_weekday[day] for day in range(1, 6)) / 5
    assert by_weekday[6] < 0.15 * workday and by_weekday[7] < 0.05 * workday
    by_month = {
        row["month"]: row["n"]
        for row in demo_engine.query("select month(ordered_at) as month, count(*) as n from main.order_lines group by 1").to_pylist()
    }
    assert by_month[8] < 0.9 * by_month[11] and by_month[12] < 0.9 * by_month[11]
    christmas = demo_engine.query("select count(*) as n from main.order_lines where month(ordered_at) = 12 and day(ordered_at) = 25")["n"][
        0
    ].as_py()
    assert christmas < 0.1 * workday / 156


def test_seasonal_customers_have_a_season() -> None:
    plan = Plan(lines=20_000, seed=2)
    clock = Clock.of(plan)
    buyers = customers(plan, clock, people(plan), products(plan, clock))
    placed = orders(plan, clock, buyers, usual_gaps(plan, buyers))
    month = np.array([clock.day(int(day)).month for day in placed.day])
    summer = np.isin(month, [4, 5, 6, 7])
    assert summer[buyers.season[placed.account] == 1].mean() > 0.6
    assert summer[buyers.season[placed.account] == 2].mean() < 0.15


def test_list_prices_rise_in_january(demo_engine: DuckDBEngine) -> None:
    rows = demo_engine.query(
        """select year(ordered_at) as year, median(list_amount / quantity / list_price) as level
           from main.order_lines join main.products using (product_id)
           where currency = 'EUR' and status = 'completed' group by 1 order by 1"""
    ).to_pylist()
    levels = [row["level"] for row in rows]
    assert levels == sorted(levels) and levels[0] < 0.96 and levels[-1] == pytest.approx(1.0, abs=0.002)


def test_margins_and_discounts_are_those_of_a_distributor(demo_engine: DuckDBEngine) -> None:
    row = demo_engine.query(
        """select 1 - sum(cost_amount) / sum(net_amount) as margin, 1 - sum(net_amount) / sum(list_amount) as discount,
           avg((cost_amount is null)::int) as without_cost from main.order_lines where status = 'completed' and cost_amount is not null"""
    ).to_pylist()[0]
    assert 0.18 < row["margin"] < 0.38 and 0.04 < row["discount"] < 0.16


def test_names_are_in_four_scripts(demo_engine: DuckDBEngine) -> None:
    for table in ("accounts", "reps"):
        names = "".join(demo_engine.query(f"select name from main.{table}")["name"].to_pylist())
        assert any("\u05d0" <= letter <= "\u05ea" for letter in names), "Hebrew"
        assert any(letter in "پچژگکی" for letter in names), "Persian"
        assert any(letter in "ąćęłńóśźżŁŚŻŹ" for letter in names), "Polish"
        assert any("a" <= letter <= "z" for letter in names), "English"


def test_two_currencies_with_a_rate_for_each_day_in_use(demo_engine: DuckDBEngine) -> None:
    assert set(demo_engine.query("select distinct currency from main.order_lines")["currency"].to_pylist()) == {"EUR", "GBP"}
    first = demo_engine.query("select min(day) as day from main.exchange_rates")["day"][0].as_py()
    earliest = demo_engine.query("select min(created_at)::date as day from main.opportunities")["day"][0].as_py()
    assert first <= min(earliest, dt.date(2023, 10, 1))


def test_funnel_and_pipeline_are_plausible(demo_engine: DuckDBEngine) -> None:
    leads = demo_engine.query(
        "select count(mql_at) / count(*) as mql, count(sql_at) / count(mql_at) as sql, count(account_id) / count(*) as won from main.leads"
    ).to_pylist()[0]
    assert 0.45 < leads["mql"] < 0.75 and 0.4 < leads["sql"] < 0.8 and 0.05 < leads["won"] < 0.2
    deals = demo_engine.query(
        """select count(*) filter (status = 'won') / count(*) filter (status <> 'open') as rate, count(*) filter (status = 'open') as open
           from main.opportunities"""
    ).to_pylist()[0]
    assert 0.25 < deals["rate"] < 0.5 and deals["open"] >= 24


def test_a_better_score_is_a_better_chance(demo_engine: DuckDBEngine) -> None:
    means = {
        row["won"]: row["score"]
        for row in demo_engine.query("select account_id is not null as won, avg(score) as score from main.leads group by 1").to_pylist()
    }
    assert means[True] > means[False] + 5


def test_targets_are_near_what_can_be_reached(demo_engine: DuckDBEngine) -> None:
    row = demo_engine.query(
        """select sum(t.value) as target, sum(a.net) as actual from main.targets as t
           join (select date_trunc('month', ordered_at)::date as month, sum(net_amount * if(currency = 'GBP', 1.16, 1)) as net
                 from main.order_lines where status = 'completed' group by 1) as a on a.month = t.period_start
           where t.kpi = 'net_sales' and t.grain = 'month' and t.dimension is null"""
    ).to_pylist()[0]
    assert 0.85 < float(row["actual"]) / float(row["target"]) < 1.15
