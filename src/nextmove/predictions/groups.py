"""Sums, medians and the like over runs of rows that belong together, without a loop."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Features = dict[str, Numbers]


@dataclass(frozen=True)
class Runs:
    """Consecutive rows of one thing each; `starts` has one more at the end. `place` and `size` spread results over things without rows."""

    starts: Counts
    place: Counts | None = None
    size: int = 0

    @property
    def first(self) -> Counts:
        return self.starts[:-1]

    @property
    def last(self) -> Counts:
        return self.starts[1:] - 1

    @property
    def sizes(self) -> Counts:
        return np.diff(self.starts)

    def sum(self, values: npt.NDArray[np.generic]) -> Numbers:
        totals: Numbers = np.add.reduceat(values.astype(np.float64), self.first) if len(self.first) else np.zeros(0)
        return totals

    def max(self, values: Numbers) -> Numbers:
        return np.maximum.reduceat(values, self.first) if len(self.first) else np.zeros(0)

    def any(self, flags: Flags) -> Flags:
        return np.logical_or.reduceat(flags, self.first) if len(self.first) else np.zeros(0, bool)

    def back(self) -> Counts:
        """Each row's place counted from the end of its run: 0 = last."""
        return np.repeat(self.last, self.sizes) - np.arange(self.starts[-1])

    def median_after_first(self, values: Numbers) -> Numbers:
        """Median of each run without its first row; whole numbers from 0 to 65535. Not a number for runs of one."""
        run = np.repeat(np.arange(len(self.first)), self.sizes)
        keep = np.ones(len(values), bool)
        keep[self.first] = False
        ordered = np.sort((run[keep] << 16) + values[keep].astype(np.int64)) & 0xFFFF
        count = self.sizes - 1
        begin = self.first - np.arange(len(self.first))
        low, high = begin + np.maximum(count - 1, 0) // 2, begin + count // 2
        out = np.full(len(count), np.nan)
        some = count > 0
        out[some] = (ordered[low[some]] + ordered[high[some]]) / 2
        return out

    def spread(self, values: Numbers) -> Numbers:
        """`values` of the runs at the places of their things; not a number elsewhere."""
        if self.place is None:
            return values
        out = np.full(self.size, np.nan)
        out[self.place] = values
        return out


def share(part: npt.NDArray[np.generic], whole: npt.NDArray[np.generic]) -> Numbers:
    """`part ÷ whole`, not a number where there is no whole."""
    part, whole = part.astype(np.float64), whole.astype(np.float64)
    ratio: Numbers = np.divide(part, whole, out=np.full(np.broadcast(part, whole).shape, np.nan), where=whole != 0)
    return ratio


def rank_within(code: Counts, value: Numbers) -> Counts:
    """Each row's place among those of its code, the highest value first."""
    order = np.lexsort((-value, code))
    begin = np.flatnonzero(np.diff(code[order], prepend=-1))
    rank = np.empty(len(code), np.int64)
    rank[order] = np.arange(len(code)) - np.repeat(begin, np.diff(begin, append=len(code)))
    return rank


def first_of_each(code: Counts, value: Numbers, length: int) -> Flags:
    """The rows with the `length` highest values of each code."""
    first: Flags = rank_within(code, value) < length
    return first


def smoothed(code: Counts, size: int, hits: Numbers, counted: Flags, *, mean: float, strength: float = 10.0) -> Numbers:
    """Mean of `hits` over the `counted` rows of each code, drawn to the overall `mean` as if by `strength` more rows."""
    total, among = np.bincount(code, hits * counted, minlength=size), np.bincount(code, counted, minlength=size)
    result: Numbers = (total + strength * mean) / (among + strength)
    return result
