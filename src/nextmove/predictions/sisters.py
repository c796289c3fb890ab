"""Products that have gone, or that another has taken the place of: missing them is nobody's loss.

A product is *gone* when the product table says so, or when nobody has bought it for a time in which five or more purchases were to be
expected. It is *replaced* by a younger product of its category when it has lost four fifths of its buyers and at least two in five of
those who stopped taking it (three customers or more) now take the other. No claim is made about products without a category.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from nextmove.predictions.baskets import Assortment, Baskets, Counts, Flags
from nextmove.predictions.groups import Features, Numbers, Runs
from nextmove.predictions.products import product_state


@dataclass(frozen=True)
class Fate:
    """Of each product: whether it is gone, and which product took its place (−1: none)."""

    gone: Flags
    successor: Counts


def fate_of_products(baskets: Baskets, assortment: Assortment, day: int, horizon: int) -> Fate:
    """At the end of `day`, the last one of `baskets`."""
    return baskets.kept.get(("fate", day), lambda: _fate(baskets, assortment, product_state(baskets, day, horizon), day))


def _fate(baskets: Baskets, assortment: Assortment, goods: Features, day: int) -> Fate:
    gone = assortment.discontinued | _sells_no_more(goods["p_n"], goods["p_quiet"], goods["p_age"])
    return Fate(gone, _successors(baskets, assortment, goods, day))


def days_later(fate: Fate, goods: Features, discontinued: Flags, bought_since: Flags, days: int) -> Fate:
    """What has ended so many days after `goods` were counted, and what sells again; which took the place of which is not asked anew."""
    quiet = np.where(bought_since, 0, goods["p_quiet"] + days)
    return Fate(discontinued | _sells_no_more(goods["p_n"], quiet, goods["p_age"] + days), fate.successor)


def _sells_no_more(purchases: Numbers, quiet: Numbers, age: Numbers) -> Flags:
    """Nobody has bought it for a time in which five or more purchases were to be expected."""
    gone: Flags = (quiet >= 30) & (purchases / np.maximum(age - quiet, 30) * quiet >= 5)
    return gone


def _successors(baskets: Baskets, assortment: Assortment, goods: Features, day: int) -> Counts:
    year, recent = goods["p_b365"], goods["p_b30"]
    lost = (goods["p_b90"] * 5 < year) | (recent * 20 < year)
    falling = np.flatnonzero((assortment.category >= 0) & (year >= 5) & lost)
    young = np.flatnonzero((assortment.category >= 0) & (goods["p_age"] < 540) & (recent >= 3))
    successor = np.full(len(baskets.products), -1)
    if not len(falling) or not len(young):
        return successor
    moved, stopped = _moves(baskets, falling, young, day)
    younger = goods["p_age"][young][None, :] < goods["p_age"][falling][:, None] - 30
    same = assortment.category[falling][:, None] == assortment.category[young][None, :]
    moved = np.where(same & younger, moved, 0)
    best = moved.argmax(axis=1)
    most = moved[np.arange(len(falling)), best]
    taken = (most >= 3) & (most >= 0.4 * stopped)
    successor[falling[taken]] = young[best[taken]]
    return successor


def _moves(baskets: Baskets, falling: Counts, young: Counts, day: int) -> tuple[np.ndarray, np.ndarray]:
    """How many who stopped each falling product now take each young one; how many stopped it at all."""
    runs, size = Runs(baskets.starts), len(baskets.products)
    account, product = baskets.pairs // size, baskets.pairs % size
    quiet = day - baskets.day[runs.last]

    def held(chosen: Counts, flags: Flags) -> sparse.csr_matrix:
        place = np.full(size, -1)
        place[chosen] = np.arange(len(chosen))
        on = flags & (place[product] >= 0)
        return sparse.csr_matrix((np.ones(on.sum()), (account[on], place[product[on]])), (len(baskets.accounts), len(chosen)))

    left, took = held(falling, quiet >= 60), held(young, quiet < 180)
    return np.asarray((left.T @ took).todense()), np.asarray(left.sum(axis=0)).ravel()
