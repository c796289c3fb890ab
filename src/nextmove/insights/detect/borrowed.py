"""A season for those who have none yet: the month shape of the whole that they are a part of.

A region that is a year old has no season of its own; its first high season would be told as a rise, and the end of it as a fall. So a
series with less than two whole years takes the shape of its parent (the same KPI of the whole company), as a share of its level.
The parent must have two whole years, and each of its years must be foretold by the others (`PROVEN`); the shape is shrunk to what
comes back of it. What the siblings share anyway has been taken out of both before.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from nextmove.insights.detect.order import Codes, Numbers
from nextmove.insights.detect.season import departures, shape_of, smoothed, whole_years

YEARS = 2.0  # of its own, from which on a series needs no other's season
MONTHS = 12  # a year's shape has no more independent places, however finely it is cut
PROVEN = 0.6  # correlation of a parent's years with each other: by chance in twelve months one of fifty


@dataclass(frozen=True)
class Loan:
    """From `start` on for a year: the shape that each series borrows, NaN where it borrows none."""

    start: int
    shape: Numbers


@dataclass(frozen=True)
class Borrowed:
    """The loans of all years, in their order."""

    loans: tuple[Loan, ...] = field(default=())

    def instead_of(self, own: Numbers) -> Numbers:
        """The seasonal movement of every period: borrowed where there is a loan, else the series' own."""
        seasonal = own.copy()
        for loan in self.loans:
            span = slice(loan.start, loan.start + loan.shape.shape[1])
            lent = loan.shape[:, : seasonal[:, span].shape[1]]
            seasonal[:, span] = np.where(np.isfinite(lent), lent, seasonal[:, span])
        return seasonal

    def flat(self, flat: Numbers, adjusted: Numbers, past: slice) -> Numbers:
        """The `past` without season, read with the shape that is believed at its end: a level must not hold half of a season."""
        loan = next((one for one in reversed(self.loans) if one.start <= past.stop), None)
        if loan is None:
            return flat[:, past]
        lent = loan.shape[:, np.arange(past.start, past.stop) % loan.shape.shape[1]]
        return np.where(np.isfinite(lent), adjusted[:, past] - lent, flat[:, past])


def borrow(scaled: Numbers, shared: Numbers, parents: Codes, families: Codes, *, season: int, smooth: int) -> Borrowed:
    """What every series borrows at the start of each year from its parent in `parents` (−1: it has none)."""
    starts = range(season * int(YEARS), scaled.shape[1], season)
    return Borrowed(tuple(_loan(scaled[:, :start], shared[:, :start], parents, families, season, smooth) for start in starts))


def _loan(scaled: Numbers, shared: Numbers, parents: Codes, families: Codes, season: int, smooth: int) -> Loan:
    young = np.flatnonzero((parents >= 0) & (whole_years(scaled, season=season) < YEARS))
    shape = np.full((len(scaled), season), np.nan)
    if len(young):
        pairs, row = np.unique(np.stack([parents[young], families[young]]), axis=1, return_inverse=True)
        first = young[np.unique(row, return_index=True)[1]]  # one child of each family: what it shares, all of them do
        shape[young] = _proven_shapes(scaled[pairs[0]] - shared[first], season, smooth)[row.ravel()]
    return Loan(scaled.shape[1], shape)


def _proven_shapes(rows: Numbers, season: int, smooth: int) -> Numbers:
    """The shape of each row times what comes back of it; NaN where its years do not foretell each other."""
    shape = shape_of(rows, season=season, smooth=smooth)
    years = smoothed(departures(rows, season=season), max(smooth, season // MONTHS))
    count = np.isfinite(years).all(axis=2).sum(axis=1)[:, None, None]
    total = np.nansum(years, axis=1, keepdims=True)
    others = np.where(count > 1, (total - years) / np.maximum(count - 1, 1), np.nan)
    agreement, share = _agreement(years, others)
    proven = (count[:, 0, 0] >= YEARS) & (agreement >= PROVEN)
    return np.where(proven[:, None], shape * share[:, None], np.nan)


def _agreement(years: Numbers, others: Numbers) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Correlation of each year with the mean of the others, and the share of those that came back (0 to 1), over all years."""
    together, own, theirs = (np.nansum(product, axis=(1, 2)) for product in (years * others, years**2 * np.isfinite(others), others**2))
    size = np.sqrt(own * theirs)
    agreement = np.divide(together, size, out=np.zeros_like(together), where=size > 0)
    return agreement, np.clip(np.divide(together, theirs, out=np.zeros_like(together), where=theirs > 0), 0.0, 1.0)
