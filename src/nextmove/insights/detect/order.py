"""Medians of many rows at once, with gaps: the robust statistics that detection is made of.

numpy's nanmedian is slow on many short rows; sorting puts gaps last, and the middle is then two look-ups.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Codes = NDArray[np.int64]

MAD_TO_SD = 1.4826  # the median absolute deviation of a normal variable is 0.6745 of its standard deviation


def median(rows: Numbers) -> Numbers:
    """The median of each row over its finite values; NaN where it has none."""
    if rows.shape[1] == 0:
        return np.full(rows.shape[0], np.nan)
    ordered = np.sort(rows, axis=1)
    count = np.isfinite(ordered).sum(axis=1)
    low, high = np.maximum(count - 1, 0) // 2, np.minimum(count // 2, rows.shape[1] - 1)
    row = np.arange(len(rows))
    middle: Numbers = (ordered[row, low] + ordered[row, high]) / 2
    return np.where(count > 0, middle, np.nan)


def spread(rows: Numbers) -> Numbers:
    """The standard deviation of each row around zero, as the median of its sizes tells it."""
    return MAD_TO_SD * median(np.abs(rows))


def mean(rows: Numbers) -> Numbers:
    """The mean of each row over its finite values; NaN where it has none."""
    finite = np.isfinite(rows)
    count = np.asarray(finite.sum(axis=1), dtype=float)
    total: Numbers = np.where(finite, rows, 0.0).sum(axis=1)
    return total / np.where(count > 0, count, np.nan)


def group_median(values: Numbers, groups: Codes, size: int) -> Numbers:
    """The median of `values` within each of `size` groups over its finite values; NaN for an empty group."""
    finite = np.isfinite(values)
    values, groups = values[finite], groups[finite]
    ordered = values[np.lexsort((values, groups))]
    count = np.bincount(groups, minlength=size)
    first = np.concatenate(([0], np.cumsum(count)[:-1]))
    result = np.full(size, np.nan)
    some = count > 0
    low, high = first[some] + (count[some] - 1) // 2, first[some] + count[some] // 2
    result[some] = (ordered[low] + ordered[high]) / 2
    return result
