"""Which table a file is for, and what its columns are, by their names alone."""

from __future__ import annotations

import pytest

from nextmove.errors import UserError
from nextmove.ingest.guess import guess

WHOLESALER = ["invoice", "stock_code", "description", "qty", "invoice_ts", "price", "customer", "country"]


def test_a_wholesalers_file_is_order_lines() -> None:
    found = guess(WHOLESALER, wanted=None, where="a.csv")
    assert found.table.name == "order_lines"
    assert (found.columns["ordered_at"], found.columns["product_id"]) == ("invoice_ts", "stock_code")
    assert found.formulas["net_amount"] == 'number("qty") * number("price")'
    assert not found.sure


def test_a_file_that_lacks_one_column_is_still_known_by_the_others() -> None:
    found = guess([name for name in WHOLESALER if name != "invoice_ts"], wanted=None, where="a.csv")
    assert found.table.name == "order_lines"
    assert found.missing() == ["ordered_at"]


def test_a_file_without_a_known_name_asks_for_its_table() -> None:
    with pytest.raises(UserError, match="which table") as refused:
        guess(["foo", "bar"], wanted=None, where="a.csv")
    assert refused.value.hint == "--table TABLE"
