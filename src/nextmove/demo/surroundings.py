"""What surrounds the company: exchange rates, the size of its markets, competitors' prices, what customers say."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from nextmove.demo import columns, names
from nextmove.demo.clock import Clock
from nextmove.demo.customers import SEGMENTS, Customers
from nextmove.demo.effects import Effects
from nextmove.demo.lines import GBP_PRICE
from nextmove.demo.plan import Floats, Ints, Plan
from nextmove.demo.products import Products
from nextmove.demo.stories import COMPETITORS
from nextmove.demo.tally import Tally

RATES_BEFORE = 200  # days before the first for which rates are known
PRICE_CUT = -0.18


def rate_rows(plan: Plan, clock: Clock) -> pa.Table:
    """A rate of the pound for each weekday, wandering around that of the price list."""
    random = plan.random("rates")
    day = np.arange(-RATES_BEFORE, plan.days)
    weekday = np.array([clock.day(n).weekday() < 5 for n in day])
    step = random.normal(0, 0.0022, len(day))
    level = np.empty(len(day))
    level[0] = 0.0
    for n in range(1, len(day)):  # each day leans back to the mean
        level[n] = level[n - 1] * 0.985 + step[n]
    units = columns.round_half(np.exp(level[weekday]) / GBP_PRICE * 1e6) * 100
    return pa.table(
        {
            "day": columns.days(clock.start, day[weekday]),
            "currency": columns.coded(np.zeros(len(units), dtype=int), ["GBP"]),
            "rate": columns.decimals(units, scale=8),
        }
    )


def market_rows(plan: Plan, clock: Clock, tally: Tally) -> pa.Table:
    """The size of each region's segments by month: calm growth at a share of about a tenth."""
    random = plan.random("market")
    level = np.maximum(tally.by_market.mean(axis=0), 1000.0)
    share = random.uniform(0.06, 0.16, len(level))
    growth = 1 + random.uniform(0.0, 0.05, len(level)) * (np.arange(tally.months)[:, None] / 12 - 1.5)
    size = level / share * growth * random.lognormal(0, 0.015, growth.shape)
    month, place = np.divmod(np.arange(size.size), size.shape[1])
    first = clock.start.replace(day=1)
    starts = np.array([_month_after(first.year, first.month - 1 + n) for n in range(tally.months)], dtype="datetime64[D]")
    return pa.table(
        {
            "period_start": pa.array(starts[month]),
            "region": columns.coded(place // len(SEGMENTS), [region.name for region in names.regions()]),
            "segment": columns.coded(place % len(SEGMENTS), SEGMENTS),
            "market_size": columns.cents(columns.round_half(size.ravel() / 100) * 10_000),
        }
    )


def _month_after(year: int, months: int) -> str:
    return f"{year + months // 12}-{months % 12 + 1:02d}-01"


def competitor_price_rows(plan: Plan, clock: Clock, goods: Products, effects: Effects) -> pa.Table:
    """Weekly prices of the most popular products at each competitor; one of them cuts those of a category."""
    random = plan.random("competitor prices")
    watched = min(len(goods.ids), max(30, round(30 * (plan.lines / 80_000) ** 0.3)))
    shape = (len(np.arange(0, plan.days, 7)), watched, len(COMPETITORS))
    week, product, competitor = (index.ravel() for index in np.indices(shape))
    day, category = week * 7, goods.category[product]
    manner = np.array([0.95, 0.91, 0.97])[competitor] * random.normal(1, 0.04, shape[1:]).ravel()[product * shape[2] + competitor]
    cut_from = effects.undercut_from.min(axis=0)[category]
    cut = np.where((competitor == 0) & (day >= cut_from), 1 + PRICE_CUT, 1.0)
    price = goods.list_cents[product] * goods.price_factor[category, day] * manner * cut * random.normal(1, 0.01, len(day))
    order = np.lexsort((competitor, goods.ids[product].astype(str), day))
    return pa.table(
        {
            "day": columns.days(clock.start, day[order]),
            "product_id": columns.coded(product[order], goods.ids),
            "competitor": columns.coded(competitor[order], COMPETITORS),
            "price": columns.cents(columns.round_half(price)[order].clip(1)),
        }
    )


def survey_rows(plan: Plan, clock: Clock, buyers: Customers, effects: Effects) -> Iterator[pa.Table]:
    """Twice-yearly and after-delivery answers; those whose deliveries come late are not pleased."""
    random = plan.random("surveys")
    count = max(60, plan.lines // 150)
    account = random.integers(0, buyers.known, count)
    day = clock.random_days(random, count)
    nps = random.random(count) < 0.6
    mood = _mood(random, buyers, account=account) - 1.6 * (day >= effects.late_from[account])
    score = np.where(nps, np.round(7.6 + 2.0 * mood).clip(0, 10), np.round(4.0 + 0.9 * mood).clip(1, 5))
    yield pa.table(
        {
            "survey_id": columns.numbered("Q", np.arange(count) + 1, 7),
            "account_id": columns.coded(account, buyers.ids),
            "responded_at": columns.moments(clock.start, clock.random_minutes(random, day)),
            "kind": columns.coded(nps.astype(int), ("csat", "nps")),
            "score": columns.scores(score),
        }
    )


def _mood(random: np.random.Generator, buyers: Customers, *, account: Ints) -> Floats:
    own = np.random.default_rng(0).normal(0, 0.7, buyers.count)
    return np.asarray(own[account] + random.normal(0, 0.7, len(account)))
