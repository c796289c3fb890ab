"""The assortment: a few products that everybody buys and a long tail, in categories and brands.

Popularity follows Zipf's law. Every product has a sister of the same category that was always on sale: what customers
took before it was launched and what they take once it is discontinued. Prices rise each January, costs creep up.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from nextmove.demo import columns, names
from nextmove.demo.clock import Clock
from nextmove.demo.plan import Bools, Floats, Ints, Names, Plan

ZIPF_EXPONENT = 0.95
INITIATIVES = ("Green range", "Smart site")
LAUNCHED_SHARE, DISCONTINUED_SHARE = 0.06, 0.05


@dataclass(frozen=True)
class Products:
    """All products, the most popular first; prices and costs are those of the last day, in the reporting currency."""

    ids: Names
    name: Names
    category: Ints
    brand: Ints
    list_cents: Ints
    cost_cents: Ints
    launched: Ints  # day number, far in the past for most
    discontinued: Ints  # day number, beyond the last day for most
    initiative: Ints  # -1 for none
    sister: Ints
    popularity: Floats  # sums to 1
    usual_quantity: Floats
    price_factor: Floats  # category × day: list price of that day ÷ list price now
    cost_factor: Floats


def categories() -> list[str]:
    return list(names.things())


def products(plan: Plan, clock: Clock) -> Products:
    """Stock the warehouse of the plan."""
    random = plan.random("products")
    count = plan.products
    category = random.permutation(np.arange(count) % len(categories()))
    price = np.exp(random.normal(np.log(14), 0.95, count)).clip(0.9, 900)
    margin = np.linspace(0.24, 0.44, len(categories()))[random.permutation(len(categories()))][category]
    popularity = (np.arange(count) + 2.0) ** -ZIPF_EXPONENT
    launched, discontinued = _lives(plan, random)
    new = launched > 0
    return Products(
        ids=np.array([f"P{n + 1:05d}" for n in random.permutation(count)], dtype=object),
        name=_names(random, category),
        category=category,
        brand=random.integers(0, len(names.brands()), count),
        list_cents=columns.round_half(price * 20) * 5,
        cost_cents=columns.round_half(price * 100 * (1 - margin - random.normal(0, 0.03, count))),
        launched=launched,
        discontinued=discontinued,
        initiative=np.where(new & (random.random(count) < 0.6), random.integers(0, len(INITIATIVES), count), -1),
        sister=_sisters(category, (launched < 0) & (discontinued >= plan.days)),
        popularity=popularity / popularity.sum(),
        usual_quantity=(600 / price).clip(2, 150),
        price_factor=_price_factor(random, clock),
        cost_factor=_cost_factor(random, clock),
    )


def _lives(plan: Plan, random: np.random.Generator) -> tuple[Ints, Ints]:
    """When each product came and went; the most popular tenth has always been there and stays."""
    count = plan.products
    changing = np.arange(count) >= count // 10
    launched = np.where(changing & (random.random(count) < LAUNCHED_SHARE), random.integers(30, plan.days - 30, count), -2000)
    going = changing & (launched < 0) & (random.random(count) < DISCONTINUED_SHARE)
    return launched, np.where(going, random.integers(60, plan.days - 30, count), plan.days + 1)


def _names(random: np.random.Generator, category: Ints) -> Names:
    found = np.empty(len(category), dtype=object)
    for number, things in enumerate(names.things().values()):
        here = category == number
        thing = random.choice(np.array(things, dtype=object), int(here.sum()))
        model = random.choice(np.array(names.models(), dtype=object), int(here.sum()))
        found[here] = thing + " " + model
    return found


def _sisters(category: Ints, steady: Bools) -> Ints:
    """For each product the next one of its category, by popularity, that was on sale all the time."""
    sister = np.arange(len(category))
    for number in range(int(category.max()) + 1):
        here = np.flatnonzero(category == number)
        stays = here[steady[here]]
        after = np.searchsorted(stays, here, side="right") % len(stays)
        sister[here] = stays[after]
    return sister


def _price_factor(random: np.random.Generator, clock: Clock) -> Floats:
    """List prices rise each January by what the category bears."""
    years = np.array([clock.day(n).year for n in range(clock.days)])
    rise = random.uniform(0.015, 0.055, (len(categories()), years[-1] - years[0] + 1))
    level = np.cumprod(1 + rise, axis=1)[:, years - years[0]]
    return np.asarray(level / level[:, -1:])


def _cost_factor(random: np.random.Generator, clock: Clock) -> Floats:
    """Costs creep up, every quarter a little."""
    quarter = np.arange(clock.days) // 91
    creep = random.uniform(0.002, 0.014, (len(categories()), int(quarter[-1]) + 1))
    level = np.cumprod(1 + creep, axis=1)[:, quarter]
    return np.asarray(level / level[:, -1:])


def table(goods: Products, clock: Clock, *, cost_factor_now: Floats) -> pa.Table:
    """The rows of `products`; `cost_factor_now` is what each category's cost has become by a planted story."""
    order = np.argsort(goods.ids)
    brand = np.array(names.brands(), dtype=object)[goods.brand]
    return pa.table(
        {
            "product_id": pa.array(goods.ids[order]),
            "name": pa.array((brand + " " + goods.name)[order]),
            "category": columns.coded(goods.category[order], categories()),
            "brand": pa.array(brand[order]),
            "unit_cost": columns.cents(columns.round_half(goods.cost_cents * cost_factor_now[goods.category])[order]),
            "list_price": columns.cents(goods.list_cents[order]),
            "launched_on": columns.days(clock.start, goods.launched[order], missing=(goods.launched < -1000)[order]),
            "discontinued_on": columns.days(clock.start, goods.discontinued[order], missing=(goods.discontinued >= clock.days)[order]),
            "initiative": columns.coded(goods.initiative[order], INITIATIVES),
        }
    )
