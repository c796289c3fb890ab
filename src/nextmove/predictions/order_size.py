"""How much a customer's purchase day brings.

Two answers for two questions. `order_size` is a mean, so that purchases × size adds up to sales: the customer's own days, the recent
ones counting more, drawn towards the company's mean by half a day's weight. `usual_order` is the middle of the customer's own days,
where one large order does not carry it away: the amount to reckon with for its next order.
"""

from __future__ import annotations

import numpy as np

from nextmove.predictions.rhythm import Counts, Numbers, PurchaseDays, Summary

_HALF_LIFE_DAYS = 180.0
_PRIOR_DAYS = 0.5


def order_size(days: PurchaseDays, at: Summary, what: str) -> Numbers:
    """Mean `net` or `profit` of a purchase day, for each customer."""
    rows, weight = _recent(days, at)
    amount = getattr(days, what)[days.day <= at.on]
    own, own_weight = _total(rows, weight * amount, at), _total(rows, weight, at)
    company = float((weight * amount).sum() / max(weight.sum(), 1e-9))
    size: Numbers = (own + _PRIOR_DAYS * company) / (own_weight + _PRIOR_DAYS)
    return size


def usual_order(days: PurchaseDays, at: Summary) -> Numbers:
    """The usual net sales of a purchase day, for each customer (mean on the logarithmic scale)."""
    rows, weight = _recent(days, at)
    logs = np.log1p(days.net[days.day <= at.on])
    usual: Numbers = np.expm1(_total(rows, weight * logs, at) / _total(rows, weight, at))
    return usual


def _recent(days: PurchaseDays, at: Summary) -> tuple[Counts, Numbers]:
    """For each known purchase day its customer's place in `at`, and a weight that halves with its distance from the customer's last."""
    known = days.day <= at.on
    place = np.zeros(len(days.accounts), dtype=np.int64)
    place[at.who] = np.arange(len(at.who))
    rows = place[days.customer[known]]
    weight: Numbers = 0.5 ** ((at.last[rows] - days.day[known]) / _HALF_LIFE_DAYS)
    return rows, weight


def _total(rows: Counts, weight: Numbers, at: Summary) -> Numbers:
    return np.bincount(rows, weights=weight, minlength=len(at.who)).astype(np.float64)
