"""The forecast by month: parts add up, bands hold what they promise, planted seasons and rhythms come back."""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Callable
from itertools import product

import numpy as np
import pyarrow as pa
import pytest

from nextmove.engine import DuckDBEngine
from nextmove.errors import MissingData
from nextmove.predictions.bands import LEVELS, factors
from nextmove.predictions.forecast import Forecast
from nextmove.predictions.month_methods import METHODS, Known, Rhythm, forecasts
from nextmove.predictions.month_season import season
from nextmove.predictions.months import DIMENSIONS, month_number

AS_OF = dt.date(2023, 6, 30)
Rows = list[dict[str, object]]
KPIS = ("net_sales", "gross_profit")


@pytest.fixture(scope="module")
def rows(company: DuckDBEngine) -> Rows:
    told: Rows = Forecast().fit(company, as_of=AS_OF).predict().to_pylist()
    return told


def _sum(rows: Rows, column: str, **where: object) -> float:
    return sum(float(row[column]) for row in rows if all(row[name] == value for name, value in where.items()))  # type: ignore[arg-type]


@pytest.mark.parametrize("as_of", [AS_OF, dt.date(2023, 5, 17)])
def test_the_parts_of_each_dimension_add_up_to_the_company_to_the_cent(company: DuckDBEngine, as_of: dt.date) -> None:
    rows = Forecast().fit(company, as_of=as_of).predict().to_pylist()
    for kpi, column, month in product(KPIS, ("value", "booked", "repeat", "pipeline"), {row["period_start"] for row in rows}):
        whole = _sum(rows, column, kpi=kpi, dimension="company", period_start=month)
        for dimension in DIMENSIONS:
            parts = _sum(rows, column, kpi=kpi, dimension=dimension, period_start=month)
            assert parts == pytest.approx(whole, abs=0.001), (kpi, column, dimension, month)


def test_representatives_add_up_to_their_team(company: DuckDBEngine, rows: Rows) -> None:
    team_of = dict(company.query("select distinct rep_id, team from facts.sales where rep_id is not null").to_pandas().values.tolist())
    for team in sorted(set(team_of.values())):
        mine = [row for row in rows if row["dimension"] == "rep" and team_of[row["member"]] == team]
        assert _sum(mine, "value") == pytest.approx(_sum(rows, "value", dimension="team", member=team), abs=0.01)


def test_bounds_lie_around_the_value_and_the_half_within_the_four_fifths(rows: Rows) -> None:
    for row in rows:
        assert row["value_lo"] <= row["value_lo_50"] <= row["value"] <= row["value_hi_50"] <= row["value_hi"]  # type: ignore[operator]
        assert row["value"] == pytest.approx(row["booked"] + row["repeat"] + row["pipeline"], abs=0.011)  # type: ignore[operator]


def test_a_whole_lies_within_what_its_parts_reach_together(company: DuckDBEngine, rows: Rows) -> None:
    """At both levels: the parts' lower bounds add up to no more than the whole's, their upper ones to no less."""
    team_of = dict(company.query("select distinct rep_id, team from facts.sales where rep_id is not null").to_pandas().values.tolist())
    wholes = [({"dimension": "company"}, {"dimension": name}) for name in DIMENSIONS]
    for month in {row["period_start"] for row in rows}:
        for kpi, low, high in product(KPIS, ("value_lo", "value_lo_50"), ("value_hi", "value_hi_50")):
            told = [row for row in rows if row["period_start"] == month and row["kpi"] == kpi]
            for whole, parts in wholes:
                assert _sum(told, low, **parts) <= _sum(told, low, **whole) + 0.5
                assert _sum(told, high, **parts) >= _sum(told, high, **whole) - 0.5
            for team in set(team_of.values()):
                mine = [row for row in told if row["dimension"] == "rep" and team_of[row["member"]] == team]
                assert _sum(mine, low) <= _sum(told, low, dimension="team", member=team) + 0.5
                assert _sum(mine, high) >= _sum(told, high, dimension="team", member=team) - 0.5


def test_bands_widen_with_the_months_ahead(rows: Rows) -> None:
    for low, high in (("value_lo", "value_hi"), ("value_lo_50", "value_hi_50")):
        whole = [row for row in rows if row["dimension"] == "company" and row["kpi"] == "net_sales"]
        width = [float(row[high]) - float(row["value"]) for row in whole]  # type: ignore[arg-type]
        assert [round(each, 1) for each in width] == sorted(round(each, 1) for each in width)
        assert width[-1] > width[0] > 0
        assert all(row[low] < row["value"] for row in whole)  # type: ignore[operator]


def test_a_profit_that_falls_below_nothing_has_bands_that_do_too(make_company: Callable[[pa.Table], DuckDBEngine]) -> None:
    lines = _seasonal(54, noise=0.3)
    rng = np.random.default_rng(2)
    month = lines["day"].to_numpy().astype("datetime64[M]").astype(np.int64)
    share = 1 + rng.normal(0, 0.2, month.max() + 1)[month]  # cost is as often above the price as below
    costly = lines.set_column(lines.column_names.index("cost"), "cost", pa.array(np.round(lines["net"].to_numpy() * share, 2)))
    company = make_company(costly)
    fitted = Forecast().fit(company, as_of=dt.date(2023, 12, 31))
    rows = [row for row in fitted.predict().to_pylist() if row["kpi"] == "gross_profit"]
    assert min(row["value_lo"] for row in rows) < 0
    whole = [row for row in rows if row["dimension"] == "company"]
    ask = "select cast(sum(net - cost) as double) as profit from facts.sales where date_trunc('month', day) = date '{month}'"
    came = [company.query(ask.format(month=row["period_start"]))["profit"][0].as_py() for row in whole]
    assert sum(row["value_lo"] <= money <= row["value_hi"] for row, money in zip(whole, came, strict=True)) >= 4
    for dimension in DIMENSIONS:
        assert _sum(rows, "value", dimension=dimension) == pytest.approx(sum(row["value"] for row in whole), abs=0.01)


def test_bands_that_rest_on_few_months_are_wider() -> None:
    rng = np.random.default_rng(4)
    surprise = np.abs(rng.normal(0, 1, (40, 30, 1)))
    worth, groups = np.ones(30, bool), {"rep": np.arange(30)}
    few, many = (factors(surprise[:months], worth, groups) for months in (5, 40))
    for level in LEVELS:
        assert few[level].mean() > 1.05 * many[level].mean()
    assert (np.abs(rng.normal(0, 1, 4000)) <= many[0.8][0]).mean() == pytest.approx(0.82, abs=0.03)


def test_of_the_month_that_runs_what_is_booked_stays(company: DuckDBEngine) -> None:
    rows = Forecast().fit(company, as_of=dt.date(2023, 5, 17)).predict().to_pylist()
    ask = "select cast(sum(net) as double) as net from facts.sales where day >= date '2023-05-01' and day <= date '2023-05-17'"
    booked = company.query(ask)["net"][0].as_py()
    first = next(row for row in rows if row["kpi"] == "net_sales" and row["dimension"] == "company")
    assert first["period_start"] == dt.date(2023, 5, 1)
    assert first["booked"] == pytest.approx(booked)
    assert first["value_lo"] >= first["booked"]


def test_too_short_a_history_is_told(company: DuckDBEngine) -> None:
    with pytest.raises(MissingData, match="18 complete months"):
        Forecast().fit(company, as_of=dt.date(2022, 3, 31))


def test_without_costs_only_net_sales_is_told(lines: pa.Table, make_company: Callable[[pa.Table], DuckDBEngine]) -> None:
    free = lines.set_column(lines.column_names.index("cost"), "cost", pa.nulls(lines.num_rows, pa.float64()))
    assert set(Forecast().fit(make_company(free), as_of=AS_OF).predict()["kpi"].to_pylist()) == {"net_sales"}


def _seasonal(months: int, *, noise: float, growth: float = 0.01, chance: int | None = None, seed: int = 5) -> pa.Table:
    """Customers who order once a month, twice as much in November and December, growing one percent a month; with known noise,
    that comes back after so many months of `chance`."""
    rng = np.random.default_rng(seed)
    start = month_number(dt.date(2020, 1, 1))
    column = np.repeat(np.arange(months), 60)
    account = np.tile(np.arange(60), months)
    days = (start + column).astype("datetime64[M]").astype("datetime64[D]") + (account % 27)
    shape = np.where(column % 12 >= 10, 2.0, 1.0) * (1 + growth) ** column
    drawn = rng.normal(0, noise, len(column))[(column % (chance or months)) * 60 + account]
    net = np.round((50 + account) * shape * np.exp(drawn), 2)
    return pa.table(
        {
            "order_id": np.char.add("O", np.arange(len(column)).astype(str)),
            "line_no": np.ones(len(column), np.int64),
            "day": days,
            "account_id": np.char.add("A", np.char.zfill(account.astype(str), 3)),
            "product_id": np.char.add("P", (account % 7).astype(str)),
            "quantity": np.ones(len(column), np.int64),
            "net": net,
            "cost": np.round(0.6 * net, 2),
            "status": np.array(["completed"] * len(column)),
        }
    )


def test_a_planted_season_and_growth_come_back(make_company: Callable[[pa.Table], DuckDBEngine]) -> None:
    company = make_company(_seasonal(54, noise=0.2))
    rows = Forecast().fit(company, as_of=dt.date(2023, 9, 30)).predict().to_pylist()
    told = [row for row in rows if row["dimension"] == "company" and row["kpi"] == "net_sales"]
    ask = "select cast(sum(net) as double) as net from facts.sales where date_trunc('month', day) = date '{month}'"
    came = [company.query(ask.format(month=row["period_start"]))["net"][0].as_py() for row in told]
    assert [row["value"] for row in told] == pytest.approx(came, rel=0.2)
    assert sum(row["value"] for row in told) == pytest.approx(sum(came), rel=0.08)


def test_where_each_year_repeats_the_last_the_rule_is_told(make_company: Callable[[pa.Table], DuckDBEngine]) -> None:
    company = make_company(_seasonal(36, noise=0.5, growth=0, chance=12))
    rows = Forecast().fit(company, as_of=dt.date(2022, 6, 30)).predict().to_pylist()
    assert {row["method"] for row in rows} == {"rule"}
    told = [row["value"] for row in rows if row["dimension"] == "company" and row["kpi"] == "net_sales"]
    between = "day between date '2021-07-01' and date '2021-12-31'"
    ask = f"select cast(sum(net) as double) as net from facts.sales where {between} group by month(day) order by month(day)"
    assert told == pytest.approx(company.query(ask)["net"].to_pylist(), rel=0.1)  # for the working days of each month differ
    methods = {row["method"] for row in Forecast().backtest(company, as_of=dt.date(2022, 12, 31)).to_pylist()}
    assert "rule (chosen)" in methods


def test_where_a_company_grows_the_rule_is_not_told(make_company: Callable[[pa.Table], DuckDBEngine]) -> None:
    rows = Forecast().fit(make_company(_seasonal(36, noise=0.2)), as_of=dt.date(2022, 6, 30)).predict()
    assert set(rows["method"].to_pylist()) == {"model"}


def test_a_season_is_believed_as_far_as_it_repeats() -> None:
    """Seen in one year and a half: nearly whole where the months that came twice agree, hardly where chance makes them differ."""
    rng = np.random.default_rng(3)
    month = np.arange(18) % 12
    planted = np.where(month >= 9, 2.0, 0.8)
    steady = season(planted[None, :] * np.exp(rng.normal(0, 0.03, (1, 18))), month)[0]
    assert steady[9:] == pytest.approx(planted[9:12] / planted[:12].mean(), rel=0.1)
    chance = season(np.exp(rng.normal(0, 0.3, (200, 18))), month)
    assert chance.std() < 0.3 / 2


@pytest.mark.parametrize("every", [3, 5])  # in the same months of each year, and in others
def test_customers_who_order_every_few_months_are_expected_in_theirs(every: int) -> None:
    rng = np.random.default_rng(1)
    phase = np.array([0] * 60 + [1] * 30 + [2] * 10)[:, None]
    customers = np.where(np.arange(40) % every == phase, 100.0, 0.0) * np.exp(rng.normal(0, 0.1, (100, 40)))
    total = customers.sum(axis=0, keepdims=True)
    told = forecasts(Known(total[:, :36], 0), Rhythm.learn(customers[:, :36], 4), 4)
    errors = np.abs(told[:, 0] - total[0, 36:]).sum(axis=1) / total[0, 36:].sum()
    assert errors[METHODS.index("rhythm")] < 0.1
    assert every == 3 or errors[METHODS.index("rhythm")] < errors[METHODS.index("smoothed")] / 3


def test_the_bands_hold_on_the_past_what_they_promise(make_company: Callable[[pa.Table], DuckDBEngine]) -> None:
    company = make_company(_seasonal(54, noise=0.5))
    figures = Forecast(horizon_days=90).backtest(company, as_of=dt.date(2024, 6, 30)).to_pylist()
    held = [row["value"] for row in figures if row["measure"] == "share_within_80_percent_interval"]
    assert 0.7 <= np.mean(held) <= 0.92
    error = {m: np.mean([row["value"] for row in figures if row["method"] == m and row["measure"] == "wape"]) for m in ("rule", "model")}
    assert error["model"] < error["rule"]


def test_open_deals_with_new_accounts_count_once(lines: pa.Table, make_company: Callable[[pa.Table], DuckDBEngine]) -> None:
    """Ten won deals of accounts whose first order followed; one open now. The deals of customers add nothing."""
    company = make_company(lines)
    firsts = "select account_id, min(day) as first_day, sum(net) as net from facts.sales where is_purchase group by account_id"
    company.execute(
        f"""create or replace table facts.deals as
        select 'W' || account_id as opportunity_id, first_day - 20 as day, account_id, 'P001' as product_id, 'web' as source,
            'visit' as contact_method, cast(500 as decimal(18, 4)) as amount, 'north' as region, 'all' as segment, 'any' as industry,
            'DE' as country, 'field' as channel, 'south' as team, 'R1' as rep_id, cast(null as varchar) as lead_id, first_day as closed_day,
            false as undated, 'won' as status
        from ({firsts}) where first_day between date '2022-07-01' and date '2023-05-15'"""
    )
    company.execute(
        """create or replace table facts.stage_stays as
        select opportunity_id, 'talk' as stage, day, cast(day as timestamp) as entered_at, cast(closed_day as timestamp) as left_at
        from facts.deals"""
    )
    without = Forecast().fit(company, as_of=AS_OF).predict().to_pylist()
    for account, deal in (("NEW", "X1"), ("A00000", "X2")):  # a stranger, and a customer of long standing
        company.execute(
            f"""insert into facts.deals select '{deal}', date '2023-06-15', '{account}', 'P001', 'web', 'visit', 90000, 'north', 'all',
            'any', 'DE', 'field', 'south', 'R1', null, null, false, 'open'"""
        )
        company.execute(f"insert into facts.stage_stays values ('{deal}', 'talk', date '2023-06-15', timestamp '2023-06-15', null)")
    told = Forecast().fit(company, as_of=AS_OF).predict().to_pylist()
    where = {"kpi": "net_sales", "dimension": "company"}
    more = _sum(told, "pipeline", **where)
    assert _sum(without, "pipeline", **where) == 0
    assert 0 < more <= 90000
    assert _sum(told, "value", **where) - _sum(without, "value", **where) == pytest.approx(more, rel=0.01)


def test_a_company_that_sells_no_more_is_forecast_at_nothing(company: DuckDBEngine) -> None:
    """Nor does it warn: years without a sale hold no error to learn from."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        rows = Forecast().fit(company, as_of=dt.date(2035, 1, 31)).predict().to_pylist()
    assert rows and all(row["value_lo"] == row["value"] == row["value_hi"] == 0 for row in rows)
