"""Ways to say what the next months bring, each from all that was known at the end of one month; the forecast weighs them.

`last_year` is the rule that vendors use: the same month of the year before. `growth` is that month times this year's growth. `mean` is the
year's mean times the season. `smoothed` is a level with damped trend (Gardner and McKenzie 1985) without the season, times the season.
`rhythm` is learnt from customers, not from totals: a customer's month from its own months before, one regression over all customers and
past months, so that who orders each quarter is expected in its quarter. It is linear, and so is applied to any group of customers by the
group's own months. It knows no season of its own before two years are over, so it is learnt and applied without the season, times it: where
an autumn doubles (Online Retail II) its error over the second one fell from 6.2 times that of last year's month to 1.6.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nextmove.predictions.month_season import YEAR, season
from nextmove.predictions.months import Numbers

_TREND_KEPT = 0.9
_PACES = tuple((level, trend) for level in (0.05, 0.1, 0.2, 0.3, 0.45, 0.6) for trend in (0.0, 0.1))
_WARM_UP = 6
_LEAST, _MOST = -1.0, 6.0  # times its mean that one month of a customer may teach
_RIDGE = 0.03
_TAUGHT = 6  # past months that a rhythm must have been seen in

METHODS = ("last_year", "growth", "mean", "smoothed", "rhythm")


@dataclass(frozen=True)
class Known:
    """Money per mean month of working days, members by month, and the season's month of each column (the company is row 0)."""

    money: Numbers
    first_month: int

    def season_of(self, columns: Numbers | range) -> np.ndarray:
        return (self.first_month + np.asarray(columns)) % YEAR


def forecasts(known: Known, rhythm: Rhythm, horizon: int) -> Numbers:
    """Method × member × month ahead."""
    money, count = known.money, known.money.shape[1]
    ahead = count + np.arange(horizon)
    shape = season(money, known.season_of(range(count)))
    before, coming = shape[:, known.season_of(range(count))], shape[:, known.season_of(ahead)]
    flat = money / before
    a_year_ago = money[:, count - YEAR + np.arange(horizon) % YEAR]
    mean = flat[:, -YEAR:].mean(axis=1)[:, None] * coming
    growth = a_year_ago * _growth(money)[:, None] if count >= YEAR + _WARM_UP else mean
    steady = rhythm.without(shape[0], known).ahead(flat, horizon, otherwise=mean / coming)
    told = (a_year_ago, growth, mean, smoothed(flat, horizon) * coming, steady * coming)
    above: Numbers = np.maximum(np.stack(told), 0)
    return above


def _growth(money: Numbers) -> Numbers:
    """The latest half year (or what there is of it) ÷ the same months a year before, half the company's."""
    months = min(6, money.shape[1] - YEAR)
    now, then = money[:, -months:].sum(axis=1), money[:, -YEAR - months : -YEAR].sum(axis=1)
    own = np.clip(now / np.maximum(then, 1e-9), 0.5, 2)
    growth: Numbers = np.sqrt(own * own[0])
    return growth


def smoothed(flat: Numbers, horizon: int) -> Numbers:
    """Level and damped trend; how fast each member's follow is chosen by its own past errors of one month ahead."""
    errors, told = [], []
    reach = np.cumsum(_TREND_KEPT ** np.arange(1, horizon + 1))
    for pace, trend_pace in _PACES:
        level, trend, error = flat[:, :_WARM_UP].mean(axis=1), np.zeros(len(flat)), np.zeros(len(flat))
        for column in range(flat.shape[1]):
            expected = level + _TREND_KEPT * trend
            surprise = flat[:, column] - expected
            error += np.abs(surprise) * (column >= _WARM_UP)
            level, trend = expected + pace * surprise, _TREND_KEPT * trend + pace * trend_pace * surprise
        errors.append(error)
        told.append(level[:, None] + trend[:, None] * reach)
    best: Numbers = np.array(told)[np.argmin(errors, axis=0), np.arange(len(flat))]
    return best


@dataclass(frozen=True)
class Rhythm:
    """What customers' own months teach about a later month: for each past month `end`, the products of their latest year (each month as
    a multiple of their mean) with itself, and with the month `ahead`. Sums, so that any past day is a matter of adding up."""

    own: Numbers  # end × feature × feature
    later: Numbers  # ahead × end × feature
    weight: Numbers  # end

    @classmethod
    def learn(cls, customers: Numbers, horizon: int) -> Rhythm:
        count, features = customers.shape[1], YEAR + 1
        own, later, weight = np.zeros((count + 1, features, features)), np.zeros((horizon + 1, count + 1, features)), np.zeros(count + 1)
        for end in range(YEAR, count):
            window = customers[:, end - YEAR : end]
            there = window.mean(axis=1) > 0
            scale = window[there].mean(axis=1)
            known = _features(window[there], scale)
            weighed = known * scale[:, None]
            own[end], weight[end] = weighed.T @ known, scale.sum()
            for ahead in range(1, min(horizon, count - end) + 1):
                later[ahead, end] = weighed.T @ np.clip(customers[there, end + ahead - 1] / scale, _LEAST, _MOST)
        return cls(own, later, weight)

    def without(self, shape: Numbers, known: Known) -> Rhythm:
        """What these months teach once the company's season is taken out of them."""
        ends = np.arange(known.money.shape[1] + 1)
        before = [1 / shape[known.season_of(ends - back)] for back in range(1, YEAR + 1)]
        features = np.stack([*before, np.ones(len(ends))], axis=1)
        own = self.own[ends] * features[:, :, None] * features[:, None, :]
        target = [1 / shape[known.season_of(ends + ahead - 1)] for ahead in range(len(self.later))]
        return Rhythm(own, self.later[:, ends] * features * np.stack(target)[:, :, None], self.weight[ends])

    def ahead(self, money: Numbers, horizon: int, *, otherwise: Numbers) -> Numbers:
        """Member × month ahead; `otherwise` where too few past months teach."""
        count = money.shape[1]
        taught = [count - ahead - YEAR + 1 >= _TAUGHT for ahead in range(1, horizon + 1)]
        told = [self._at(money, ahead) if enough else otherwise[:, ahead - 1] for ahead, enough in enumerate(taught, start=1)]
        return np.stack(told, axis=1)

    def _at(self, money: Numbers, ahead: int) -> Numbers:
        weights, count = self._weights(money.shape[1], ahead), money.shape[1]
        past = range(max(YEAR, count - ahead - YEAR + 1), count - ahead + 1)
        said = sum(float(_apply(weights, money[:1, :end])[0]) for end in past)
        came = sum(float(money[0, end + ahead - 1]) for end in past)
        bias = float(np.clip(came / said, 0.5, 2)) if said > 0 else 1.0  # what customers bring who were none yet
        told: Numbers = bias * _apply(weights, money)
        return told

    def _weights(self, count: int, ahead: int) -> Numbers:
        """Ridge regression on the past months whose month `ahead` was over when `count` months were; drawn to the customer's mean."""
        ends = slice(YEAR, count - ahead + 1)
        strength = _RIDGE * max(float(self.weight[ends].sum()), 1e-9)
        drawn = self.later[ahead, ends].sum(axis=0)
        drawn[-1] += strength
        found: Numbers = np.linalg.solve(self.own[ends].sum(axis=0) + strength * np.eye(YEAR + 1), drawn)
        return found


def _apply(weights: Numbers, money: Numbers) -> Numbers:
    latest = money[:, -YEAR:]
    told: Numbers = latest[:, ::-1] @ weights[:-1] + latest.mean(axis=1) * weights[-1]
    return told


def _features(window: Numbers, mean: Numbers) -> Numbers:
    """A customer's months, latest first, as multiples of their mean; and one."""
    shares = np.clip(window[:, ::-1] / mean[:, None], _LEAST, _MOST)
    return np.hstack([shares, np.ones((len(window), 1))])
