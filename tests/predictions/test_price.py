"""Price ranges: who pays less than comparable customers is found, with the money of a year; a few customers are no comparison."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest

from nextmove.engine import DuckDBEngine
from nextmove.predictions.price import Price

AS_OF = dt.date(2023, 6, 30)


def _lines(prices: list[float]) -> pa.Table:
    """Each customer buys two pieces of P1 on four days, at a price of its own."""
    who = np.repeat(np.arange(len(prices)), 4)
    net = np.round(2 * np.array(prices)[who], 2)
    day = np.datetime64("2023-01-10") + np.tile(np.arange(4) * 30, len(prices))
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
