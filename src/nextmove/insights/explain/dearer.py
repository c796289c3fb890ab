"""Where unit costs rose: the category or brand whose products became dearer to buy.

A brand holds products of many categories and the other way round, so both lose margin when one of them becomes dearer. The one is
meant that makes most of the effect of unit costs beyond its share of sales.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nextmove.insights.explain.rows import UNKNOWN, Lines, Numbers

CUTS = ("category", "brand")
APART = 0.2  # of the effect of all unit costs, beyond the share of sales


@dataclass(frozen=True)
class Dearer:
    """A category or brand, and what the unit costs of its products did to the profit."""

    dimension: str
    member: str
    effect: float


def dearer(lines: Lines) -> Dearer | None:
    """The category or brand that stands out by what its unit costs did; None where costs rose everywhere alike."""
    if "product" not in lines.members:
        return None
    effect, sold = _by_product(lines)
    whole, sales = effect.sum(), sold.sum()
    if not whole or sales <= 0:
        return None
    found: list[tuple[float, Dearer]] = []
    for cut in CUTS:
        if cut in lines.members:
            of = _member_of(lines, cut)
            size = len(lines.members[cut].names)
            each, share = np.bincount(of, effect, size), np.bincount(of, sold, size) / sales
            top = int((each / whole - share).argmax())
            found.append((float(each[top] / whole - share[top]), Dearer(cut, lines.members[cut].names[top], float(each[top]))))
    apart, best = max(found, key=lambda one: one[0], default=(0.0, None))
    return best if best and apart >= APART and best.member != UNKNOWN else None


def _by_product(lines: Lines) -> tuple[Numbers, Numbers]:
    """Of each product what its unit cost did to the profit at the mean quantity, and what it sold in both spans."""
    size = len(lines.members["product"].names)
    units, cost, net = (lines.totals("product", pair) for pair in (lines.quantity, lines.cost, lines.net))
    both = (units[0] > 0) & (units[1] > 0)
    each = [np.divide(cost[at], units[at], out=np.zeros(size), where=both) for at in (0, 1)]
    effect = np.where(both, (units[0] + units[1]) / 2 * (each[1] - each[0]), 0.0)
    return effect.astype(float), (net[0] + net[1]).astype(float)


def _member_of(lines: Lines, cut: str) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """The member of each product: that of its last line."""
    column = lines.members["product"]
    of = np.zeros(len(column.names), np.int64)
    of[column.row] = lines.members[cut].row
    return of
