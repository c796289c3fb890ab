"""Net sales and profit by month while the lines pass by: the level that targets, spend and the market follow.

Only a level, so plain floats do; every amount that a KPI shows is in the tables, exact.
"""

from __future__ import annotations

import numpy as np

from nextmove.demo import names
from nextmove.demo.clock import Clock
from nextmove.demo.customers import SEGMENTS
from nextmove.demo.lines import GBP_PRICE, Lines, World
from nextmove.demo.plan import Floats, Ints


class Tally:
    """Sums of the lines seen so far, in the reporting currency."""

    def __init__(self, clock: Clock, *, reps: int, deals: int) -> None:
        first = clock.day(0)
        self.month_of_day = np.array([_months(clock.day(n).year - first.year, clock.day(n).month - first.month) for n in range(clock.days)])
        self.months = int(self.month_of_day[-1]) + 1
        self.daily = np.zeros(clock.days)
        self.by_rep = np.zeros((self.months, reps))
        self.profit_by_rep = np.zeros((self.months, reps))
        self.by_market = np.zeros((self.months, len(names.regions()) * len(SEGMENTS)))
        self.deal_cents = np.zeros(deals, dtype=np.int64)

    def add(self, world: World, batch: Lines) -> None:
        """Count a batch."""
        account = batch.orders.account
        rate = np.where(world.pays_in_pounds[world.buyers.region[account]], 1 / GBP_PRICE, 1.0)
        count = len(account)
        net_cents = _by(batch.order, np.where(batch.cancelled, 0, batch.net_cents), count)
        cost_cents = _by(batch.order, np.where(batch.cancelled, 0, batch.cost_cents), count)
        self._add_deals(world, batch, net_cents)
        net, profit = net_cents * rate / 100, (net_cents - cost_cents) * rate / 100
        day = batch.orders.day
        month = self.month_of_day[day]
        place = world.buyers.region[account] * len(SEGMENTS) + world.buyers.segment[account]
        self.daily += _by(day, net, len(self.daily))
        self.by_rep += _by(month * self.by_rep.shape[1] + batch.rep, net, self.by_rep.size).reshape(self.by_rep.shape)
        self.profit_by_rep += _by(month * self.by_rep.shape[1] + batch.rep, profit, self.by_rep.size).reshape(self.by_rep.shape)
        self.by_market += _by(month * self.by_market.shape[1] + place, net, self.by_market.size).reshape(self.by_market.shape)

    def _add_deals(self, world: World, batch: Lines, net_cents: Floats) -> None:
        """The net amount of each order that a won deal brought."""
        begin, end = np.searchsorted(world.deal_orders, [batch.first, batch.first + len(net_cents)])
        self.deal_cents[begin:end] = net_cents[world.deal_orders[begin:end] - batch.first]

    def daily_level(self) -> Floats:
        """Net sales a day, smoothed over a quarter."""
        window = np.ones(91)
        return np.asarray(np.convolve(self.daily, window, "same") / np.convolve(np.ones(len(self.daily)), window, "same"))


def _by(key: Ints, amount: Floats | Ints, size: int) -> Floats:
    return np.bincount(key, weights=amount, minlength=size).astype(np.float64)


def _months(years: int, months: int) -> int:
    return years * 12 + months
