"""Who stays away: beats the vendors' rule on a simulated company, is calibrated, can be stored, and does not call seasons losses."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from nextmove import words
from nextmove.engine import DuckDBEngine
from nextmove.errors import UserError
from nextmove.predictions import Learnt
from nextmove.predictions.customers import Customers, FittedCustomers
from nextmove.predictions.listing import list_figures
from nextmove.predictions.mixing import judge

AS_OF = dt.date(2023, 6, 30)


@pytest.fixture(scope="module")
def fitted(company: DuckDBEngine) -> FittedCustomers:
    return Customers().fit(company, as_of=AS_OF)


@pytest.fixture(scope="module")
def looked_back(company: DuckDBEngine) -> dict[tuple[str, str], float]:
    """Mean over the cut-offs of each figure of the backtest: (method, measure and bucket) → value."""
    rows = Customers().backtest(company, as_of=AS_OF).to_pandas()
    rows["figure"] = (rows.measure + " " + rows.bucket).str.strip()
    return rows.groupby(["method", "figure"])["value"].mean().to_dict()


def test_beats_the_rule_on_the_companys_own_past(looked_back: dict[tuple[str, str], float]) -> None:
    assert looked_back["model", "auc"] > looked_back["rule", "auc"] + 0.03
    assert looked_back["model", "average_precision"] > looked_back["rule", "average_precision"]
    assert looked_back["model", "precision_at 50"] > looked_back["rule", "precision_at 50"]
    assert looked_back["model", "money_captured_at 50"] > 1.3 * looked_back["model", "base_rate"] * 50 / 300


def test_probabilities_come_true(looked_back: dict[tuple[str, str], float]) -> None:
    said, came = ([looked_back["model", f"calibration_{what} {tenth}"] for tenth in range(1, 11)] for what in ("said", "came"))
    assert np.mean(np.abs(np.array(said) - np.array(came))) < 0.08
    assert abs(np.mean(said) - np.mean(came)) < 0.05
    assert looked_back["model", "brier"] < looked_back["model", "base_rate"] * (1 - looked_back["model", "base_rate"])


def test_a_stored_fit_gives_the_same_answer_and_serves_the_days_after(
    fitted: FittedCustomers, company: DuckDBEngine, tmp_path: Path
) -> None:
    fitted.learnt.save(tmp_path / "customers.json")
    stored = Learnt.load(tmp_path / "customers.json")
    assert Customers().fit(company, as_of=AS_OF, learnt=stored).predict().equals(fitted.predict())
    later = Customers().fit(company, as_of=AS_OF + dt.timedelta(days=3), learnt=stored)
    assert later.learnt.learnt_on == AS_OF
    assert set(later.predict()["as_of"].to_pylist()) == {AS_OF + dt.timedelta(days=3)}
    assert not stored.serves(Customers(horizon_days=30), as_of=AS_OF)
    assert not stored.serves(Customers(), as_of=AS_OF + dt.timedelta(days=7), for_days=7)
    (tmp_path / "customers.json").write_text("{")
    with pytest.raises(UserError, match="no stored fit"):
        Learnt.load(tmp_path / "customers.json")


def test_every_customer_with_a_rhythm_is_scored_and_one_order_is_none(fitted: FittedCustomers, lines: pa.Table) -> None:
    bought = lines.filter(pc.and_(pc.equal(lines["status"], "completed"), pc.less_equal(lines["day"], pa.scalar(AS_OF, pa.date32()))))
    count = bought.group_by(["account_id", "day"]).aggregate([]).group_by("account_id").aggregate([([], "count_all")])
    wanted = count.filter(pc.greater_equal(count["count_all"], 3))["account_id"].to_pylist()
    assert set(fitted.predict()["account_id"].to_pylist()) == set(wanted)
    assert len(wanted) < count.num_rows


def test_reasons_are_told_in_words_and_kept_as_facts(fitted: FittedCustomers) -> None:
    row = fitted.predict().slice(0, 1).to_pylist()[0]
    facts = json.loads(row["evidence"])
    assert row["reason"] == "; ".join(words.text(fact["say"], **fact["values"]) for fact in facts)
    assert facts[0]["values"]["quiet"] == row["quiet_days"]


def _yearly(days: list[dt.date], account: str) -> list[dict[str, object]]:
    row = {"line_no": 1, "product_id": "P001", "quantity": 5.0, "net": 900.0, "cost": 500.0, "status": "completed", "account_id": account}
    return [{**row, "order_id": f"{account}{n}", "day": day} for n, day in enumerate(days)]


def test_a_seasonal_customer_out_of_season_is_neither_late_nor_at_stake(
    lines: pa.Table, make_company: Callable[[pa.Table], DuckDBEngine]
) -> None:
    christmas = [dt.date(year, 11, day) for year in (2021, 2022) for day in (3, 12, 24)]
    steady = [dt.date(2021, 2, 1) + dt.timedelta(days=14 * n) for n in range(46)]  # until November 2022, then silent
    more = pa.Table.from_pylist(_yearly(christmas, "SEASON") + _yearly(steady, "LEFT"))
    company = make_company(pa.concat_tables([lines, more.select(lines.column_names).cast(lines.schema)]))
    rows = {row["account_id"]: row for row in Customers().fit(company, as_of=dt.date(2023, 5, 31)).predict().to_pylist()}
    assert rows["SEASON"]["late_by_days"] == 0
    assert rows["LEFT"]["late_by_days"] > 150
    assert rows["LEFT"]["score"] > 0.9
    assert rows["SEASON"]["at_stake"] < 0.3 * rows["LEFT"]["at_stake"]


def test_short_history_is_scored_by_the_repeat_buying_model_alone(company: DuckDBEngine) -> None:
    early = Customers().fit(company, as_of=dt.date(2021, 5, 15))
    (wait,) = early.learnt.content["waits"]
    assert wait["trees"] is None
    rows = early.predict()
    assert rows.num_rows > 10
    assert 0 < rows["score"].to_numpy().min() < rows["score"].to_numpy().max() < 1


def test_the_rule_is_used_where_it_ranks_better() -> None:
    rng = np.random.default_rng(5)
    came = rng.random(800) < 0.4
    noise, telling = rng.normal(size=(800, 3)), np.where(came, 2.0, -2.0) + rng.normal(size=800)
    assert judge([(np.column_stack([noise, telling]), came, 0.0)]).method == "rule"
    assert judge([(np.column_stack([telling, noise]), came, 0.0)]).method == "model"


def test_backtest_figures_of_a_known_list() -> None:
    came, score = np.array([True, False] * 30), np.linspace(1, 0, 60)
    figures = {(f["measure"], f.get("bucket", "")): f["value"] for f in list_figures(came, score, np.ones(60), probability=True)}
    assert figures["base_rate", ""] == 0.5
    assert figures["precision_at", "20"] == 0.5
    assert figures["auc", ""] == pytest.approx(465 / 900)
    assert figures["money_captured_at", "50"] == pytest.approx(25 / 30)


def _contracts(make_company: Callable[[pa.Table], DuckDBEngine], lines: pa.Table) -> DuckDBEngine:
    """A company with six customers on a schedule: call-offs each month and each quarter, a renewal each year; of each kind one that keeps
    its day and one that did not come in spring 2023."""
    first = dt.date(2021, 2, 10)
    jitter = (0, 2, -1, 1, 0, -2, 1)
    steps = {"MONTH": (30.4, 28, 26), "QUARTER": (91.3, 10, 9)}
    rows = []
    for name, (step, kept, left) in steps.items():
        for account, orders in ((f"{name}_KEPT", kept), (f"{name}_MISSED", left)):
            days = [first + dt.timedelta(days=round(step * nth) + jitter[nth % 7]) for nth in range(orders)]
            rows += _yearly(days, account)
    renewals = [dt.date(2021, 3, 28), dt.date(2022, 4, 2), dt.date(2023, 3, 30)]
    rows += _yearly(renewals, "YEAR_KEPT")
    rows += _yearly([dt.date(2020, 4, 20), dt.date(2021, 4, 25), dt.date(2022, 4, 18)], "YEAR_MISSED")
    more = pa.Table.from_pylist(rows)
    return make_company(pa.concat_tables([lines, more.select(lines.column_names).cast(lines.schema)]))


def test_a_contract_buyer_is_not_lost_before_its_own_day_and_is_flagged_soon_after(
    lines: pa.Table, make_company: Callable[[pa.Table], DuckDBEngine]
) -> None:
    task, on = Customers(), dt.date(2023, 5, 31)
    company = _contracts(make_company, lines)
    rows = {row["account_id"]: row for row in task.fit(company, as_of=on).predict().to_pylist()}
    for name in ("MONTH_KEPT", "QUARTER_KEPT", "YEAR_KEPT"):
        assert rows[name]["late_by_days"] == 0
        assert rows[name]["due_on"] > on
        assert f"the next order is due on {rows[name]['due_on']}" in rows[name]["reason"]
    for name in ("MONTH_KEPT", "QUARTER_KEPT"):
        assert rows[name]["score"] < 0.2
    assert rows["YEAR_KEPT"]["at_stake"] == 0, "nothing is due within the horizon"
    for name in ("MONTH_MISSED", "QUARTER_MISSED", "YEAR_MISSED"):
        assert 0 < rows[name]["late_by_days"] < 60
        assert rows[name]["score"] > 0.74
        assert f"the order due on {rows[name]['due_on']} has not come" in rows[name]["reason"]
    evidence = json.loads(rows["YEAR_KEPT"]["evidence"])[0]
    assert evidence == {"say": "predictions.customers.schedule", "values": {"every": 366, "quiet": 62, "due_on": "2024-03-30"}}
