"""The bridge from one period's sales (or gross profit) to another's.

Every product (in each currency) of the customers of each kind is one item with a quantity, an amount in its own currency, a cost and a
rate of exchange. The change is

    working days   what more or fewer of them alone brought; all else is compared per working day
    new            customers whose first purchase ever lies in the later period
    returning      customers with purchases before, none in the earlier period, and some now
    lost           customers of the earlier period who bought nothing now
    price          Δ(price) × mean quantity                 of the customers of both periods, item by item
    cost           −Δ(unit cost) × mean quantity            (gross profit only)
    exchange rate  Δ(rate) × mean amount in the own currency
    volume         Δ(all units) × the mean amount a unit
    mix            other products than before: what is left of Δ(quantity) × mean amount a unit

Every effect is taken at the middle of the two periods, so no order of changes is preferred and swapping the periods only
turns the signs. An item without a positive quantity on both sides has no price to compare: its change is volume and mix.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from nextmove.insights.explain.exact import add_up
from nextmove.insights.explain.rates import working_days_effect

Numbers = NDArray[np.float64]

PARTS = ("working_days", "new", "returning", "lost", "price", "cost", "exchange_rate", "volume", "mix")
STATES = ("kept", "new", "returning", "lost")


@dataclass(frozen=True)
class Side:
    """One period, item by item: quantity, amount in the item's own currency, the same in the reporting currency, and cost (there too)."""

    quantity: Numbers
    amount: Numbers
    reported: Numbers
    cost: Numbers

    def per(self, factor: float) -> Side:
        return Side(self.quantity * factor, self.amount * factor, self.reported * factor, self.cost * factor)


@dataclass(frozen=True)
class Items:
    """Items of both periods side by side, and what each one's customer is: kept, new, returning or lost."""

    state: NDArray[np.int64]  # position in STATES
    before: Side
    after: Side

    @property
    def change(self) -> Numbers:
        return (self.after.reported - self.after.cost) - (self.before.reported - self.before.cost)


def bridge(items: Items, total: Decimal, *, days: tuple[int, int] = (1, 1)) -> dict[str, Decimal]:
    """Every part to the cent; they add up to `total`, the exact change."""
    whole = working_days_effect(
        float((items.before.reported - items.before.cost).sum()), float((items.after.reported - items.after.cost).sum()), *days
    )
    parts = {"working_days": whole, **effects(_per_day(items, days))}
    return add_up({name: parts[name] for name in PARTS}, total)


def effects(items: Items) -> dict[str, float]:
    """All parts but the working days, as floating point numbers that add up to the change."""
    change = items.change
    parts = {state: float(change[items.state == at].sum()) for at, state in enumerate(STATES) if at}
    return parts | _of_kept(items, items.state == 0)


def _per_day(items: Items, days: tuple[int, int]) -> Items:
    """Both periods brought to the mean number of working days."""
    if min(days) <= 0:
        return items
    middle = sum(days) / 2
    return Items(items.state, items.before.per(middle / days[0]), items.after.per(middle / days[1]))


def _of_kept(items: Items, kept: NDArray[np.bool_]) -> dict[str, float]:
    price, cost, exchange = _price_effects(items, kept)
    change = np.where(kept, items.change, 0.0)
    moved = change - price - cost - exchange  # Δ(quantity) × mean amount a unit
    volume = _volume(items, kept, float(moved.sum()))
    return {
        "price": float(price.sum()),
        "cost": float(cost.sum()),
        "exchange_rate": float(exchange.sum()),
        "volume": volume,
        "mix": float(moved.sum()) - volume,
    }


def _price_effects(items: Items, kept: NDArray[np.bool_]) -> tuple[Numbers, Numbers, Numbers]:
    """Price, cost and exchange-rate effect of each item that has a price on both sides; elsewhere 0."""
    before, after = items.before, items.after
    both = kept & (before.quantity > 0) & (after.quantity > 0)
    quantity = np.where(both, (before.quantity + after.quantity) / 2, 0.0)
    rated = both & (before.amount != 0) & (after.amount != 0)
    rate0, rate1 = _each(before.reported, before.amount, rated), _each(after.reported, after.amount, rated)
    exchange = np.where(rated, (rate1 - rate0) * (before.amount + after.amount) / 2, 0.0)
    unpriced = both & ~rated  # given away on one side: the amount a unit is compared as reported
    own0, own1 = (np.where(unpriced, side.reported, side.amount) for side in (before, after))
    middle = np.where(rated, (rate0 + rate1) / 2, 1.0)
    price = quantity * middle * (_each(own1, after.quantity, both) - _each(own0, before.quantity, both))
    cost = -quantity * (_each(after.cost, after.quantity, both) - _each(before.cost, before.quantity, both))
    return price, cost, exchange


def _each(amount: Numbers, of: Numbers, where: NDArray[np.bool_]) -> Numbers:
    return np.divide(amount, of, out=np.zeros_like(amount), where=where)


def _volume(items: Items, kept: NDArray[np.bool_], moved: float) -> float:
    """Δ(all units) × the mean amount a unit; all of `moved` where there are no units to speak of."""
    units0, units1 = float(items.before.quantity[kept].sum()), float(items.after.quantity[kept].sum())
    if units0 <= 0 or units1 <= 0:
        return moved
    worth0 = float((items.before.reported - items.before.cost)[kept].sum()) / units0
    worth1 = float((items.after.reported - items.after.cost)[kept].sum()) / units1
    return (units1 - units0) * (worth0 + worth1) / 2


def contributions(before: Mapping[str, Decimal], after: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """What each member added to the change of a sum, largest first; a member missing on one side counts 0 there."""
    zero = Decimal(0)
    change = {member: after.get(member, zero) - before.get(member, zero) for member in sorted(before.keys() | after.keys())}
    return dict(sorted(change.items(), key=lambda entry: -abs(entry[1])))
