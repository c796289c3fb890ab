"""Every order of the demo company: which customer, when, the how manieth, with how many lines.

Only this skeleton (thirteen bytes an order) is held as a whole, sorted by time; the lines are drawn from it in batches.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nextmove.demo.clock import SEASONS, Clock
from nextmove.demo.customers import ONE_TIME, SLOTS, Customers
from nextmove.demo.plan import Bools, Floats, Ints, Plan

ACCOUNTS_AT_ONCE = 20_000
GOLDEN = 0.6180339887498949
FIRST_CHOICE, SECOND_CHOICE = 0.5, 0.8  # turns below belong to a slot's first product, turns between to its second, the rest to its third


@dataclass(frozen=True)
class Orders:
    """All orders in the order of time."""

    account: Ints
    minutes: Ints  # since the start, UTC
    number: Ints  # 0 for the account's first

    @property
    def day(self) -> Ints:
        return self.minutes // 1440

    def where(self, keep: Bools | slice) -> Orders:
        return Orders(self.account[keep], self.minutes[keep], self.number[keep])


def usual_gaps(plan: Plan, buyers: Customers) -> Floats:
    """Each customer's mean gap in days, scaled so that all together place the orders of the plan."""
    alive = (buyers.leaves.clip(0, plan.days) - buyers.arrives.clip(0)).clip(0)
    repeating = buyers.buyer != ONE_TIME
    expected = (alive / buyers.mean_gap)[repeating].sum()
    return np.asarray(buyers.mean_gap * np.where(repeating, expected / plan.orders, 1.0))


def orders(plan: Plan, clock: Clock, buyers: Customers, gaps: Floats) -> Orders:
    """Let every customer order in its rhythm from its arrival until it leaves."""
    starts = range(0, buyers.count, ACCOUNTS_AT_ONCE)
    parts = [_of_some(plan, clock, buyers, gaps, np.arange(s, min(s + ACCOUNTS_AT_ONCE, buyers.count))) for s in starts]
    account, minutes, number = (np.concatenate(column) for column in zip(*parts, strict=True))
    in_time = np.argsort(minutes, kind="stable")
    return Orders(account[in_time], minutes[in_time], number[in_time])


def _of_some(plan: Plan, clock: Clock, buyers: Customers, gaps: Floats, some: Ints) -> tuple[Ints, Ints, Ints]:
    random = plan.random("orders", int(some[0]) // ACCOUNTS_AT_ONCE)
    begins = np.where(buyers.arrives[some] < 0, random.random(len(some)) * gaps[some], buyers.arrives[some])
    ends = np.minimum(buyers.leaves[some], plan.days - 1e-6)
    most = np.ceil((ends - begins).clip(0) / gaps[some] * 1.25 + 8 + 4 / np.sqrt(buyers.gap_shape[some])).astype(np.int64)
    once = buyers.buyer[some] == ONE_TIME
    most[once] = 1 + (random.random(int(once.sum())) < 0.2)
    who = np.repeat(np.arange(len(some)), most)
    first = np.repeat(np.cumsum(most) - most, most)
    gap = random.gamma(buyers.gap_shape[some][who]) / buyers.gap_shape[some][who] * gaps[some][who]
    passed = np.cumsum(gap)
    time = begins[who] + passed - passed[first]
    number = np.arange(len(who)) - first
    keep = time < ends[who]
    minutes = _minutes(clock, buyers.season[some][who], time)
    return some[who[keep]].astype(np.int32), minutes[keep].astype(np.int32), number[keep].astype(np.int32)


def _minutes(clock: Clock, season: Ints, time: Floats) -> Ints:
    minutes = np.empty(len(time), dtype=np.int64)
    for one in range(SEASONS):
        here = season == one
        minutes[here] = clock.minutes(clock.calendar_time(time[here], one))
    return minutes


def turns(number: Ints, account: Ints, slot: Ints | int) -> Floats:
    """Where each order stands in the round of a slot's products, 0 to 1, spread evenly: each product comes at a rhythm of its own."""
    return np.asarray((number * GOLDEN + account * 0.7548776662 + slot * 0.5698402910) % 1)


def first_days(placed: Orders, accounts: int, *, otherwise: int) -> Ints:
    """The day of each account's first order."""
    first = np.full(accounts, otherwise)
    backwards = slice(None, None, -1)
    first[placed.account[backwards]] = placed.day[backwards]
    return first


def line_counts(plan: Plan, buyers: Customers, placed: Orders) -> Ints:
    """How many lines each order has: around the customer's usual size, in total exactly those of the plan."""
    random = plan.random("line counts")
    usual = buyers.lines_per_order[placed.account] - 1
    usual *= (plan.ordered_lines / len(placed.account) - 1) / usual.mean()
    counts = (1 + random.poisson(usual.clip(0.05, SLOTS))).clip(1, SLOTS).astype(np.int8)
    while (missing := plan.ordered_lines - int(counts.sum(dtype=np.int64))) != 0:
        step = 1 if missing > 0 else -1
        able = np.flatnonzero(counts < SLOTS if step > 0 else counts > 1)
        chosen = random.choice(able, min(abs(missing), len(able)), replace=False)
        counts[chosen] += step
    return counts
