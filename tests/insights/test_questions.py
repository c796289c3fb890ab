"""A manager's questions: chance alone is told of nobody, and what was planted is found."""

from __future__ import annotations

import numpy as np
import pytest

from nextmove.insights.questions.chance import durations_differ, median_of, ranks_differ, shares_differ, still_there, told


def test_the_curve_counts_open_ones_as_long_as_they_were_seen() -> None:
    """Kaplan and Meier's own kind of table, by hand: 5 at risk, one ends on day 1, one is last seen on 2, one ends on 3, and so on."""
    days, ended = np.array([1.0, 2, 3, 4, 5]), np.array([True, False, True, True, False])
    at = np.array([0.0, 1, 2, 3, 4, 5])
    assert still_there(days, ended, at) == pytest.approx([1, 4 / 5, 4 / 5, 4 / 5 * 2 / 3, 4 / 5 * 2 / 3 * 1 / 2, 4 / 5 * 2 / 3 * 1 / 2])
    assert median_of(days, ended) == 4
    assert median_of(days, np.zeros(5, bool)) is None


def test_what_differs_is_told_and_what_does_not_is_not() -> None:
    random = np.random.default_rng(7)
    p = [ranks_differ(random.normal(size=40), random.normal(size=200)) for _ in range(200)]
    assert sum(told(p)) <= 2
    assert told([*p, ranks_differ(random.normal(2, 1, 40), random.normal(0, 1, 200))])[-1]
    assert shares_differ(5, 50, 30, 60) < 0.001 < 0.5 < shares_differ(5, 50, 6, 60)
    short, long = random.exponential(5, 60).round() + 1, random.exponential(15, 60).round() + 1
    every = np.ones(60, bool)
    assert durations_differ(short, every, long, every) < 0.001
    assert durations_differ(short, every, np.full(60, 3.0), np.zeros(60, bool)) == 1.0


def test_nothing_is_told_of_nothing() -> None:
    assert told([]) == []
    assert ranks_differ(np.array([]), np.array([1.0])) == 1.0
    assert ranks_differ(np.ones(5), np.ones(9)) == 1.0
