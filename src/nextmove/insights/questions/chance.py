"""Tests of whether a difference between two groups could be chance, and one budget of false findings over many of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]

BUDGET = 0.05  # share of false findings among those told
LEAST = 10  # things in a group below which nothing is said of it


def shares_differ(hits: int, of: int, other_hits: int, other_of: int) -> float:
    """p of Fisher's exact test on two shares."""
    from scipy.stats import fisher_exact

    return float(fisher_exact([[hits, of - hits], [other_hits, other_of - other_hits]]).pvalue)


def ranks_differ(values: Numbers, others: Numbers) -> float:
    """p of the rank-sum test (Mann and Whitney 1947), which holds for shares, counts, money and hours alike."""
    from scipy.stats import mannwhitneyu

    if not len(values) or not len(others) or (np.ptp(np.concatenate([values, others])) == 0):
        return 1.0
    return float(mannwhitneyu(values, others, alternative="two-sided").pvalue)


def durations_differ(days: Numbers, ended: Flags, other_days: Numbers, other_ended: Flags) -> float:
    """p of the log-rank test (Mantel 1966): those that have not ended count as long as they were seen."""
    from scipy.stats import CensoredData, logrank

    if not ended.any() or not other_ended.any():
        return 1.0
    first, second = (CensoredData(uncensored=d[e], right=d[~e]) for d, e in ((days, ended), (other_days, other_ended)))
    p = float(logrank(first, second).pvalue)
    return p if np.isfinite(p) else 1.0


def told(p_values: Sequence[float], budget: float = BUDGET) -> list[bool]:
    """Which of them may be told, so that at most the share `budget` of those is false."""
    if not p_values:
        return []
    from scipy.stats import false_discovery_control

    return [bool(p <= budget) for p in false_discovery_control(np.clip(p_values, 0, 1))]


def still_there(days: Numbers, ended: Flags, at: Numbers) -> Numbers:
    """Share that has not ended after `at` days (Kaplan and Meier 1958); open ones count as long as they were seen."""
    moments, at_end = np.unique(days[ended], return_counts=True)
    ordered = np.sort(days)
    at_risk = len(days) - np.searchsorted(ordered, moments, side="left")
    alive = np.concatenate([[1.0], np.cumprod(1 - at_end / np.maximum(at_risk, 1))])
    return np.asarray(alive[np.searchsorted(moments, at, side="right")], np.float64)


def median_of(days: Numbers, ended: Flags) -> float | None:
    """The day by which half have ended; None where it has not come to that."""
    moments = np.unique(days[ended])
    below = moments[still_there(days, ended, moments) <= 0.5 + 1e-12]
    return float(below[0]) if len(below) else None
