"""What the planted stories do to orders, lines, prices and deliveries: from which day, to whom, how much.

A story only writes its effect here; the generators apply whatever stands here and know no story.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nextmove.demo.customers import COLUMNS, Customers
from nextmove.demo.plan import Floats, Ints, Plan
from nextmove.demo.products import categories

SHRINKING_DAYS, SHRUNK_TO = 210, 0.28


@dataclass(frozen=True)
class Effects:
    """Days are numbers; a day beyond the last one means never. The arrays are filled in by the stories."""

    silent_from: Ints  # account
    thinned_from: Ints  # account
    kept_share: Floats  # account: how many of its orders remain once thinned
    shrinks_from: Ints  # account: quantities slide down
    late_from: Ints  # account: deliveries come late
    dropped_from: Ints  # account × assortment column
    size: Floats  # account: quantities, always
    cost_jump_from: Ints  # category
    cost_jump: Floats  # category
    undercut_from: Ints  # region × category: a competitor is cheaper
    undercut: Floats  # region × category: share of quantities that remains
    rests_from: Ints  # representative: does not call any more
    neglected_from: Ints  # representative: its customers feel it
    neglected: Floats  # representative: share of its customers' quantities that remains
    giant_at: Ints  # account: the moment of an order that is many times as large
    giant_factor: float
    gap_share: float = 0.15  # of the orders of the last working day was loaded


def no_effects(plan: Plan, buyers: Customers, *, reps: int, regions: int) -> Effects:
    """Nothing happens to anybody."""
    never = plan.days + 1
    each = buyers.count
    return Effects(
        silent_from=np.full(each, never),
        thinned_from=np.full(each, never),
        kept_share=np.ones(each),
        shrinks_from=np.full(each, never),
        late_from=np.full(each, never),
        dropped_from=np.full((each, COLUMNS), never, dtype=np.int16),
        size=np.ones(each),
        cost_jump_from=np.full(len(categories()), never),
        cost_jump=np.ones(len(categories())),
        undercut_from=np.full((regions, len(categories())), never),
        undercut=np.ones((regions, len(categories()))),
        rests_from=np.full(reps, never),
        neglected_from=np.full(reps, never),
        neglected=np.ones(reps),
        giant_at=np.full(each, -1),
        giant_factor=float(np.clip(60 * (plan.lines / 80_000) ** 0.2, 40, 200)),
    )


def quantity_factor(effects: Effects, *, account: Ints, day: Ints, region: Ints, category: Ints, rep: Ints) -> Floats:
    """By how much the planted stories change the quantity of each line."""
    shrunk = ((day - effects.shrinks_from[account]) / SHRINKING_DAYS).clip(0, 1) * (1 - SHRUNK_TO)
    factor = effects.size[account] * (1 - shrunk)
    factor *= np.where(day >= effects.undercut_from[region, category], effects.undercut[region, category], 1.0)
    factor *= np.where(day >= effects.neglected_from[rep], effects.neglected[rep], 1.0)
    return np.asarray(factor)
