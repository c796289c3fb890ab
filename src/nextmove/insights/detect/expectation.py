"""What a period should have been: shared movement + season + level, known before the period began.

**Shared movement.** In a family of eight siblings or more, the median sibling's departure from its own level is what
moved them all (a holiday, the season, the whole market); each is judged by what is left. If everybody moves, the parent
tells it once. **Season.** The shape of the years before, folded to 52 weeks (12 months) and smoothed (`season.py`); how much of it
comes back is learnt from all series together, on periods that the shape has not seen, so a season that does not repeat is not
believed. A member with less than two years of its own takes the season of its whole, where that has come back (`borrowed.py`).
**Level.** The robust mean of the last weeks. **Noise.** The usual size of one period's surprise, each series' own drawn towards
that of its siblings (a short history borrows more).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nextmove.insights.detect.borrowed import Borrowed, borrow
from nextmove.insights.detect.order import Codes, Numbers, group_median, mean, median, spread
from nextmove.insights.detect.season import shape_of

AGREE = 2.0
SIBLINGS = 8  # fewer have no median worth the name
DISAGREE = 1.5  # times their usual distance from each other
LEAST_NOISE = 0.01  # 1 %: a series that never moved at all may move so much before anybody is told
SEASON_WARM_UP = 6  # periods with a season known, before its return is measured


@dataclass(frozen=True)
class Grain:
    """How a week (or a month) is read: `memory` periods make the level, `short` its quick version, `season` a year."""

    season: int
    memory: int
    short: int
    smooth: int
    windows: tuple[int, ...]
    ramp_from: int
    minimum: int
    least: int
    clip: float = 3.0  # deviations that one period may count
    borrowed: float = 40.0  # periods that the siblings' noise weighs in each series' own


@dataclass(frozen=True)
class Expectation:
    """For each period: `level` and `noise` as known before it; `adjusted` = the scale less shared movement."""

    adjusted: Numbers
    shared: Numbers
    seasonal: Numbers  # what the season adds at each period, as known at the start of its year
    level: Numbers
    noise: Numbers


def expect(scaled: Numbers, families: Codes, grain: Grain, parents: Codes | None = None) -> Expectation:
    """Walk through the periods once; nothing at t uses anything after t. `parents` says of which series each is a part (−1: of none)."""
    shared = _shared_movement(scaled, families, grain)
    adjusted = scaled - shared
    own = _season(adjusted, grain)
    lent = Borrowed() if parents is None else borrow(scaled, shared, parents, families, season=grain.season, smooth=grain.smooth)
    seasonal = lent.instead_of(own)
    flat = adjusted - seasonal
    noise = _noise(flat, families, grain)
    level = np.full_like(flat, np.nan)
    for t in range(grain.least, flat.shape[1]):
        past = slice(max(0, t - grain.memory), t)
        level[:, t] = _robust_level(lent.flat(flat, adjusted, past), noise[:, t], grain.least)
    return Expectation(adjusted, shared, seasonal, level, noise)


def _shared_movement(scaled: Numbers, families: Codes, grain: Grain) -> Numbers:
    """Per series and period what its family does; 0 where the family is small. Siblings that part more than they usually do share
    less: one giant order that lifts half of the brands is no season of all."""
    size = int(families.max(initial=-1)) + 1
    shared = np.zeros_like(scaled)
    adjusted = scaled.copy()
    apart = np.full((size, scaled.shape[1]), np.nan)
    for t in range(4, scaled.shape[1]):
        past = slice(max(0, t - grain.memory), t)
        known = np.isfinite(adjusted[:, past]).sum(axis=1) >= 4
        surprise = np.where(known, scaled[:, t] - median(adjusted[:, past]), np.nan)
        enough = np.bincount(families[np.isfinite(surprise)], minlength=size) >= SIBLINGS
        moved = np.where(enough, np.nan_to_num(group_median(surprise, families, size)), 0.0)
        apart[:, t] = group_median(np.abs(surprise - moved[families]), families, size)
        shared[:, t] = (moved * _agreement(apart[:, t], median(apart[:, past])))[families]
        adjusted[:, t] = scaled[:, t] - shared[:, t]
    return shared


def _agreement(apart: Numbers, usual: Numbers) -> Numbers:
    """How much of their median is shared (0 to 1), by how far the siblings stand from it now and as a rule."""
    wide = apart > DISAGREE * usual
    return np.where(wide, (DISAGREE * usual / np.where(wide, apart, 1.0)) ** 2, 1.0)


def _season(adjusted: Numbers, grain: Grain) -> Numbers:
    """The believed part of last years' shape, at each period; 0 in the first year."""
    seasonal = np.zeros_like(adjusted)
    year = grain.season
    for start in range(year, adjusted.shape[1], year):
        shape = shape_of(adjusted[:, :start], season=year, smooth=grain.smooth)
        span = slice(start, min(start + year, adjusted.shape[1]))
        seasonal[:, span] = shape[:, : span.stop - span.start]
    return seasonal * _returning(adjusted, seasonal, grain)


def _returning(adjusted: Numbers, seasonal: Numbers, grain: Grain) -> Numbers:
    """The share of the season that came back so far (0 to 1), by a regression over all series, one number a period."""
    share = np.zeros(adjusted.shape[1])
    together = own = 0.0
    for t in range(grain.season, adjusted.shape[1]):
        share[t] = min(1.0, max(0.0, together / own)) if own > 0 and t >= grain.season + SEASON_WARM_UP else 0.0
        past = slice(max(0, t - grain.memory), t)
        surprise = adjusted[:, t] - median(adjusted[:, past])
        promised = seasonal[:, t] - median(seasonal[:, past])
        size = spread(adjusted[:, past] - median(adjusted[:, past])[:, None])
        usable = np.isfinite(surprise) & np.isfinite(promised) & (size > 0)
        told = np.clip(surprise[usable] / size[usable], -2.5, 2.5)
        foretold = np.clip(promised[usable] / size[usable], -2.5, 2.5)
        together, own = together + float(told @ foretold), own + float(foretold @ foretold)
    return share


def _noise(flat: Numbers, families: Codes, grain: Grain) -> Numbers:
    """The usual surprise of one period as known before it: own, drawn towards the siblings'."""
    surprise = np.full_like(flat, np.nan)
    noise = np.full_like(flat, np.nan)
    size = int(families.max(initial=-1)) + 1
    for t in range(2, flat.shape[1]):
        surprise[:, t] = flat[:, t] - median(flat[:, max(0, t - grain.short) : t])
        seen = surprise[:, max(0, t - 2 * grain.season) : t]
        count = np.isfinite(seen).sum(axis=1)
        own = np.nan_to_num(spread(seen))
        kin = group_median(np.where(count >= grain.least, own, np.nan), families, size)[families]
        kin = np.where(np.isfinite(kin), kin, own)
        noise[:, t] = np.sqrt((count * own**2 + grain.borrowed * kin**2) / (count + grain.borrowed))
    return np.where(np.isfinite(noise), np.maximum(noise, LEAST_NOISE), np.nan)


def _robust_level(past: Numbers, noise: Numbers, least: int) -> Numbers:
    """The mean of the past with surprises drawn in to two deviations; NaN while there are fewer than `least`."""
    centre = median(past)
    drawn = np.clip((past - centre[:, None]) / noise[:, None], -2, 2)
    level = centre + noise * mean(drawn)
    return np.where(np.isfinite(past).sum(axis=1) >= least, level, np.nan)
