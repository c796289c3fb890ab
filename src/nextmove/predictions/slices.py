"""Slices of a company's own past to learn from, and the check that the learnt method beats the rule.

A slice is a past day whose next `horizon_days` are over by `as_of`: the state on that day is what was known, the days after it tell what
came of it. Several slices, a month apart, teach more than one (stopped items: AUC 0.681 from one, 0.691 from four to six).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from nextmove.predictions.baskets import Baskets, Counts

SLICES = 6
STEP_DAYS = 30
LEARNING_ACCOUNTS = 6000  # customers learnt from in each slice; more change the third decimal only
LEAST_ROWS = 400  # labelled rows below which the rule speaks


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


def past_slices(baskets: Baskets, day: int, *, horizon: int, most: int = SLICES) -> Iterator[Slice]:
    """The slices that `day` may learn from, newest first; each has at least a horizon of history."""
    for back in range(most):
        at = day - horizon - STEP_DAYS * back
        if at - baskets.first_day < min(horizon, 180):
            return
        yield Slice(baskets, at)
