"""Order lines, drawn in batches from the skeleton of orders: product, quantity, price, discount, cost, delivery, returns.

An order takes one product from each of the first slots of its customer's assortment. Within a slot the choice rotates
(by the golden ratio), so each product has its own regular interval, which is what makes a stopped item visible.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from nextmove.demo.columns import round_half
from nextmove.demo.customers import CHOICES, Customers
from nextmove.demo.effects import Effects, quantity_factor
from nextmove.demo.plan import Bools, Floats, Ints, Plan
from nextmove.demo.products import Products
from nextmove.demo.rhythm import FIRST_CHOICE, SECOND_CHOICE, Orders, turns

ORDERS_AT_ONCE = 60_000
IRREGULAR_SHARE, TRIAL_SHARE = 0.10, 0.03
GBP_PRICE = 0.86  # the British price list, in pounds for one euro of the other
STATUSES = ("completed", "cancelled", "returned")
COMPLETED, CANCELLED, RETURNED = range(3)


@dataclass(frozen=True)
class World:
    """All that lines are drawn from."""

    plan: Plan
    buyers: Customers
    goods: Products
    effects: Effects
    orders: Orders
    counts: Ints  # lines of each order
    rep_generosity: Floats
    pays_in_pounds: Bools  # region
    deal_orders: Ints  # sorted indices of orders that came from a won opportunity
    offer_orders: Ints  # sorted indices of orders that came from a campaign
    offer_campaign: Ints


@dataclass(frozen=True)
class Lines:
    """A batch of ordered lines; `order` is the index within the batch, which begins at the order `first`."""

    first: int
    orders: Orders  # of this batch
    rep: Ints  # of each order
    order: Ints
    line_no: Ints
    product: Ints
    quantity: Ints
    list_cents: Ints
    net_cents: Ints
    cost_cents: Ints
    cancelled: Bools
    chance: np.random.Generator

    @property
    def account(self) -> Ints:
        return self.orders.account[self.order]

    @property
    def day(self) -> Ints:
        return self.orders.day[self.order]


def batches(world: World) -> Iterator[Lines]:
    """All lines, some 250,000 at a time, in the order of time."""
    for number, first in enumerate(range(0, len(world.orders.account), ORDERS_AT_ONCE)):
        yield _batch(world, first, world.plan.random("lines", number))


def _batch(world: World, first: int, chance: np.random.Generator) -> Lines:
    part = slice(first, first + ORDERS_AT_ONCE)
    placed = Orders(world.orders.account[part], world.orders.minutes[part], world.orders.number[part])
    counts = world.counts[part].astype(np.int64)
    order = np.repeat(np.arange(len(counts)), counts)
    slot = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    rep = _representative(world, placed)
    product = _products(world, placed, order=order, slot=slot, chance=chance)
    quantity = _quantities(world, placed, order=order, product=product, rep=rep, chance=chance)
    list_cents, cost_cents = _prices(world, placed, order=order, product=product, quantity=quantity)
    discount = _discounts(world, placed, order=order, rep=rep, quantity=quantity, product=product, chance=chance)
    cancelled = _cancelled(world, placed, order=order, first=first, chance=chance)
    net_cents = round_half(list_cents * (1 - discount))
    return Lines(first, placed, rep, order, slot + 1, product, quantity, list_cents, net_cents, cost_cents, cancelled, chance)


def _representative(world: World, placed: Orders) -> Ints:
    buyers = world.buyers
    earlier = placed.day < buyers.handed_over[placed.account]
    return np.where(earlier, buyers.rep_before[placed.account], buyers.rep[placed.account])


def _products(world: World, placed: Orders, *, order: Ints, slot: Ints, chance: np.random.Generator) -> Ints:
    """The product of each line: the turn of its slot, if it belongs to the assortment that day and is on sale."""
    account, day = placed.account[order], placed.day[order]
    turn = np.where(chance.random(len(order)) < IRREGULAR_SHARE, chance.random(len(order)), turns(placed.number[order], account, slot))
    choice = (turn >= FIRST_CHOICE).astype(np.int64) + (turn >= SECOND_CHOICE)
    column = slot * CHOICES
    choice = np.where(day < world.buyers.adopted[account, column + choice], 0, choice)
    choice = np.where(day >= world.effects.dropped_from[account, column + choice], 1, choice)
    product = world.buyers.assortment[account, column + choice].astype(np.int64)
    trial = np.flatnonzero(chance.random(len(order)) < TRIAL_SHARE)
    product[trial] = np.searchsorted(np.cumsum(world.goods.popularity), chance.random(len(trial))).clip(0, len(world.goods.ids) - 1)
    on_sale = (day >= world.goods.launched[product]) & (day < world.goods.discontinued[product])
    return np.asarray(np.where(on_sale, product, world.goods.sister[product]))


def _quantities(world: World, placed: Orders, *, order: Ints, product: Ints, rep: Ints, chance: np.random.Generator) -> Ints:
    account, day = placed.account[order], placed.day[order]
    usual = world.goods.usual_quantity[product] * world.buyers.quantity[account]
    growth = 1 + 0.05 * (day / 365 - 1.5)
    story = quantity_factor(
        world.effects,
        account=account,
        day=day,
        region=world.buyers.region[account],
        category=world.goods.category[product],
        rep=rep[order],
    )
    giant = (placed.minutes == world.effects.giant_at[placed.account])[order]
    wanted = usual * growth * story * np.exp(chance.normal(0, 0.25, len(order)))
    wanted *= np.where(giant, world.effects.giant_factor, 1.0)
    return np.maximum(1, np.floor(wanted + chance.random(len(order)))).astype(np.int64)


def _prices(world: World, placed: Orders, *, order: Ints, product: Ints, quantity: Ints) -> tuple[Ints, Ints]:
    """List and cost of each line in its currency, at the prices of its day."""
    day, category = placed.day[order], world.goods.category[product]
    pounds = world.pays_in_pounds[world.buyers.region[placed.account[order]]]
    rate = np.where(pounds, GBP_PRICE, 1.0)
    unit = round_half(world.goods.list_cents[product] * world.goods.price_factor[category, day] * rate)
    jump = np.where(day >= world.effects.cost_jump_from[category], world.effects.cost_jump[category], 1.0)
    cost = world.goods.cost_cents[product] * world.goods.cost_factor[category, day] * jump * rate
    return unit * quantity, round_half(cost * quantity)


def _discounts(
    world: World, placed: Orders, *, order: Ints, rep: Ints, quantity: Ints, product: Ints, chance: np.random.Generator
) -> Floats:
    """The customer's terms, more for large quantities and by generous representatives, in steps of half a percent."""
    large = quantity > 3 * world.goods.usual_quantity[product]
    terms = world.buyers.discount[placed.account] + world.rep_generosity[rep]
    discount = terms[order] + 0.03 * large + chance.normal(0, 0.012, len(order))
    return np.asarray(np.round(discount.clip(0, 0.4) * 200) / 200)


def _cancelled(world: World, placed: Orders, *, order: Ints, first: int, chance: np.random.Generator) -> Bools:
    """Some whole orders, some single lines; never the first order of a customer or what a deal or a story rests on."""
    number = np.arange(len(placed.account)) + first
    safe = (placed.number == 0) | np.isin(number, world.deal_orders) | (placed.minutes == world.effects.giant_at[placed.account])
    whole = (chance.random(len(number)) < 0.011) & ~safe
    single = (chance.random(len(order)) < 0.003) & ~safe[order]
    return np.asarray(whole[order] | single)
