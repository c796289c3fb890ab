"""How far the coming weeks differ from the year's mean, from what the same weeks did a year before.

The repeat-buying model knows who buys how often, and expects it evenly over the year. Where it stood a year ago (fitted to what was known
then), its error over the following weeks is the season's: on a wholesaler's data its purchases of September to December 2010 were 1.30
times what it expected, and 1.32 times in 2011. With little history before that day the error is rather its own, so it counts the less.
"""

from __future__ import annotations

import numpy as np

from nextmove.predictions.repeat_buying import RepeatBuying, fit_repeat_buying
from nextmove.predictions.rhythm import PurchaseDays, Summary

_YEARS = (365, 730, 1095)
_LEAST = 90  # days of history from which a past year begins to tell


def year_before(days: PurchaseDays, on: int, horizon: int, min_purchase_days: int) -> float:
    """By how much the log-odds of no purchase were off in the same days of the years before; 0 where nothing tells."""
    from scipy.special import logit

    shifts = []
    for stand, trust in _stands(days, on, horizon):
        at = days.summary(stand)
        open_ = (at.count >= min_purchase_days) & (at.quiet_days <= 2 * horizon)
        if open_.sum() >= 30:
            bought = days.count_between(stand, stand + horizon, at.who) > 0
            none = _repeat(at).p_none(at.frequency, at.recency, at.T, within=horizon)
            there, expected = (np.clip(share, 0.01, 0.99) for share in ((~bought[open_]).mean(), none[open_].mean()))
            shifts.append(trust * float(logit(there) - logit(expected)))
    return float(np.mean(shifts)) if shifts else 0.0


def purchase_ratio(days: PurchaseDays, on: int, horizon: int) -> float:
    """Purchases in the same days of the years before ÷ those that were expected, drawn towards 1 by how little tells it."""
    logs = []
    for stand, trust in _stands(days, on, horizon):
        at = days.summary(stand)
        bought = float(days.count_between(stand, stand + horizon, at.who).sum())
        expected = float(_repeat(at).expected(at.frequency, at.recency, at.T, within=horizon).sum())
        if len(at.who) >= 30 and bought > 0 and expected > 0:
            logs.append(trust * float(np.log(bought / expected)))
    return float(np.exp(np.clip(np.mean(logs), -1, 1))) if logs else 1.0


def _stands(days: PurchaseDays, on: int, horizon: int) -> list[tuple[int, float]]:
    """The days one, two, three years ago, with how far each is believed: the less, the shorter the history before it."""
    histories = [(on - back, on - back - days.first_day) for back in _YEARS if horizon <= back]
    return [(stand, (history - _LEAST) / (history + _LEAST)) for stand, history in histories if history > _LEAST]


def _repeat(at: Summary) -> RepeatBuying:
    return fit_repeat_buying(at.frequency, at.recency, at.T)
