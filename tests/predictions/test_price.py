"""Price ranges: who pays less than comparable customers is found, with the money of a year; a few customers are no comparison."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from nextmove.engine import DuckDBEngine
from nextmove.predictions import price
from nextmove.predictions.price import Price

AS_OF = dt.date(2023, 6, 30)


def _lines(prices: list[float], *, rise: float = 1.0, days: int = 4) -> pa.Table:
    """Each customer buys two pieces of P1 on so many days, a month apart, at its own price, from March 2023 on at `rise` times it."""
    who = np.repeat(np.arange(len(prices)), days)
    day = np.datetime64("2023-05-10") - np.tile(np.arange(days) * 30, len(prices))
    net = np.round(2 * np.array(prices)[who] * np.where(day >= np.datetime64("2023-03-01"), rise, 1.0), 2)
    return pa.table(
        {
            "order_id": np.char.add("O", np.arange(len(who)).astype(str)),
            "line_no": np.ones(len(who), np.int64),
            "day": day,
            "account_id": np.char.add("A", who.astype(str)),
            "product_id": np.array(["P1"] * len(who)),
            "quantity": np.full(len(who), 2),
            "net": net,
            "cost": np.round(net / 2, 2),
            "status": np.array(["completed"] * len(who)),
        }
    )


def test_a_low_price_is_found_with_the_money_of_a_year(make_company: Callable[[pa.Table], DuckDBEngine]) -> None:
    company = make_company(_lines([8, 10, 10, 10, 10, 10, 12, 12]))
    rows = {row["account_id"]: row for row in Price().fit(company, as_of=AS_OF).predict().to_pylist()}
    low, high = rows["A0"], rows["A7"]
    assert (low["price"], low["price_median"], low["peers"]) == (8, 10, 7)
    assert low["value"] == pytest.approx((10 - 8) * 8)
    assert low["value_hi"] == pytest.approx((low["price_hi"] - 8) * 8)
    assert (high["value"], high["value_hi"]) == (0, 0)
    assert (low["quantity_from"], low["quantity_to"]) == (2, 3)


def test_too_few_customers_are_no_comparison(make_company: Callable[[pa.Table], DuckDBEngine]) -> None:
    company = make_company(_lines([8, 10, 10, 10, 10]))
    assert Price().fit(company, as_of=AS_OF).predict().num_rows == 0


def test_a_price_rise_is_no_difference_between_customers(make_company: Callable[[pa.Table], DuckDBEngine]) -> None:
    lines = _lines([8, *[10] * 60], rise=1.2, days=6)
    early = lines.filter(pc.or_(pc.not_equal(lines["account_id"], "A9"), pc.less(lines["day"], dt.date(2023, 3, 1))))
    rows = {row["account_id"]: row for row in Price().fit(make_company(early), as_of=AS_OF).predict().to_pylist()}
    assert rows["A1"]["price"] == pytest.approx(12, rel=0.02)
    assert rows["A9"]["price"] == pytest.approx(12, rel=0.02)  # paid 10, all of it before the rise
    assert rows["A0"]["price"] == pytest.approx(0.8 * rows["A1"]["price"], rel=0.001)


def test_half_of_the_next_prices_lie_in_the_range_of_few_customers(make_company: Callable[[pa.Table], DuckDBEngine]) -> None:
    random = np.random.default_rng(5)
    lines = _lines([10.0] * 2000, days=12)
    group = np.char.add("P", (np.arange(2000) // 8).astype(str))  # eight customers a product
    net = np.round(2000 * random.normal(10, 1, 2000), 2).repeat(12)  # each pays its own price, in pieces of a cent
    told = lines.set_column(lines.column_names.index("net"), "net", pa.array(net))
    told = told.set_column(told.column_names.index("product_id"), "product_id", pa.array(group.repeat(12)))
    company = make_company(told.set_column(told.column_names.index("quantity"), "quantity", pa.array(np.full(len(net), 2000))))
    rows = Price().fit(company, as_of=AS_OF).predict().to_pandas()
    other = random.normal(10, 1, len(rows))  # what the next customer of that kind pays
    assert ((other >= rows.price_lo) & (other <= rows.price_hi)).mean() == pytest.approx(0.5, abs=0.04)


def test_where_the_rule_was_nearer_it_is_used_and_said(make_company: Callable[[pa.Table], DuckDBEngine]) -> None:
    """All pay one price until each goes its own way, 4.9 % up or down: the latest past says that the range was too narrow."""
    lines = _lines([10.0] * 60, days=11)
    apart = np.where(np.arange(lines.num_rows) // 11 % 2, 1.049, 0.951)
    net = np.where(lines["day"].to_numpy() > np.datetime64("2023-03-20"), np.round(20 * apart, 2), 20)
    company = make_company(lines.set_column(lines.column_names.index("net"), "net", pa.array(net)))
    rows = Price().fit(company, as_of=AS_OF).predict().to_pandas()
    assert set(rows.method) == {"rule"}
    assert rows.price_lo.to_numpy() == pytest.approx(0.95 * rows.price_median.to_numpy(), abs=1e-3)
    assert set(Price().fit(company, as_of=dt.date(2023, 2, 20)).predict()["method"].to_pylist()) == {"model"}  # as good as exact


def test_a_large_company_tries_both_on_some_products_and_answers_for_all(company: DuckDBEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Price().fit(company, as_of=AS_OF).predict()
    monkeypatch.setattr(price, "_MOST_TRIED", 1_000)
    chosen = price._some_products(company, AS_OF)
    asked = "select count(*) as lines, count(distinct product_id) as products from facts.sales"
    tried = company.query(f"{asked} where {chosen}").to_pylist()[0]
    every = company.query(asked).to_pylist()[0]
    assert 1_000 <= tried["lines"] < every["lines"]
    assert 1 < tried["products"] < every["products"]
    said = Price().fit(company, as_of=AS_OF).predict()
    assert said.select(["account_id", "product_id"]).equals(whole.select(["account_id", "product_id"]))
