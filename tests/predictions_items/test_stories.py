"""What was planted is found: dropped items, products that go together, replaced and ended products."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from nextmove.predictions.contract import Learnt
from nextmove.predictions.cross_sell import CrossSell
from nextmove.predictions.items import Items
from nextmove.predictions.reorder import Reorder
from nextmove.predictions.slices import Sold

from .conftest import AS_OF, Story


def _pairs(rows: pa.Table) -> list[tuple[str, str]]:
    return list(zip(rows["account_id"].to_pylist(), rows["product_id"].to_pylist(), strict=True))


@pytest.fixture(scope="module")
def items(story: Story) -> pa.Table:
    return Items().fit(story.engine, as_of=AS_OF).predict().sort_by([("score", "descending")])


@pytest.fixture(scope="module")
def offers(story: Story) -> pa.Table:
    return CrossSell().fit(story.engine, as_of=AS_OF).predict()


def test_dropped_items_stand_at_the_top(story: Story, items: pa.Table) -> None:
    sold_on = items.filter(pa.compute.greater(items["at_stake"], 0))
    found = set(_pairs(sold_on)[: 2 * len(story.dropped)]) & story.dropped
    assert len(found) >= 0.9 * len(story.dropped)


def test_a_replaced_or_ended_product_is_nobodys_loss(story: Story, items: pa.Table) -> None:
    old, new = story.replaced
    replaced = items.filter(pa.compute.equal(items["product_id"], old)).to_pylist()
    assert replaced
    assert {row["replaced_by"] for row in replaced} == {new}
    ended = items.filter(pa.compute.equal(items["product_id"], story.ended)).to_pylist()
    assert ended
    assert {row["at_stake"] for row in replaced + ended} == {0.0}
    others = items.filter(pa.compute.less(items["product_id"], "P100")).to_pylist()
    assert {row["product_id"] for row in others if row["replaced_by"]} == {old}


def test_what_the_family_buys_is_offered_first(story: Story, offers: pa.Table) -> None:
    best: dict[str, tuple[float, str]] = {}
    for row in offers.to_pylist():
        best[row["account_id"]] = max(best.get(row["account_id"], (-1.0, "")), (row["score"], row["product_id"]))
    asked = [account for account in story.liked if account in best and (account, story.liked[account]) not in story.returned]
    assert len(asked) > 250
    assert np.mean([best[account][1] == story.liked[account] for account in asked]) > 0.9


def test_nothing_bought_ended_or_sent_back_is_offered(story: Story, offers: pa.Table) -> None:
    bought = set(_pairs(story.engine.query("select distinct account_id, product_id from facts.sales where is_purchase")))
    offered = set(_pairs(offers))
    assert story.returned & set(_pairs(story.engine.query("select account_id, product_id from facts.sales where status = 'returned'")))
    assert not offered & bought
    assert not offered & story.returned
    assert story.ended not in {product for _, product in offered}


def test_reasons_are_told_in_words_and_kept_as_evidence(items: pa.Table, offers: pa.Table) -> None:
    for rows in (items, offers):
        assert all(rows["reason"].to_pylist())
        said = json.loads(rows["evidence"][0].as_py())
        assert str(said[0]["values"]["product"]) in rows["reason"][0].as_py()


def test_the_next_order_holds_what_the_customer_always_takes(story: Story) -> None:
    rows = Reorder().fit(story.engine, as_of=AS_OF).predict().to_pylist()
    assert {row["account_id"] for row in rows} == set(
        story.engine.query("select distinct account_id from facts.sales")["account_id"].to_pylist()
    )
    least: dict[str, tuple[float, str]] = {}
    for row in rows:
        least[row["account_id"]] = min(least.get(row["account_id"], (2.0, "")), (row["score"], row["product_id"]))
    assert np.mean([least[account][1] == product for account, product in story.dropped]) > 0.9
    assert min(row["quantity"] for row in rows) > 0


@pytest.mark.parametrize("kind", [Items, CrossSell, Reorder], ids=lambda kind: kind.task)
def test_a_kept_fit_scores_the_same(kind: type, story: Story, tmp_path: Path) -> None:
    fitted = kind().fit(story.engine, as_of=AS_OF)
    fitted.learnt.save(tmp_path / "fit.json")
    kept = Learnt.load(tmp_path / "fit.json")
    assert kept.serves(kind(), as_of=AS_OF)
    assert kind().fit(story.engine, as_of=AS_OF, learnt=kept).predict().equals(fitted.predict())


def test_stopped_items_beat_the_rule_of_one_and_a_half_gaps(story: Story) -> None:
    report = Items().backtest(story.engine, as_of=AS_OF).to_pylist()
    latest = max(row["cutoff"] for row in report)
    auc = {row["method"]: row["value"] for row in report if row["measure"] == "auc" and row["cutoff"] == latest}
    assert auc["model"] > auc["rule"]


def test_backtests_of_lists_tell_the_money_that_they_find(story: Story) -> None:
    found = {kind: _money_found(kind, story) for kind in (Reorder, CrossSell)}
    assert found[Reorder]["rule"] <= found[Reorder]["model"] <= 1
    assert found[Reorder]["model"] > 0.8  # what the customer always takes is easily told
    assert np.isnan(found[CrossSell]["model"])  # nobody takes anything new in this company


def _money_found(kind: type, story: Story) -> dict[str, float]:
    report = kind().backtest(story.engine, as_of=AS_OF).to_pylist()
    latest = max(row["cutoff"] for row in report)
    return {row["method"]: row["value"] for row in report if row["measure"] == "money_captured_at_10" and row["cutoff"] == latest}


def test_money_is_held_against_the_best_list_of_that_length() -> None:
    key = np.array([3, 5, 12, 14, 19])  # two customers of ten products each
    sold = Sold(key, key // 10, np.array([40.0, 10.0, 100.0, 5.0, -7.0]))
    account, product = np.array([0, 0, 0, 1, 1]), np.array([3, 4, 5, 4, 2])
    money = sold.of(account * 10 + product)
    assert money.tolist() == [40, 0, 10, 5, 100]
    assert sold.captured(account, np.array([3.0, 2, 1, 2, 1]), money, length=1) == pytest.approx(45 / 140)
    assert sold.captured(account, np.array([3.0, 2, 1, 2, 1]), money, length=3) == pytest.approx(1)


def test_short_history_is_served_by_the_rule_and_says_so(story: Story) -> None:
    early = AS_OF - dt.timedelta(days=620)
    for kind, method in ((Items, "rule"), (CrossSell, "affinity"), (Reorder, "rule")):
        rows = kind().fit(story.engine, as_of=early).predict()
        assert set(rows["method"].to_pylist()) <= {method}
