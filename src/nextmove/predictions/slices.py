"""Slices of a company's own past to learn from, and the check that the learnt method beats the rule.

A slice is a past day whose next `horizon_days` are over by `as_of`: the state on that day is what was known, the days after it tell what
came of it. Several slices, a month apart, teach more than one (stopped items: AUC 0.681 from one, 0.691 from four to six).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from nextmove.predictions.baskets import Baskets, Counts, Numbers, holds
from nextmove.predictions.groups import first_of_each

SLICES = 6
STEP_DAYS = 30
LEARNING_ACCOUNTS = 6000  # customers learnt from in each slice; more change the third decimal only
LEAST_ROWS = 400  # labelled rows below which the rule speaks


@dataclass(frozen=True)
class Sold:
    """Pairs bought within a horizon, by ascending key, and the gross profit of each."""

    key: Counts
    account: Counts
    money: Numbers

    def of(self, wanted: Counts) -> Numbers:
        """What each wanted pair brought; nothing where it was not bought."""
        if not len(self.key):
            return np.zeros(len(wanted))
        at = np.minimum(np.searchsorted(self.key, wanted), len(self.key) - 1)
        return np.where(self.key[at] == wanted, self.money[at], 0.0)

    def captured(self, account: Counts, score: Numbers, money: Numbers, *, length: int = 10) -> float:
        """What the first `length` of each customer's list brought ÷ what the best such list would have; NaN where that is nothing."""
        best = float(np.maximum(self.money, 0)[first_of_each(self.account, self.money, length)].sum())
        found = float(money[first_of_each(account, score, length)].sum())
        return found / best if best > 0 else float("nan")


@dataclass(frozen=True)
class Slice:
    """A past day, and all that is known today: what the day is labelled with."""

    later: Baskets
    day: int

    @cached_property
    def known(self) -> Baskets:
        """What was known at the end of `day`."""
        return self.later.until(self.day)

    def bought(self, horizon: int) -> Counts:
        """The pairs bought within the horizon after it."""
        return self.later.between(self.day, self.day + horizon)

    def brought(self, horizon: int, accounts: Counts, *, before: bool) -> Sold:
        """What pairs of these customers brought within it, of products sold by then: those bought `before` that day, or the others."""
        keys, money = self.later.brought_between(self.day, self.day + horizon)
        account, product = keys // len(self.later.products), keys % len(self.later.products)
        judged = np.isin(account, accounts) & np.isin(product, self.known.product) & (holds(self.known.pairs, keys) == before)
        return Sold(keys[judged], account[judged], money[judged])


def past_slices(baskets: Baskets, day: int, *, horizon: int, most: int = SLICES) -> Iterator[Slice]:
    """The slices that `day` may learn from, newest first; each has at least a horizon of history."""
    for back in range(most):
        at = day - horizon - STEP_DAYS * back
        if at - baskets.first_day < min(horizon, 180):
            return
        yield Slice(baskets, at)
