"""Watch a table of series: the whole road from values to alerts.

>>> from datetime import date, timedelta
>>> from nextmove.insights.detect import from_rows, watch
>>> weeks = [date(2023, 1, 2) + timedelta(weeks=w) for w in range(80)]
>>> steady = [100 + (7 * w) % 13 for w in range(80)]
>>> fallen = steady[:70] + [value / 4 for value in steady[70:]]
>>> found = watch(from_rows(["a"] * 80 + ["b"] * 80, weeks * 2, steady + fallen))
>>> [(f.series_id, str(f.opened_on), f.direction) for f in found]
[('b', '2024-05-06', -1)]
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from nextmove.insights.detect.alerts import Alert, Budget, Patience, alerts
from nextmove.insights.detect.expectation import Expectation, Grain, expect
from nextmove.insights.detect.order import Numbers, median
from nextmove.insights.detect.series import Scale, Series, from_table
from nextmove.insights.detect.strength import strengths

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Watching:
    """How closely to watch. The same values hold for every company; only the budget is a matter of taste."""

    grain: Grain
    patience: Patience
    budget: Budget = field(default_factory=Budget)
    steady: int = 1  # which window says that it is over
    activity: float = 0.5  # a series that is empty in more periods is not watched: nothing was expected of it


WEEKLY = Watching(
    Grain(season=52, memory=40, short=9, smooth=5, windows=(3, 4, 6, 8), ramp_from=6, minimum=45, least=8),
    Patience(quiet=13, turn=6, shortest=4),
)
MONTHLY = Watching(
    Grain(season=12, memory=12, short=6, smooth=1, windows=(2, 3), ramp_from=3, minimum=14, least=5, clip=4.0),
    Patience(quiet=6, turn=2, shortest=2),
    Budget(freedom=20.0),  # three years of months are few: a strength is known far less well
    steady=0,
)


@dataclass(frozen=True)
class Found:
    """An alert as it is told: the period that opened and closed it, and what was seen against what was expected then."""

    series_id: str
    opened_on: date
    closed_on: date | None
    direction: int
    strength: float
    window: int
    value: float
    expected: float
    low: float
    high: float
    difference: float  # over the window that told it


def watch(series: Series, watching: Watching = WEEKLY) -> list[Found]:
    """All alerts over the periods of `series`, each period seen with its past only; in the order in which they opened."""
    if series.values.size == 0:
        return []
    grain = watching.grain
    values, unit = _comparable(series)
    scale = Scale.of(values, series.relative, first=grain.minimum, least=series.least)
    expectation = expect(scale.read(values), series.families, grain, series.lenders)
    strength = strengths(expectation, series.families, grain, thin=_thinness(series))
    strength[:, ~_watched(values, watching)] = np.nan
    found = alerts(strength, grain.windows, steady=watching.steady, budget=watching.budget, patience=watching.patience, first=grain.minimum)
    return [_told(alert, series, expectation, scale, unit) for alert in found]


def watch_rows(table: pa.Table, watching: Watching = WEEKLY) -> list[dict[str, str | int | float]]:
    """For a table of series_id, week, value[, family]: one row an alert (series_id, week, direction, expected, …)."""
    return [
        {"series_id": f.series_id, "week": f"{f.opened_on}", "direction": f.direction, "strength": f.strength, "expected": f.expected}
        for f in watch(from_table(table), watching)
    ]


def _comparable(series: Series) -> tuple[Numbers, Numbers]:
    """Values per usual number of working days, and the factor back; a period without a working day is not judged."""
    if series.exposure is None:
        return series.born, np.ones_like(series.values)
    days = np.broadcast_to(series.exposure, series.values.shape)
    usual = median(np.where(days > 0, days, np.nan))
    factor = np.where(days > 0, days / usual[:, None], np.nan)
    return series.born / factor, np.where(np.isfinite(factor), factor, 1.0)


def _thinness(series: Series) -> Numbers | None:
    """How much noisier each period of a ratio is than usual, for its few rows: √(usual ÷ this denominator), at least 1."""
    if series.weights is None:
        return None
    with np.errstate(invalid="ignore", divide="ignore"):
        usual = np.cumsum(np.nan_to_num(series.weights), axis=1) / np.arange(1, series.weights.shape[1] + 1)
        return np.asarray(np.sqrt(np.clip(np.nan_to_num(usual / series.weights, nan=1.0, posinf=25.0), 1.0, 25.0)))


def _watched(values: Numbers, watching: Watching) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    """Series × periods with enough history, and enough of it not empty."""
    seen = np.cumsum(np.isfinite(values), axis=1)
    full = np.cumsum(np.isfinite(values) & (values != 0), axis=1)
    return np.asarray((seen >= watching.grain.minimum) & (full >= watching.activity * seen))


def _told(alert: Alert, series: Series, expectation: Expectation, scale: Scale, factor: Numbers) -> Found:
    """The alert in the reader's units."""
    row, t = alert.series, alert.opened
    start = t + 1 - alert.window
    level = expectation.level[row, start] + expectation.shared[row, start : t + 1] + expectation.seasonal[row, start : t + 1]
    noise = 2 * expectation.noise[row, start]
    expected, low, high = (
        _possible(_back(level + shift, row, scale) * factor[row, start : t + 1], series, row, t) for shift in (0.0, -noise, noise)
    )
    seen = series.values[row, start : t + 1]
    closed = None if alert.closed is None else series.periods[alert.closed]
    return Found(
        series.ids[row], series.periods[t], closed, alert.direction, alert.strength, alert.window,
        float(seen[-1]), float(expected[-1]), float(low[-1]), float(high[-1]), float(np.nansum(seen - expected)),
    )  # fmt: skip


def _possible(values: Numbers, series: Series, row: int, t: int) -> Numbers:
    """Nothing below 0 of what never was; no more than all of what was a share so far."""
    past = series.values[row, : t + 1]
    least = 0.0 if np.nanmin(past) >= 0 else -np.inf
    most = 1.0 if series.additive is not None and not series.additive[row] and np.nanmax(past) <= 1 else np.inf
    return np.clip(values, least, most)


def _back(scaled: Numbers, row: int, scale: Scale) -> Numbers:
    relative, unit, offset = (np.repeat(of[row], len(scaled)) for of in (scale.relative, scale.unit, scale.offset))
    return Scale(relative, unit, offset).back(scaled)
