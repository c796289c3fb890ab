"""How prices moved over the year, so that what was paid in spring can stand beside what is paid today.

A repeat-sales index (Bailey, Muth and Nourse 1963): only the same customer buying the same product twice is compared, so neither a new
customer with other terms nor a change of mix moves it. The logarithm of each price ratio says how far the level went from the one month to
the other, by the median of all that bought in both: where most pay the list price again, the level has not moved, whatever a few agreed.
The levels of all months that fit these medians best are the index. A category's own steps are drawn towards the company's, so that one with
few repeat purchases follows the company. Today's month is zero.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from nextmove.engine import Engine
from nextmove.predictions.rhythm import Counts, Numbers

MONTHS = 13  # calendar months that a year touches
_DRAWN = 20.0  # repeat purchases that the whole's step counts as
_UNMOVED = 0.005  # a level this near to today's is today's: list prices that stayed stay comparable to the cent

_REPEATS = """
with bought as (
    select account_id, product_id, category, day, back, ln(cast(net as double) / cast(quantity as double)) as price from {days} as days
),
steps as (
    select category, back as to_back, lag(back) over (partition by account_id, product_id order by day) as from_back,
        price - lag(price) over (partition by account_id, product_id order by day) as step
    from bought
)
select category, coalesce(from_back, -1) as from_back, to_back, count(*) as repeats,
    coalesce(quantile_cont(step, 0.5), 0) as step
from steps where from_back is null or from_back > to_back
group by category, coalesce(from_back, -1), to_back order by category, coalesce(from_back, -1), to_back
"""


def price_levels(engine: Engine, days: str) -> dict[str, Numbers]:
    """Category → what the logarithm of a price of each month (0 is today's) lacks to today's level; `days` is SQL of purchase days."""
    rows = engine.query(_REPEATS.format(days=days))
    names, group = np.unique(np.asarray(rows["category"].to_pylist(), dtype=str), return_inverse=True)
    earlier, later = (rows[name].to_numpy().astype(np.int64) for name in ("from_back", "to_back"))
    repeats, step = rows["repeats"].to_numpy().astype(np.float64), rows["step"].to_numpy()
    known = earlier >= 0  # a first purchase only names its category
    found = _Repeats(group[known], earlier[known], later[known], repeats[known], (repeats * step)[known])
    company = _fitted(replace(found, group=np.zeros_like(found.group)), 1, np.zeros(MONTHS - 1))
    own = _fitted(found, len(names), np.diff(company[0]))
    return dict(zip(names.tolist(), np.where(np.abs(own) < _UNMOVED, 0, -own), strict=True))


@dataclass(frozen=True)
class _Repeats:
    """Repeat purchases by group and months: how many, and that number times the median logarithm of their price ratios."""

    group: Counts
    earlier: Counts
    later: Counts
    repeats: Numbers
    total: Numbers


def _fitted(found: _Repeats, groups: int, steps: Numbers) -> Numbers:
    """Group × month: least squares of the log ratios, each step between neighbouring months drawn towards `steps`."""
    left, right = np.zeros((groups, MONTHS, MONTHS)), np.zeros((groups, MONTHS))
    for one, other, total in ((found.earlier, found.later, -found.total), (found.later, found.earlier, found.total)):
        np.add.at(left, (found.group, one, one), found.repeats)
        np.add.at(left, (found.group, one, other), -found.repeats)
        np.add.at(right, (found.group, one), total)
    between = np.diff(np.eye(MONTHS), axis=0)
    left += _DRAWN * between.T @ between
    right += _DRAWN * between.T @ steps
    levels = np.zeros((groups, MONTHS))
    levels[:, 1:] = np.linalg.solve(left[:, 1:, 1:], right[:, 1:, None])[:, :, 0]
    return levels
