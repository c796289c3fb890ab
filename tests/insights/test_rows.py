"""Combinations are numbered in the order in which they come, whether they are few (looked up in a table) or many (hashed)."""

from __future__ import annotations

import numpy as np
import pytest

from nextmove.insights.explain.rows import numbered


@pytest.mark.parametrize("sizes", [(3, 4), (3, 4_000_000), (2**40, 2**40)], ids=["few", "many", "more than a number holds"])
def test_combinations_are_numbered_as_they_come(sizes: tuple[int, int]) -> None:
    rng = np.random.default_rng(5)
    columns = [rng.integers(0, min(size, 4), 200) for size in sizes]
    first, row = numbered(columns, sizes)
    met: dict[tuple[int, int], int] = {}
    expected = [met.setdefault((int(a), int(b)), len(met)) for a, b in zip(*columns, strict=True)]
    assert row.tolist() == expected
    assert first.tolist() == [expected.index(at) for at in range(len(met))]


def test_no_rows_have_no_combinations() -> None:
    first, row = numbered([np.zeros(0, np.int64)], [0])
    assert not len(first) and not len(row)
