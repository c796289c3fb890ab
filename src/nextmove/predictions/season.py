"""How far the coming weeks differ from the year's mean, from what the same weeks did a year before.

The repeat-buying model knows who buys how often, and expects it evenly over the year. Where it stood a year ago (fitted to what was
known then), its error over the following weeks is the season's: on a wholesaler's data its purchases of September to December 2010 were
1.30 times what it expected, and 1.32 times in 2011. With little history before that day the error is rather its own, so it counts the
less.
"""

from __future__ import annotations

import numpy as np

from nextmove.predictions.order_size import order_size
from nextmove.predictions.repeat_buying import repeat_buying_at
from nextmove.predictions.rhythm import PurchaseDays

_YEARS = (365, 730, 1095)
_LEAST = 90  # days of history from which a past year begins to tell


def year_before(days: PurchaseDays, on: int, horizon: int, min_purchase_days: int) -> float:
    """By how much the log-odds of no purchase were off in the same days of the years before; 0 where nothing tells."""
    from scipy.special import logit

    shifts = []
    for stand, history in _histories(days, on, horizon):
        at = days.summary(stand)
        open_ = (at.count >= min_purchase_days) & (at.quiet_days <= 2 * horizon)
        if open_.sum() >= 30:
            bought = days.count_between(stand, stand + horizon, at.who) > 0
            none = repeat_buying_at(days, stand).p_none(at.frequency, at.recency, at.T, within=horizon)
            there, expected = (np.clip(share, 0.01, 0.99) for share in ((~bought[open_]).mean(), none[open_].mean()))
            shifts.append((history - _LEAST) / (history + _LEAST) * float(logit(there) - logit(expected)))
    return float(np.mean(shifts)) if shifts else 0.0


def season_ratios(days: PurchaseDays, on: int, horizon: int) -> tuple[float, float]:
    """Purchases and net sales of the customers in the same days of the years before ÷ those expected then."""
    logs = []
    for stand, history in _histories(days, on, horizon):
        at = days.summary(stand)
        came = [days.count_between(stand, stand + horizon, at.who).sum(), days.sum_between("net", stand, stand + horizon, at.who).sum()]
        purchases = repeat_buying_at(days, stand).expected(at.frequency, at.recency, at.T, within=horizon)
        expected = [purchases.sum(), (purchases * order_size(days, at, "net")).sum()]
        if len(at.who) >= 30 and min(*came, *expected) > 0:  # sums of all customers, so soon believed
            logs.append(history / (history + _LEAST) * np.log(np.array(came) / np.array(expected)))
    purchases_ratio, net_ratio = np.exp(np.clip(np.mean(logs, axis=0), -1, 1)) if logs else (1.0, 1.0)
    return float(purchases_ratio), float(net_ratio)


def _histories(days: PurchaseDays, on: int, horizon: int) -> list[tuple[int, int]]:
    """The days one, two, three years ago, and how much history lay before them."""
    stands = [on - back for back in _YEARS if horizon <= back]
    return [(stand, stand - days.first_day) for stand in stands if stand - days.first_day > _LEAST]
