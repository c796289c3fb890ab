"""A table of leads or deals as learners take it: every column as codes of values, numbers also as they are.

A number becomes a step of its size, a day its weekday; empty is a value of its own. What has another value in nearly every row (a name,
an id) tells nothing about the next row and is left aside; so is the month, until the records span two years: a month seen once is a
trend, not a season.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from nextmove.predictions.groups import Flags, Numbers

SMOOTHING = 30.0  # records of the average that each value is drawn by
_MOST_VALUES_SHARE = 0.5  # more values per record than this: a name
Texts = Any  # pyarrow's dictionary array: each different text once, and a code a row


@dataclass(frozen=True)
class Table:
    """Rows with a day, columns as texts of values, and the numbers among them."""

    day: Numbers
    columns: dict[str, Texts]
    numbers: dict[str, Numbers]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(sorted(self.columns))

    @property
    def size(self) -> int:
        return len(self.day)

    def column(self, name: str) -> Texts:
        return self.columns[name] if name in self.columns else _coded(pa.repeat("", self.size))

    def filled(self, name: str) -> Flags:
        flags: Flags = pc.not_equal(self.column(name).cast(pa.string()), "").to_numpy(zero_copy_only=False)
        return flags

    def rows(self, chosen: Any) -> Table:  # Any: an index or a slice
        places = pa.array(np.arange(self.size)[chosen])
        columns = {name: values.take(places) for name, values in self.columns.items()}
        return Table(self.day[chosen], columns, {name: values[chosen] for name, values in self.numbers.items()})

    def only(self, names: Sequence[str]) -> Table:
        return self.without([name for name in self.names if name not in names])

    def without(self, names: Sequence[str]) -> Table:
        kept = {name: values for name, values in self.columns.items() if name not in names}
        return Table(self.day, kept, {name: values for name, values in self.numbers.items() if name not in names})


def table_of(rows: pa.Table, time: str | None) -> Table:
    """The columns of `rows`, without names and ids; `time` gives day, month and weekday."""
    columns: dict[str, Texts] = {}
    numbers: dict[str, Numbers] = {}
    for name in rows.column_names:
        values = rows[name].combine_chunks()
        if name == time:
            continue
        if pa.types.is_floating(values.type) or pa.types.is_integer(values.type) or pa.types.is_decimal(values.type):
            numbers[name] = np.asarray(values.cast(pa.float64()).to_numpy(zero_copy_only=False), np.float64)
            columns[name] = _coded(pa.array(_graded(numbers[name]), pa.string()))
        elif not _is_name(values):
            columns[name] = _coded(pc.fill_null(values.cast(pa.string()), ""))
    day = _days(rows, time)
    if time is not None and rows.num_rows:
        columns |= {"weekday": _coded(pa.array((day + 3) % 7).cast(pa.int64()).cast(pa.string()))}
    return Table(day, columns, numbers)


def seasons_of(table: Table, *, least_days: int = 730) -> tuple[str, ...]:
    """Columns that only repeat the calendar month (or year), in records that span less than two years."""
    if not table.size or not table.day.any() or np.ptp(table.day) >= least_days:
        return ()
    month = pa.array(table.day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)).cast(pa.string())
    months = pc.count_distinct(month)

    def follows(name: str) -> bool:
        values = table.column(name).cast(pa.string())
        pairs = pc.count_distinct(pc.binary_join_element_wise(month, values, "|"))
        return bool(pairs == months and pc.count_distinct(values).as_py() > 1)

    return tuple(name for name in table.names if follows(name))


def _is_name(values: pa.Array) -> bool:
    """Another value in nearly every row."""
    return len(values) >= 50 and pc.count_distinct(values).as_py() > _MOST_VALUES_SHARE * len(values)


def _coded(values: pa.Array) -> Texts:
    return values.dictionary_encode()


def _graded(numbers: Numbers) -> np.ndarray:
    """A few-valued number as it is, else its size in steps of a factor of 1.5, which do not depend on the other rows."""
    known = ~np.isnan(numbers)
    grades = np.full(len(numbers), "", object)
    if len(np.unique(numbers[known])) <= 30 and (numbers[known] == np.rint(numbers[known])).all():
        grades[known] = np.rint(numbers[known]).astype(np.int64).astype(str)
        return grades
    steps = np.sign(numbers[known]) * np.floor(np.log1p(np.abs(numbers[known])) / np.log(1.5))
    grades[known] = steps.astype(np.int64).astype(str)
    return grades


def _days(rows: pa.Table, time: str | None) -> Numbers:
    if time is None:
        return np.zeros(rows.num_rows)
    days = rows[time].combine_chunks()
    moments = days.cast(pa.timestamp("us")).cast(pa.int64()).to_numpy(zero_copy_only=False)
    numbers: Numbers = np.floor(np.nan_to_num(np.asarray(moments, np.float64)) / 86_400_000_000)
    return numbers


def rates(values: Texts, outcome: Numbers, asked: Texts, *, folds: int = 0, weight: Numbers | None = None) -> Numbers:
    """Smoothed share of good outcomes of each asked value; with `folds`, of the rows themselves, each from the other folds."""
    weight = np.ones(len(outcome)) if weight is None else weight
    codes = pa.chunked_array([values, asked]).unify_dictionaries().combine_chunks().indices.to_numpy()
    mine, theirs, size = codes[: len(values)], codes[len(values) :], int(codes.max(initial=0)) + 1
    if not folds:
        shares: Numbers = _rate(mine, outcome, weight, size)[theirs]
        return shares
    out, fold = np.empty(len(outcome)), np.arange(len(outcome)) % folds
    for each in range(folds):
        others = fold != each
        out[~others] = _rate(mine[others], outcome[others], weight[others], size)[mine[~others]]
    return out


def rates_by_value(values: Texts, outcome: Numbers, weight: Numbers) -> dict[str, float]:
    """The smoothed share of good outcomes of each value."""
    names = values.dictionary.to_pylist()
    return dict(zip(names, _rate(values.indices.to_numpy(), outcome, weight, len(names)).tolist(), strict=True))


def _rate(codes: Any, outcome: Numbers, weight: Numbers, size: int) -> Numbers:  # Any: an array of codes
    good, among = np.bincount(codes, outcome * weight, minlength=size), np.bincount(codes, weight, minlength=size)
    base = good.sum() / max(among.sum(), 1e-9)
    shares: Numbers = (good + SMOOTHING * base) / (among + SMOOTHING)
    return shares


def categories(table: Table, pairs: Sequence[tuple[str, str]] = ()) -> dict[str, pa.Array]:
    """The columns, and pairs of them, as texts."""
    single = {name: table.column(name).cast(pa.string()) for name in {*table.names, *(name for pair in pairs for name in pair)}}
    joined = {f"{a} × {b}": pc.binary_join_element_wise(single[a], single[b], "|") for a, b in pairs}
    return {name: single[name] for name in table.names} | joined


def one_hot(known: dict[str, pa.Array]) -> tuple[Any, dict[str, list[str]]]:  # Any: scipy's sparse matrix
    """A column for each value of each column, and these values in order."""
    from scipy import sparse

    matrices, told = [], {}
    for name, rows in known.items():
        values = pc.unique(rows)
        values = values.take(pc.sort_indices(values))
        codes = pc.index_in(rows, values).to_numpy()
        matrices.append(sparse.csr_matrix((np.ones(len(codes)), (np.arange(len(codes)), codes)), (len(codes), len(values))))
        told[name] = values.to_pylist()
    return sparse.hstack(matrices, format="csr"), told
