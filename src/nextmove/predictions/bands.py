"""How wide the bands of a forecast are: as wide as its own past errors ask for, each told before its month came.

An error is held against the size that was to be expected when it was made (`spread_of`: each series' own, drawn towards series of its
size, growing with the months ahead). Half a band is that size times the factor within which 80 % (50 %) of the past errors stayed (split
conformal calibration; Vovk and others 2005): half the word has the series' dimension, half all series. Few past months prove little, and
the members of one month err together, so the factor is widened as Student's t is wider than the normal distribution, each month counting
as one case, older months less. Chosen on demo companies and resellers without their last half year; `benchmarks/quality.py forecast` shows
how the bands hold on what was not looked at.

Parts hold the whole: the bands of the members of one parent are never narrower, laid end to end, than the parent's.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from nextmove.predictions.months import Counts, Flags, Numbers

LEVELS = (0.8, 0.5)
_BORROWED = 8.0  # past months that the error of series of its size weighs in each series' own
_HALF_LIFE = 12.0  # months after which a past error counts half
_OWN_BAND = 0.5  # weight of a dimension's own calibration against that of all series


def factors(surprise: Numbers, worth: Flags, groups: Mapping[str, Counts]) -> dict[float, Numbers]:
    """Level → of each member, by how much its expected error is to be multiplied. `surprise`: past month × member × ahead, latest last;
    not a number where it was not known; only members that are `worth` it teach."""
    age = np.arange(len(surprise), 0, -1)
    weight = 0.5 ** (age / _HALF_LIFE) * (~np.isnan(surprise)).any(axis=(1, 2))
    weights = np.broadcast_to(weight[:, None, None], surprise.shape)
    found = {}
    for level in LEVELS:
        every = _quantile(surprise[:, worth], weights[:, worth], level, otherwise=1.0)
        factor = np.full(len(worth), every)
        for rows in groups.values():
            mine = rows[worth[rows]]
            own = _quantile(surprise[:, mine], weights[:, mine], level, otherwise=every)
            factor[rows] = own**_OWN_BAND * every ** (1 - _OWN_BAND)
        found[level] = factor * _for_few(weight, level)
    return found


def _for_few(weight: Numbers, level: float) -> float:
    """By how much a band that rests on so few months must be wider."""
    from scipy.special import ndtri, stdtrit

    months = weight.sum() ** 2 / max(float((weight**2).sum()), 1e-9)
    return float(stdtrit(max(months, 1.0), (1 + level) / 2) / ndtri((1 + level) / 2))


def _quantile(values: Numbers, weight: Numbers, level: float, *, otherwise: float) -> float:
    """Weighted quantile of what is known."""
    known = ~np.isnan(values)
    if not known.any():
        return otherwise
    order = np.argsort(values[known], kind="stable")
    total = np.cumsum(weight[known][order])
    place = min(int(np.searchsorted(total, level * total[-1])), len(total) - 1)
    return float(values[known][order[place]])


def spread_of(errors: Numbers, scale: Numbers) -> Numbers:
    """Member × ahead: the size of an error; of each series drawn towards that of its size, growing with the months ahead."""
    horizon = errors.shape[2]
    squares, count = np.nansum(errors**2, axis=(0, 2)), (~np.isnan(errors)).sum(axis=(0, 2))
    rms = np.sqrt(squares / np.maximum(count, 1)) + 1e-3
    share = np.log(scale / scale[0])
    slope, level = _line(share, np.log(rms), np.minimum(scale / scale[0], 1) ** 0.5)
    expected = np.exp(level + slope * share)
    seen = count / horizon
    size = np.sqrt((seen * rms**2 + _BORROWED * expected**2) / (seen + _BORROWED))
    spread: Numbers = size[:, None] * _growing(errors / size[:, None])[None, :]
    return spread


def _line(x: Numbers, y: Numbers, weight: Numbers) -> tuple[float, float]:
    """Weighted straight line, falling: a larger series errs by a smaller share."""
    middle, height = np.average(x, weights=weight), np.average(y, weights=weight)
    spread = np.average((x - middle) ** 2, weights=weight)
    slope = float(np.clip(np.average((x - middle) * (y - height), weights=weight) / spread, -0.5, 0)) if spread > 1e-9 else 0.0
    return slope, float(height - slope * middle)


def _growing(errors: Numbers) -> Numbers:
    """By how much errors grow with the months ahead, never falling; not at all where there never was one: nothing sold, nothing missed."""
    squares, count = np.nansum(np.minimum(errors**2, 9), axis=(0, 1)), (~np.isnan(errors)).sum(axis=(0, 1))
    mean = squares.sum() / max(count.sum(), 1)
    if not mean:
        return np.ones(len(squares))
    drawn = (squares + 20 * mean) / (count + 20)
    growth: Numbers = np.sqrt(np.maximum.accumulate(drawn) / mean)
    return growth


def holding_the_whole(half: Numbers, groups: Mapping[str, Counts], parents: Counts) -> Numbers:
    """Parts widened, in proportion, where together they would be narrower than their whole."""
    wide = half.copy()
    for rows in groups.values():
        for parent in np.unique(parents[rows][parents[rows] >= 0]):
            mine = rows[parents[rows] == parent]
            wide[mine] *= np.maximum(wide[parent] / np.maximum(wide[mine].sum(axis=0), 1e-9), 1)
    return wide
