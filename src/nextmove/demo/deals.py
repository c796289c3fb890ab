"""Deals: those behind first orders of won customers, those behind larger orders of old ones, the lost and the open.

Won deals are reckoned backwards from the order that they brought, so every won deal has its order; the others run forward
from the day they began. A deal passes four stages in office time (days with a fraction that is a part of the working day).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nextmove.demo.campaigns import CHANNELS, Campaigns
from nextmove.demo.clock import OPEN_MINUTES, OPENS_MINUTE, Clock
from nextmove.demo.customers import SLOTS, Customers
from nextmove.demo.people import People, on_duty
from nextmove.demo.plan import Bools, Floats, Ints, Plan
from nextmove.demo.products import Products
from nextmove.demo.rhythm import Orders
from nextmove.demo.stories import BOTTLENECK_FACTOR, BOTTLENECK_STAGE

STAGES = ("qualified", "needs", "proposal", "negotiation")
STAGE_DAYS = np.array([9.0, 13.0, 14.0, 10.0])
SLOW_STAGE = STAGES.index(BOTTLENECK_STAGE)
SLOW_DAYS = 150  # before the last day the bottleneck begins
LOST_IN = np.array([0.22, 0.26, 0.32, 0.20])
SOURCES = (*CHANNELS[:4], "web", "referral", "partner", "cold call")
OPEN, WON, LOST = range(3)
STATUSES = ("open", "won", "lost")
BY_LEAD_SHARE = 0.85  # of new customers came as a lead


@dataclass(frozen=True)
class Deals:
    """All deals; times in office days since the start, infinite where not reached."""

    order: Ints  # index of the order that a won deal brought, -1 for the others
    account: Ints  # -1 where the lead is no customer
    by_lead: Bools
    region: Ints
    rep: Ints
    product: Ints
    entered: Floats  # deal × stage: when it came into the stage
    closed: Floats
    status: Ints
    last_stage: Ints

    @property
    def created(self) -> Floats:
        return np.asarray(self.entered[:, 0])


def office_time(clock: Clock, minutes: Ints) -> Floats:
    """Days since the start, the fraction being that of the working day."""
    day = clock.day_of(minutes)
    local = minutes - day * 1440 + clock.utc_offset[day]
    return np.asarray(day + (local - OPENS_MINUTE) / OPEN_MINUTES)


def office_minutes(clock: Clock, time: Floats) -> Ints:
    """The moment of an office time, also before the first day (there without summer time)."""
    known = np.where(np.isfinite(time), time, 0.0)
    day = np.floor(known).astype(np.int64)
    offset = np.where(day >= 0, clock.utc_offset[day.clip(0, clock.days - 1)], 0)
    return day * 1440 + OPENS_MINUTE + ((known - day) * OPEN_MINUTES).astype(np.int64) - offset


@dataclass(frozen=True)
class Market:
    """What deals and leads are drawn from."""

    plan: Plan
    clock: Clock
    staff: People
    goods: Products
    buyers: Customers
    orders: Orders
    counts: Ints
    running: Campaigns


def deals(market: Market) -> Deals:
    """All deals of the company."""
    random = market.plan.random("deals")
    won_orders, first = _orders_of_deals(market, random)
    won = _won(market, random, won_orders, by_lead=first)
    begun = _forward(market, random, won)
    return Deals(*(np.concatenate([getattr(won, part), getattr(begun, part)]) for part in Deals.__dataclass_fields__))


def _orders_of_deals(market: Market, random: np.random.Generator) -> tuple[Ints, Bools]:
    """The first orders of most new customers, and some of the larger orders of old ones, in the order of time."""
    placed, buyers = market.orders, market.buyers
    known = placed.account < buyers.known
    first = (placed.number == 0) & known & buyers.is_new[placed.account] & (random.random(len(placed.account)) < BY_LEAD_SHARE)
    large = (placed.number > 2) & known & (market.counts >= min(5, SLOTS)) & (placed.day > 60)
    share = market.plan.lines / 250 / max(1, int(large.sum()))
    chosen = np.flatnonzero(first | (large & (random.random(len(large)) < share)))
    return chosen, first[chosen]


def _won(market: Market, random: np.random.Generator, order: Ints, *, by_lead: Bools) -> Deals:
    account = market.orders.account[order].astype(np.int64)
    closed = office_time(market.clock, market.orders.minutes[order]) - random.uniform(0.06, 3.0, len(order))
    entered = np.empty((len(order), len(STAGES)))
    until: Floats = closed
    for stage in reversed(range(len(STAGES))):
        until = _entered_before(market, random, until, stage)
        entered[:, stage] = until
    owner, before = market.buyers.rep[account], market.buyers.rep_before[account]
    return Deals(
        order=order,
        account=account,
        by_lead=by_lead,
        region=market.buyers.region[account],
        rep=np.where(closed < market.buyers.handed_over[account], before, owner),
        product=market.buyers.assortment[account, 0].astype(np.int64),
        entered=entered,
        closed=closed,
        status=np.full(len(order), WON),
        last_stage=np.full(len(order), len(STAGES) - 1),
    )


def _stay(random: np.random.Generator, stage: int, count: int) -> Floats:
    return np.asarray(0.1 + STAGE_DAYS[stage] * random.lognormal(-0.15, 0.55, count))


def _slow_from(market: Market) -> int:
    return market.plan.days - 1 - SLOW_DAYS


def _entered_before(market: Market, random: np.random.Generator, until: Floats, stage: int) -> Floats:
    """When a deal that leaves the stage at `until` had come into it."""
    stay = _stay(random, stage, len(until))
    if stage != SLOW_STAGE:
        return until - stay
    slow = until - stay * BOTTLENECK_FACTOR
    return np.where(slow >= _slow_from(market), slow, np.minimum(until - stay, _slow_from(market) - 0.1))


def _forward(market: Market, random: np.random.Generator, won: Deals) -> Deals:
    """Lost and open deals: as many as make a plausible win rate, more of them with weaker representatives."""
    plan, staff, buyers = market.plan, market.staff, market.buyers
    usual_days = STAGE_DAYS.sum()
    soon = round(len(won.order) * usual_days / plan.days)  # will be won after the last day
    count = round(1.7 * len(won.order)) + soon
    begun = market.clock.random_days(random, count) + random.random(count)
    begun[:soon] = plan.days - random.uniform(0, usual_days, soon)
    weight = 1 / staff.strength[staff.sells] ** 2
    rep = random.choice(staff.sells, count, p=weight / weight.sum())
    by_lead = random.random(count) < won.by_lead.mean()
    ends_in = np.where(np.arange(count) < soon, len(STAGES) - 1, random.choice(len(STAGES), count, p=LOST_IN))
    entered, closed = _walk(market, random, begun, ends_in)
    is_open = (closed >= plan.days) | (np.arange(count) < soon)
    entered[entered >= plan.days] = np.inf
    region = staff.region[rep]
    return Deals(
        order=np.full(count, -1),
        account=np.where(by_lead, -1, _some_account(random, buyers, rep)),
        by_lead=by_lead,
        region=region,
        rep=on_duty(staff, rep, begun),
        product=np.searchsorted(np.cumsum(market.goods.popularity), random.random(count)).clip(0, len(market.goods.ids) - 1),
        entered=entered,
        closed=np.where(is_open, np.inf, closed),
        status=np.where(is_open, OPEN, LOST),
        last_stage=np.isfinite(entered).sum(axis=1) - 1,
    )


def _walk(market: Market, random: np.random.Generator, begun: Floats, ends_in: Ints) -> tuple[Floats, Floats]:
    """Let deals walk through the stages up to the one in which they end, and when they end."""
    entered = np.full((len(begun), len(STAGES)), np.inf)
    now = begun
    for stage in range(len(STAGES)):
        here = ends_in >= stage
        entered[here, stage] = now[here]
        stay = _stay(random, stage, len(begun))
        if stage == SLOW_STAGE:
            stay *= np.where(now >= _slow_from(market), BOTTLENECK_FACTOR, 1.0)
        now = np.where(here, now + stay, now)
    return entered, now


def _some_account(random: np.random.Generator, buyers: Customers, rep: Ints) -> Ints:
    """A customer of each representative."""
    by_rep = np.argsort(buyers.rep[: buyers.known], kind="stable")
    owner = buyers.rep[by_rep]
    low, high = np.searchsorted(owner, rep), np.searchsorted(owner, rep, side="right")
    drawn = low + (random.random(len(rep)) * (high - low)).astype(np.int64)
    return np.where(high > low, by_rep[drawn.clip(0, len(by_rep) - 1)], -1)
