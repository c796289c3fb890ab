"""The shape of a year: what each week (month) of it adds to the level, learnt from the whole years before."""

from __future__ import annotations

import numpy as np

from nextmove.insights.detect.order import Numbers, median, spread

WHOLE = 0.75  # of a year's periods: with fewer it tells no shape


def shape_of(past: Numbers, *, season: int, smooth: int) -> Numbers:
    """Mean departure from its year's median at each place of the year, smoothed; 0 without a whole year.

    Outliers are drawn in, unless every year has them: a giant order does not come back in the same week, a Christmas does."""
    departure = departures(past, season=season)
    bound = 3 * spread(departure.reshape(len(past), -1))[:, None, None]
    drawn, known = np.clip(departure, -bound, bound), np.isfinite(departure)
    shape = np.where(known, drawn, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    every = smoothed(_least_of_years(departure), smooth)
    shape = smoothed(shape, smooth)
    return np.where(np.abs(every) > np.abs(shape), every, shape)


def _least_of_years(departure: Numbers) -> Numbers:
    """At each place what every one of two years or more had; 0 where they do not agree on a direction."""
    known = np.isfinite(departure)
    low = np.where(known, departure, np.inf).min(axis=1)
    high = np.where(known, departure, -np.inf).max(axis=1)
    agreed = np.where(low > 0, low, np.where(high < 0, high, 0.0))
    return np.where(known.sum(axis=1) >= 2, agreed, 0.0)


def departures(past: Numbers, *, season: int) -> Numbers:
    """Series × years × places: how far each period stood from the median of its year; NaN in years that are not whole."""
    years = past.reshape(len(past), -1, season)
    whole = np.isfinite(years).mean(axis=2) >= WHOLE
    flat = years.reshape(-1, season)
    departure = (flat - median(flat)[:, None]).reshape(years.shape)
    return np.where(whole[:, :, None], departure, np.nan)


def whole_years(past: Numbers, *, season: int) -> Numbers:
    """How many whole years each series has."""
    return np.asarray((np.isfinite(past.reshape(len(past), -1, season)).mean(axis=2) >= WHOLE).sum(axis=1), dtype=float)


def smoothed(shape: Numbers, smooth: int) -> Numbers:
    """The last axis as a moving mean that runs on from the end of the year to its beginning."""
    half = smooth // 2
    return np.asarray(sum(np.roll(shape, shift, axis=-1) for shift in range(-half, half + 1)) / (2 * half + 1))
