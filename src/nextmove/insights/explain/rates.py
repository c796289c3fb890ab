"""Why a ratio moved: its members' rates, or the mix of members.

With weights w (a member's share of the denominator) and rates r, the change of Σ w·r is, by midpoints,

    rate effect of a member   (r1 − r0) × (w0 + w1) / 2
    mix effect of a member    (w1 − w0) × ((r0 + r1) / 2 − (R0 + R1) / 2)      R = the whole

Both add up to the change exactly, and swapping the periods only turns the signs: no order, no base period, no remainder.
A member that is there on one side only has no rate to compare: all of it is mix.

The working-day effect splits a sum the same way: days × (what an average day brought) + pace × (the average days).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class RateAndMix:
    """By member, in the order given; empty where one period has no denominator, for then there is no ratio to explain."""

    members: tuple[str, ...]
    rate: Numbers
    mix: Numbers
    change: float | None


def rate_and_mix(members: Sequence[str], before: tuple[Numbers, Numbers], after: tuple[Numbers, Numbers]) -> RateAndMix:
    """Split the change of Σ numerator ÷ Σ denominator over members; each side is (numerators, denominators).

    >>> split = rate_and_mix(["web", "fair"], (np.array([10.0, 40]), np.array([100.0, 100])), (np.array([30.0, 20]), np.array([300.0, 50])))
    >>> split.rate.round(4).tolist(), split.mix.round(4).tolist(), round(split.change, 4)
    ([0.0, 0.0], [-0.0344, -0.0727], -0.1071)
    """
    (of0, to0), (of1, to1) = before, after
    whole0, whole1 = to0.sum(), to1.sum()
    if whole0 == 0 or whole1 == 0:
        return RateAndMix((), np.zeros(0), np.zeros(0), None)
    weight0, weight1 = to0 / whole0, to1 / whole1
    rate0, rate1 = _rates(of0, to0, of1, to1)
    total0, total1 = of0.sum() / whole0, of1.sum() / whole1
    rate = (rate1 - rate0) * (weight0 + weight1) / 2
    mix = (weight1 - weight0) * ((rate0 + rate1) / 2 - (total0 + total1) / 2)
    loose0, loose1 = np.where(to0 == 0, of0, 0) / whole0, np.where(to1 == 0, of1, 0) / whole1  # numerators without a denominator
    return RateAndMix(tuple(members), rate, mix + loose1 - loose0, float(total1 - total0))


def _rates(of0: Numbers, to0: Numbers, of1: Numbers, to1: Numbers) -> tuple[Numbers, Numbers]:
    """Each member's rates; where one side has none, the other's stands for both."""
    rate0, rate1 = (np.divide(of, to, out=np.full(len(of), np.nan), where=to != 0) for of, to in ((of0, to0), (of1, to1)))
    rate0, rate1 = np.where(np.isnan(rate0), rate1, rate0), np.where(np.isnan(rate1), rate0, rate1)
    return np.nan_to_num(rate0), np.nan_to_num(rate1)


def working_days_effect(before: float, after: float, days_before: int, days_after: int) -> float:
    """What more or fewer working days alone did; 0 where a period has none.

    >>> round(working_days_effect(2000, 1900, 20, 19), 2)
    -100.0
    """
    if days_before <= 0 or days_after <= 0:
        return 0.0
    return (days_after - days_before) * (before / days_before + after / days_after) / 2
