"""Series side by side: one row a series, one column a week or month, on a scale where changes compare.

Money and counts change by percent, so they are read on a logarithmic scale; a small offset (2 % of the usual value, more
where empty weeks are usual) keeps an empty week finite. What can be negative, and ratios, change by amounts: they are
read as they are, in units of their own spread. A series begins with its first value that is not zero: before that the
member was not there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from nextmove.insights.detect.order import MAD_TO_SD, Codes, Numbers, median

if TYPE_CHECKING:
    import pyarrow as pa

OFFSET = 0.02  # of the usual value
USUALLY_EMPTY = 0.2  # of the periods: from here on an empty one is no departure, and the offset is their share


@dataclass(frozen=True)
class Series:
    """Values of many series; `families` says which are siblings (members of one dimension of one KPI).

    `exposure` (working days of each period, of all series or of each) makes a short month no story, `weights` (the
    denominators of a ratio) make a ratio of few rows no story, `least` (3 for a count) makes 5 → 1 of something rare no story.
    `parents` says of which series each is a part (the company, of its region; −1: of none): a young one borrows its season.
    """

    ids: tuple[str, ...]
    periods: tuple[date, ...]
    values: Numbers
    families: Codes
    additive: Sequence[bool] | None = None  # None: all are sums or counts
    exposure: Numbers | None = None
    weights: Numbers | None = None
    least: Numbers | None = None  # of each series: what its offset is at least, in its own unit
    parents: Codes | None = None
    relative: Codes = field(init=False)  # 1 where the scale is logarithmic

    def __post_init__(self) -> None:
        sums = np.ones(len(self.ids), bool) if self.additive is None else np.asarray(self.additive, bool)
        lowest = np.min(self.values, axis=1, initial=0.0, where=np.isfinite(self.values))
        object.__setattr__(self, "relative", (sums & (lowest >= 0)).astype(np.int64))

    @property
    def lenders(self) -> Codes | None:
        """The parents whose season can be read as a share of the level: where both scales are logarithmic."""
        if self.parents is None:
            return None
        return np.where((self.parents >= 0) & (self.relative == 1) & (self.relative[self.parents] == 1), self.parents, -1)

    @property
    def born(self) -> Numbers:
        """The values from the first that is not zero on; NaN before."""
        there = np.isfinite(self.values) & (self.values != 0)
        first = np.where(there.any(axis=1), there.argmax(axis=1), self.values.shape[1])
        return np.where(np.arange(self.values.shape[1]) < first[:, None], np.nan, self.values)


def from_rows(ids: Sequence[str], periods: Sequence[date], values: Sequence[float], families: Mapping[str, str] | None = None) -> Series:
    """Series from long rows; a period without a row is 0 once the series has begun. Without `families` all are siblings."""
    names, row = np.unique(np.asarray(ids, dtype=str), return_inverse=True)
    days, column = np.unique(np.asarray(periods, dtype="datetime64[D]"), return_inverse=True)
    matrix = np.zeros((len(names), len(days)))
    np.add.at(matrix, (row, column), np.asarray(values, dtype=float))
    kin = np.unique([families[name] if families else "" for name in names.tolist()], return_inverse=True)[1]
    return Series(tuple(names.tolist()), tuple(days.tolist()), matrix, kin.astype(np.int64))


def from_table(table: pa.Table) -> Series:
    """Series from a table of series_id, week (or period_start) and value, with an optional column family."""
    names = table.column_names
    when = table.column("week" if "week" in names else "period_start")
    ids = [str(i) for i in table.column("series_id").to_pylist()]
    kin = dict(zip(ids, map(str, table.column("family").to_pylist()), strict=True)) if "family" in names else None
    days = [date.fromisoformat(str(day)[:10]) for day in when.to_pylist()]
    return from_rows(ids, days, table.column("value").to_pylist(), kin)


@dataclass(frozen=True)
class Scale:
    """The way from values to the scale on which changes compare, and back. Learnt from each series' first periods only."""

    relative: Codes
    unit: Numbers
    offset: Numbers

    @classmethod
    def of(cls, born: Numbers, relative: Codes, *, first: int, least: Numbers | None = None) -> Scale:
        early = _first_values(born, first)
        positive = median(np.where(early > 0, early, np.nan))
        empty = (early == 0).sum(axis=1) / np.maximum(np.isfinite(early).sum(axis=1), 1)
        centre = median(early)
        swing = MAD_TO_SD * median(np.abs(early - centre[:, None]))
        unit = np.where(
            relative == 1, positive, np.where(swing > 0, swing, np.max(np.abs(early), axis=1, initial=0.0, where=np.isfinite(early)))
        )
        usable = np.isfinite(unit) & (unit > 0)
        share = np.maximum(OFFSET, np.where(empty > USUALLY_EMPTY, empty, 0.0))
        unit = np.where(usable, unit, np.nan)
        return cls(relative, unit, share if least is None else np.fmax(share, least / unit))

    def read(self, values: Numbers) -> Numbers:
        ratio = values / self.unit[:, None]
        logs = np.log(np.maximum(ratio, 0.0) + self.offset[:, None])
        return np.where(self.relative[:, None] == 1, logs, ratio)

    def back(self, scaled: Numbers) -> Numbers:
        """Values of one number a series on the scale."""
        with np.errstate(over="ignore"):
            ratio = np.where(self.relative == 1, np.maximum(np.exp(np.minimum(scaled, 50.0)) - self.offset, 0.0), scaled)
        return np.asarray(ratio * self.unit)


def _first_values(born: Numbers, first: int) -> Numbers:
    """The first `first` periods of each series from its birth on, so that the scale knows no later value."""
    start = np.where(np.isfinite(born).any(axis=1), np.isfinite(born).argmax(axis=1), 0)
    columns = np.minimum(start[:, None] + np.arange(min(first, born.shape[1])), born.shape[1] - 1)
    early: Numbers = np.take_along_axis(born, columns, axis=1)
    return early
