"""A large company is read a block of customers at a time: that must change nothing but the memory."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest

from nextmove.predictions import baskets, task_called
from nextmove.predictions.baskets import day_number, load_baskets
from nextmove.predictions.products import product_state
from nextmove.predictions.trees import evenly, stacked

from .conftest import AS_OF, Story

TASKS = ("items", "reorder", "cross-sell")


def _answers(story: Story) -> dict[str, pa.Table]:
    """Scores of all by what was learnt from all."""
    return {name: task_called(name)().fit(story.engine, as_of=AS_OF).predict().combine_chunks() for name in TASKS}


def test_blocks_of_customers_give_the_answers_of_the_whole(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = _answers(story)
    monkeypatch.setattr(baskets, "BLOCK_LINES", 2_000)
    assert len(list(load_baskets(story.engine, AS_OF).blocks())) > 5
    for name, rows in _answers(story).items():
        assert rows.drop_columns(["score"]).equals(whole[name].drop_columns(["score"])), name
        np.testing.assert_allclose(rows["score"], whole[name]["score"], rtol=1e-9)


def test_a_block_holds_all_rows_of_its_customers(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baskets, "BLOCK_LINES", 1_000)
    all_rows = load_baskets(story.engine, AS_OF)
    blocks = list(all_rows.blocks())
    assert sum(len(block.day) for block in blocks) == len(all_rows.day)
    assert all(before.account[-1] < after.account[0] for before, after in pairwise(blocks))


def test_products_are_counted_up_to_the_day(story: Story) -> None:
    rows, day = load_baskets(story.engine, AS_OF), day_number(AS_OF) - 200
    early, cut = product_state(rows, day, 90), product_state(rows.until(day), day, 90)
    for name, values in early.items():
        np.testing.assert_array_equal(values, cut[name], err_msg=name)


def test_rows_are_left_out_evenly_over_all_parts() -> None:
    parts = [{"x": np.arange(700.0)}, {"x": np.arange(700.0, 1000.0)}]
    kept = stacked(parts, evenly([700, 300], 100))["x"]
    np.testing.assert_array_equal(kept, np.arange(100) * 10.0)
    np.testing.assert_array_equal(stacked(parts, evenly([700, 300], 1000))["x"], np.arange(1000.0))
