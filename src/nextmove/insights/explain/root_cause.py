"""Where it happened: the smallest set of segments that explains a change.

A segment fixes members of one to three dimensions (region north and category tools). Inside a true cause all rows change by one
factor, outside nothing does but noise. So each segment is scored by the likelihood that its own factor wins over "no
change", less what it costs to name it: one of `n` segments of its kind takes log n, its factor ½ log of the rows, each
dimension two more. The best segment is taken, its rows are set aside, and so on until naming another costs more than it
explains. The noise is read from the rows themselves, by their size, first robustly and then again from the rows that no
segment took. Deterministic, about 0.1 s for 20,000 rows of four dimensions.

For a ratio the rows are its rate effect: both rates on the mean of both denominators, so that a segment that merely grew
is no cause of a fallen rate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import log

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Codes = NDArray[np.int64]
Rows = NDArray[np.bool_]

COST_OF_A_DIMENSION = 2.0
CLIP = 5.0  # deviations that one row may count: a giant order is no segment
LEAST_NOISE = 0.003  # of a row's size; below that a difference is rounding
CURVE = 1.5  # noise variance grows with size to this power within a bin: between counting noise (1) and a fixed share (2)
BINS = 10
ROUNDING = 1e-9  # of a segment's weight


@dataclass(frozen=True)
class Segment:
    """A cause: where it is, what it was and is, and the likelihood that it explains, in nats, less its cost."""

    where: tuple[tuple[str, str], ...]
    actual: float
    expected: float
    rows: int
    evidence: float

    @property
    def change(self) -> float:
        return self.actual - self.expected


@dataclass(frozen=True)
class Coded:
    """A column of names as numbers: which name each row bears."""

    names: tuple[str, ...]
    row: Codes

    def is_member(self, name: str) -> Rows:
        return np.asarray(self.row == (self.names.index(name) if name in self.names else -1))


@dataclass(frozen=True)
class _Cuboid:
    """All segments of one set of dimensions: each row's segment, and how many there are."""

    dimensions: tuple[str, ...]
    segment: Codes
    size: int

    def totals(self, values: Numbers) -> Numbers:
        return np.bincount(self.segment, values, self.size).astype(float)


def root_causes(
    dimensions: Mapping[str, Sequence[str] | Coded],
    actual: Numbers,
    expected: Numbers,
    *,
    denominators: tuple[Numbers, Numbers] | None = None,
    deepest: int = 3,
    most: int = 8,
) -> list[Segment]:
    """The segments that explain `actual` against `expected` (rows of the finest cut), strongest first; [] if nothing but noise.

    With `denominators` (actual, expected) the two are numerators of a ratio. Segments never share a row: a row belongs to the first
    that took it.

    >>> where = {"region": ["north"] * 50 + ["south"] * 50, "item": [f"i{n % 10}" for n in range(100)]}
    >>> before = np.linspace(90, 110, 100)
    >>> now = before * np.where(np.arange(100) < 50, 0.5, 1 + (np.arange(100) % 5 - 2) / 100)
    >>> [(found.where, round(found.actual / found.expected, 2)) for found in root_causes(where, now, before)]
    [((('region', 'north'),), 0.5)]
    """
    if denominators is not None:
        actual, expected = _rate_effect(actual, expected, *denominators)
    size = (np.abs(actual) + np.abs(expected)) / 2
    usable = np.asarray((size > 0) & np.isfinite(size))
    if not usable.any():
        return []
    codes = {name: _present(column if isinstance(column, Coded) else coded(column), usable) for name, column in dimensions.items()}
    cuboids = _cuboids(codes, deepest)
    if not cuboids:  # every dimension has one member: there is nothing to tell apart
        return []
    return _Search(actual[usable], expected[usable], size[usable], cuboids, codes).segments(most)


def coded(column: Sequence[str]) -> Coded:
    names, row = np.unique(np.asarray(column, dtype=str), return_inverse=True)
    return Coded(tuple(names.tolist()), row.astype(np.int64))


def _present(column: Coded, usable: Rows) -> tuple[list[str], Codes]:
    """The names that usable rows bear, in order, and which each bears."""
    row = column.row[usable]
    there = np.flatnonzero(np.bincount(row, minlength=len(column.names)))
    ordered = there[np.argsort(np.asarray(column.names, dtype=str)[there], kind="stable")]
    place = np.zeros(len(column.names), np.int64)
    place[ordered] = np.arange(len(ordered))
    return [column.names[at] for at in ordered], place[row]


def _rate_effect(actual: Numbers, expected: Numbers, now: Numbers, then: Numbers) -> tuple[Numbers, Numbers]:
    """Both rates on the mean denominator; a row without one of the two has no rate to compare."""
    both = (now > 0) & (then > 0)
    middle = np.where(both, (now + then) / 2, 0.0)
    return actual / np.where(both, now, 1) * middle, expected / np.where(both, then, 1) * middle


def _cuboids(codes: Mapping[str, tuple[list[str], Codes]], deepest: int) -> list[_Cuboid]:
    return [
        _cuboid(names, codes)
        for depth in range(1, min(deepest, len(codes)) + 1)
        for names in combinations(codes, depth)
        if all(len(codes[name][0]) > 1 for name in names)
    ]


def _cuboid(names: tuple[str, ...], codes: Mapping[str, tuple[list[str], Codes]]) -> _Cuboid:
    first, *others = names
    segment, size = codes[first][1], len(codes[first][0])
    for name in others:
        segment = segment * len(codes[name][0]) + codes[name][1]
        size *= len(codes[name][0])
    if size > 4 * len(segment):  # mostly empty: number only what is there
        present, segment = np.unique(segment, return_inverse=True)
        size = len(present)
    return _Cuboid(names, segment, size)


@dataclass
class _Search:
    actual: Numbers
    expected: Numbers
    size: Numbers
    cuboids: list[_Cuboid]
    codes: Mapping[str, tuple[list[str], Codes]]

    def segments(self, most: int) -> list[Segment]:
        """Search once with the robust noise, then again with the noise of the rows that were left."""
        order = np.argsort(self.size, kind="stable")
        first = self._greedy(_robust_noise(self.actual - self.expected, self.size, order), most)
        left = np.ones(len(self.size), bool)
        for rows, _, _ in first:
            left &= ~rows
        if left.sum() <= 2 * BINS:
            return [self._told(*found) for found in first]
        noise = _remaining_noise(self.actual - self.expected, self.size, order[left[order]])
        return [self._told(*found) for found in self._greedy(noise, most)]

    def _greedy(self, variance: Numbers, most: int) -> list[tuple[Rows, _Cuboid, float]]:
        variance = np.maximum(variance, (LEAST_NOISE * self.size) ** 2)
        bound = CLIP * np.sqrt(variance)
        pull = self.size / variance * np.clip(self.actual - self.expected, -bound, bound)
        weight = self.size**2 / variance
        free = np.ones(len(self.size), bool)
        sums = [_Sums(cuboid, cuboid.totals(pull), cuboid.totals(weight)) for cuboid in self.cuboids]
        found: list[tuple[Rows, _Cuboid, float]] = []
        while len(found) < most and free.any():
            left = int(free.sum())
            gain, cuboid, segment = max((each.best(left) for each in sums), key=lambda best: best[0])
            if gain <= 0:
                break
            rows = free & (cuboid.segment == segment)
            found.append((rows, cuboid, gain))
            free &= ~rows
            taken = np.flatnonzero(rows)
            pulled, weighed = pull[taken], weight[taken]
            for each in sums:
                each.take(taken, pulled, weighed)
        return found

    def _told(self, rows: Rows, cuboid: _Cuboid, evidence: float) -> Segment:
        row = int(np.flatnonzero(rows)[0])
        where = tuple((name, self.codes[name][0][int(self.codes[name][1][row])]) for name in cuboid.dimensions)
        return Segment(where, float(self.actual[rows].sum()), float(self.expected[rows].sum()), int(rows.sum()), evidence)


@dataclass
class _Sums:
    """The pull and weight of each segment of a cuboid, of the rows that no cause has taken."""

    cuboid: _Cuboid
    pull: Numbers
    weight: Numbers

    def best(self, left: int) -> tuple[float, _Cuboid, int]:
        """The segment whose own factor gains most likelihood over no change, less its cost."""
        gain = np.divide(self.pull**2, 2 * self.weight, out=np.zeros(self.cuboid.size), where=self.weight > 0)
        best = int(gain.argmax())
        cost = log(self.cuboid.size) + log(left) / 2 + COST_OF_A_DIMENSION * len(self.cuboid.dimensions)
        return float(gain[best]) - cost, self.cuboid, best

    def take(self, rows: Codes, pull: Numbers, weight: Numbers) -> None:
        """Set rows aside, with their pull and weight; a segment of which nothing is left weighs nothing, whatever rounding leaves of it."""
        segment = self.cuboid.segment[rows]
        before = self.weight
        self.pull = self.pull - np.bincount(segment, pull, self.cuboid.size)
        left = before - np.bincount(segment, weight, self.cuboid.size)
        self.weight = np.where(left < ROUNDING * before, 0.0, left)


def _robust_noise(change: Numbers, size: Numbers, order: Codes) -> Numbers:
    """The variance of each row's change by its size, from the middle of each size class, so that causes do not hide in it."""
    variance = np.zeros_like(size)
    for rows in np.array_split(order, BINS):
        if len(rows):
            unit = change[rows] / size[rows] ** (CURVE / 2)
            middle = (1.4826 * np.median(np.abs(unit))) ** 2
            variance[rows] = np.maximum(middle, np.mean(np.minimum(unit**2, 9 * middle))) * size[rows] ** CURVE
    return variance


def _remaining_noise(change: Numbers, size: Numbers, left: Codes) -> Numbers:
    """The same from the mean square of the rows that no cause took (`left`, by size), carried to all rows of that size."""
    levels, places = [], []
    for rows in np.array_split(left, BINS):
        levels.append(np.log(max(float((change[rows] ** 2).sum() / (size[rows] ** CURVE).sum()), 1e-300)))
        places.append(float(np.log(np.median(size[rows]))))
    return np.asarray(np.exp(np.interp(np.log(size), places, levels)) * size**CURVE)
