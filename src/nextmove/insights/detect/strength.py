"""How far the last periods are from what was expected, in units of how far such stretches have been off before.

For each stretch of 3, 4, 6 and 8 weeks (2 and 3 months) the surprises are averaged; one week alone never counts for
more than three deviations (a month four), so a one-off giant order or a lost week is no change. Long stretches weigh their end more: a
slow slide shows there. Every stretch is measured by the mean square of the same series' earlier stretches of that length, drawn
towards its siblings': a series that wanders by itself must wander further to be told.
"""

from __future__ import annotations

import numpy as np

from nextmove.insights.detect.expectation import Expectation, Grain
from nextmove.insights.detect.order import Codes, Numbers, group_median

LEAST_SWING = 0.1  # deviations: white noise swings by 0.35 over eight weeks
BORROWED = 20.0  # independent stretches that the siblings' swings weigh in each series' own


def strengths(expectation: Expectation, families: Codes, grain: Grain, *, thin: Numbers | None = None) -> Numbers:
    """Windows × series × periods, signed; NaN while the history is too short. `thin` widens periods with few rows."""
    swings = np.stack([_departure(expectation, width, grain, thin) for width in grain.windows])
    return np.stack([_in_own_swings(swing, families, width, grain) for swing, width in zip(swings, grain.windows, strict=True)])


def _departure(expectation: Expectation, width: int, grain: Grain, thin: Numbers | None) -> Numbers:
    """The mean surprise of the `width` periods that end at t, against the level known before them."""
    flat = expectation.adjusted - expectation.seasonal
    periods = flat.shape[1]
    result = np.full_like(flat, np.nan)
    if periods < width:
        return result
    slope = np.linspace(0.3, 1.7, width) if width >= grain.ramp_from else np.ones(width)
    total = np.zeros((len(flat), periods - width + 1))
    start = slice(0, periods - width + 1)
    level, noise = expectation.level[:, start], expectation.noise[:, start]
    for step in range(width):
        at = slice(step, periods - width + 1 + step)
        unit = noise if thin is None else noise * thin[:, at]
        total += slope[step] * np.clip((flat[:, at] - level) / unit, -grain.clip, grain.clip)
    result[:, width - 1 :] = total / width
    return result


def _in_own_swings(swing: Numbers, families: Codes, width: int, grain: Grain) -> Numbers:
    """Each swing over the root mean square of the swings that ended before it began."""
    bounded = np.minimum(np.nan_to_num(swing) ** 2, grain.clip**2 / width)
    finite = np.isfinite(swing)
    seen = _until(np.cumsum(finite, axis=1), width)
    square = _until(np.cumsum(np.where(finite, bounded, 0.0), axis=1), width) / np.maximum(seen, 1)
    kin = _of_siblings(np.where(seen >= grain.least, square, np.nan), families)
    count = seen / width
    usual = np.maximum(np.sqrt((count * square + BORROWED * kin) / (count + BORROWED)), LEAST_SWING)
    return swing / usual


def _until(running: Numbers, width: int) -> Numbers:
    """A running total as it stood before the stretch that ends at t began."""
    earlier = np.zeros_like(running, dtype=float)
    earlier[:, width:] = running[:, :-width] if running.shape[1] > width else 0.0
    return earlier


def _of_siblings(square: Numbers, families: Codes) -> Numbers:
    size = int(families.max(initial=-1)) + 1
    columns = [group_median(square[:, t], families, size)[families] for t in range(square.shape[1])]
    return np.stack(columns, axis=1) if columns else square
