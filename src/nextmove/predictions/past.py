"""The customers' past, cut into slices to learn from: what was known of each on a day, and how long it then waited to buy again.

A slice stands at a day whose following weeks are over by the day of the prediction, so nothing later is ever needed. Slices lie fifteen
days apart over the thirteen months before, so that each season is in them; a company with less history has fewer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nextmove.predictions.behaviour import Behaviour, behaviour
from nextmove.predictions.rhythm import Flags, Numbers, PurchaseDays

STEP_DAYS = 15
REACH_DAYS = 390
LEAST_HISTORY_DAYS = 90
MOST_CUSTOMERS = 5000  # drawn evenly; more would cost time and teach nothing new


@dataclass(frozen=True)
class PastState:
    """Customers at a past day, and how many days later each bought next (infinite where it has not yet)."""

    known: Behaviour
    waited: Numbers

    @property
    def on(self) -> int:
        return self.known.at.on

    def rows(self, *, min_purchase_days: int, horizon: int) -> Flags:
        """Who is learnt from: enough purchase days, and not silent for so long that nothing is open about it."""
        return (self.known.at.count >= min_purchase_days) & (self.known.at.quiet_days <= 310 + horizon)


def past_states(days: PurchaseDays, on: int, *, shortest: int, horizon: int, every: int = STEP_DAYS) -> list[PastState]:
    """States of which a wait of `shortest` days is over by `on`, latest first."""
    stands = range(on - shortest, on - shortest - REACH_DAYS, -every)
    return [state_at(days, day, horizon=horizon) for day in stands if day - days.first_day >= LEAST_HISTORY_DAYS]


def state_at(days: PurchaseDays, on: int, *, horizon: int) -> PastState:
    known = behaviour(days, on, horizon)
    follows = np.minimum(known.at.end, len(days.day) - 1)
    there = (known.at.end < len(days.day)) & (days.customer[follows] == known.at.who)
    return PastState(known, np.where(there, days.day[follows] - on, np.inf).astype(np.float64))
