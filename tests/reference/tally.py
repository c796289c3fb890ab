"""The arithmetic of an answer: sums, counts and ratios of rows, one cell for each combination of members.

A row is a dict with its dimensions in `members`. `by` names the dimensions of the cut; no dimension is the whole company.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from fractions import Fraction
from typing import Any, NamedTuple

UNKNOWN = "(unknown)"

Row = dict[str, Any]
By = tuple[str, ...]
Member = tuple[str, ...]
Number = int | float | Fraction
Sums = dict[Member, Number]
Sets = dict[Member, set[Hashable]]


class Cell(NamedTuple):
    """One value; of a duration both sides are empty, of a count or a sum only the denominator (READING 118)."""

    value: Number | None
    numerator: Number | None = None
    denominator: Number | None = None


Cells = dict[Member, Cell]


def cut(row: Row, by: By) -> Member:
    return tuple(row["members"][name] for name in by)


def total(rows: Iterable[Row], by: By, amount: Callable[[Row], Number]) -> Sums:
    sums: Sums = {}
    for row in rows:
        sums[cut(row, by)] = sums.get(cut(row, by), 0) + amount(row)
    return sums


def count(rows: Iterable[Row], by: By) -> Sums:
    return total(rows, by, lambda row: 1)


def distinct(rows: Iterable[Row], by: By, key: Callable[[Row], Hashable]) -> Sets:
    found: Sets = defaultdict(set)
    for row in rows:
        found[cut(row, by)].add(key(row))
    return found


def sizes(sets: Mapping[Member, set[Hashable]]) -> Sums:
    return {member: len(keys) for member, keys in sets.items()}


def plain(sums: Sums) -> Cells:
    return {member: Cell(value, value) for member, value in sums.items()}


def ratio(of: Sums, to: Sums, *, times: Number = 1, less: Number = 0) -> Cells:
    """A row where rows stand behind either side (READING 36); empty where the denominator is 0."""
    cells = {}
    for member in {*of, *to}:
        numerator, denominator = Fraction(of.get(member, 0)), Fraction(to.get(member, 0))
        value = numerator / denominator * times - less if denominator else None
        cells[member] = Cell(value, numerator, denominator)
    return cells


def quantile(values: Iterable[Number], share: float) -> Number:
    """Linear between neighbours (READING 15)."""
    ordered = sorted(values)
    place = (len(ordered) - 1) * share
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def grouped(rows: Iterable[Row], by: By, value: Callable[[Row], Any]) -> dict[Member, list[Any]]:
    groups: dict[Member, list[Any]] = defaultdict(list)
    for row in rows:
        groups[cut(row, by)].append(value(row))
    return groups


def median(rows: Iterable[Row], by: By, value: Callable[[Row], Number]) -> Cells:
    return {member: Cell(quantile(values, 0.5)) for member, values in grouped(rows, by, value).items()}
