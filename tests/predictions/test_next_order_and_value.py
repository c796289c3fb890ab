"""When the next order comes, and what a customer is worth: better than the rule, intervals that hold, totals that add up."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest

from nextmove.engine import DuckDBEngine
from nextmove.predictions.choosing import RULE_IS_USED, erred_less
from nextmove.predictions.clv import CustomerValue
from nextmove.predictions.contract import Learnt
from nextmove.predictions.next_order import NextOrder, days_at, share_at
from nextmove.predictions.rhythm import gap_quantiles, purchase_days
from nextmove.predictions.waiting import Waiting

AS_OF = dt.date(2023, 6, 30)


def _mean(company: DuckDBEngine, task: NextOrder | CustomerValue) -> dict[tuple[str, str], float]:
    rows = task.backtest(company, as_of=AS_OF).to_pandas()
    means: dict[tuple[str, str], float] = rows.groupby(["method", "measure"])["value"].mean().to_dict()
    return means


def test_next_order_beats_last_day_plus_median_gap_and_its_interval_holds(company: DuckDBEngine) -> None:
    told = _mean(company, NextOrder())
    assert told["model", "mean_absolute_error_days"] < 0.9 * told["rule", "mean_absolute_error_days"]
    assert 0.72 <= told["model", "share_within_interval"] <= 0.88


def test_next_order_rows_are_in_order_and_late_ones_lie_beyond_the_horizon(company: DuckDBEngine) -> None:
    rows = NextOrder().fit(company, as_of=AS_OF).predict().to_pandas()
    assert (rows.days_lo <= rows.days_hi).all()
    assert (rows.days >= 1).all()
    assert (rows[rows.score < 0.5].days > 90).all()
    assert (rows[rows.score > 0.5].days <= 90).all()
    assert (rows.amount > 0).all()


def test_days_and_shares_are_each_others_inverse(company: DuckDBEngine) -> None:
    fitted = NextOrder().fit(company, as_of=AS_OF)
    waiting = Waiting.from_plain(fitted.learnt.content["waiting"])
    curve = np.array([[0.0, 0.2, 0.5, 0.9, 1.4, 2.0], [0.0, 0.1, 0.15, 0.2, 0.25, 0.3]])
    assert share_at(curve, waiting, days_at(curve, waiting, 0.2)) == pytest.approx([0.2, 0.2])
    assert days_at(curve, waiting, 0.5)[1] > 90


def test_value_ranks_better_than_last_years_sales_and_keeps_its_total(company: DuckDBEngine) -> None:
    told = _mean(company, CustomerValue(horizon_days=180))
    assert told["model", "spearman_net_sales"] > told["rule", "spearman_net_sales"]
    assert abs(told["model", "bias_of_total"]) < 0.2


def test_four_in_five_customers_end_within_the_intervals_of_value_at_least(company: DuckDBEngine) -> None:
    told = _mean(company, CustomerValue(horizon_days=180))
    assert 0.8 <= told["model", "share_within_interval_of_purchases"] < 1
    assert 0.75 <= told["model", "share_within_interval_of_value"] <= told["model", "share_within_interval_of_purchases"]


def test_value_has_every_customer_profit_at_its_margin_and_three_years_above_one(company: DuckDBEngine) -> None:
    rows = CustomerValue().fit(company, as_of=AS_OF).predict().to_pandas()
    known = purchase_days(company, AS_OF)
    assert len(rows) == len(known.accounts)
    assert rows.value.sum() == pytest.approx(0.4 * rows.revenue.sum(), rel=0.02)  # cost is 60 % of sales in this company
    assert rows.historic_value.sum() == pytest.approx(known.profit.sum(), rel=1e-6)
    assert (rows.value_lo <= rows.value_hi).all()
    assert rows.value_36_months.sum() > rows.value.sum()
    assert (rows.purchases_36_months >= rows.purchases).all()
    for over in ("", "_36_months"):
        low, said, high = (rows[f"purchases{over}{end}"] for end in ("_lo", "", "_hi"))
        assert ((low <= said) & (said <= high)).all()
    assert (rows.purchases_36_months_hi - rows.purchases_36_months_lo).sum() > (rows.purchases_hi - rows.purchases_lo).sum()
    assert rows.purchases_36_months.sum() < 3.1 * rows.purchases.sum()  # customers leave, they do not come back
    assert ((rows.value_36_months_lo <= rows.value_36_months) & (rows.value_36_months <= rows.value_36_months_hi)).all()
    assert (rows.value_36_months_hi - rows.value_36_months_lo).sum() > (rows.value_hi - rows.value_lo).sum()
    once = rows[rows.account_id.isin(known.accounts.take(np.flatnonzero(np.diff(known.starts) == 1)).to_pylist())]
    assert once.p_alive.max() < 1


@pytest.mark.parametrize("task", [NextOrder(), CustomerValue()])
def test_what_was_learnt_survives_being_stored(task: NextOrder | CustomerValue, company: DuckDBEngine) -> None:
    fitted = task.fit(company, as_of=AS_OF)
    stored = Learnt(task.task, AS_OF, fitted.learnt.settings, json.loads(json.dumps(fitted.learnt.content)))
    assert task.fit(company, as_of=AS_OF, learnt=stored).predict().equals(fitted.predict())


def test_own_gaps_as_numpy_has_them(company: DuckDBEngine) -> None:
    days = purchase_days(company, AS_OF)
    at = days.summary(days.first_day + 500)
    told = gap_quantiles(days, at, (0.1, 0.5, 0.9))
    for place in range(0, len(at.who), 37):
        own = np.diff(days.day[at.begin[place] : at.end[place]])
        for share, values in zip((0.1, 0.5, 0.9), told, strict=True):
            expected = np.quantile(own, share) if len(own) else np.nan
            assert values[place] == pytest.approx(expected, nan_ok=True)


@pytest.fixture
def quarterly(make_company: Callable[[pa.Table], DuckDBEngine]) -> DuckDBEngine:
    """Customers who each order the same every quarter: the last order and the gap tell everything."""
    rng, first = np.random.default_rng(7), dt.date(2021, 1, 4)
    rows = []
    for customer in range(120):
        begins, net = int(rng.integers(0, 91)), float(rng.integers(2, 90)) * 100
        for nth in range(11):
            day = first + dt.timedelta(days=begins + 91 * nth + int(rng.integers(-2, 3)))
            row = {"order_id": f"{customer}-{nth}", "line_no": 1, "day": day, "account_id": f"A{customer:03}", "product_id": "P1"}
            rows.append(row | {"quantity": 1.0, "net": net, "cost": 0.6 * net, "status": "completed"})
    return make_company(pa.Table.from_pylist(rows))


def test_the_rule_is_used_where_it_erred_less(quarterly: DuckDBEngine) -> None:
    rows = NextOrder().fit(quarterly, as_of=AS_OF).predict().to_pandas()
    assert set(rows.method) == {"rule"}
    assert rows.days.between(1, 97).all()
    assert (rows.days_lo <= rows.days).all()
    assert (rows.days_hi - rows.days).between(1, 30).all()
    known = purchase_days(quarterly, AS_OF)
    worth = CustomerValue().fit(quarterly, as_of=AS_OF).predict().to_pandas()
    assert set(worth.method) == {"rule"}
    assert worth.revenue.to_numpy() == pytest.approx(
        known.sum_between("net", known.day.max() - 365, known.day.max(), np.arange(120)), rel=0.3
    )
    assert (worth.purchases == worth.purchases.round()).all()
    assert ((worth.value_lo <= worth.value) & (worth.value <= worth.value_hi)).all()


@pytest.mark.parametrize("task", [NextOrder(), CustomerValue(horizon_days=90)])
def test_the_backtest_says_which_method_is_used(task: NextOrder | CustomerValue, company: DuckDBEngine, quarterly: DuckDBEngine) -> None:
    assert set(task.backtest(company, as_of=AS_OF)["method"].to_pylist()) == {"model", "rule"}
    told = task.backtest(quarterly, as_of=dt.date(2023, 9, 15)).to_pandas()
    latest = told[told.cutoff == told.cutoff.max()]
    assert set(latest.method) == {RULE_IS_USED, "rule"}
    error = latest[latest.measure.str.startswith("mean_absolute_error")].set_index("method")["value"]
    assert error[RULE_IS_USED] == pytest.approx(error["rule"], abs=0.1)


def test_ours_is_used_unless_the_rule_erred_less() -> None:
    assert erred_less({"model": [], "rule": []}) == "model"
    assert erred_less({"model": [2.0, 4.0], "rule": [3.0, 3.0]}) == "model"
    assert erred_less({"model": [2.0, 4.1], "rule": [3.0, 3.0]}) == "rule"
