"""A member that is younger than two years expects the season of the company that it belongs to."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from nextmove.insights.detect import Series, watch
from nextmove.insights.detect.order import Numbers
from nextmove.insights.detect.watch import Found

WEEKS = tuple(date(2021, 1, 4) + timedelta(weeks=w) for w in range(208))
BORN, HIGH, FALLS = 138, 30, 198  # the young region opens after a high season, and meets the next one a year later
SEEDS = range(4)


def season(size: float) -> Numbers:
    """Ten weeks around place HIGH of the year, with a slope on both sides."""
    away = np.abs((np.arange(len(WEEKS)) % 52 - HIGH + 26) % 52 - 26)
    return size * np.clip((10 - away) / 5, 0, 1)


def regions(seed: int, *, size: float, fallen: bool = False) -> Series:
    """The company and its four regions: too few to tell by each other what moves them all. The first is young and small."""
    rng = np.random.default_rng(seed)
    level = 1000 * np.exp(rng.normal(0, 0.5, (4, 1))) * np.array([[0.2], [1], [1], [1]])
    values = level * np.exp(season(size) + 0.12 * rng.normal(size=(4, len(WEEKS))))
    values[0, :BORN] = 0
    values[0, FALLS:] *= 0.45 if fallen else 1.0
    whole = np.vstack([values.sum(axis=0, keepdims=True), values])
    return Series(("all", "young", "a", "b", "c"), WEEKS, whole, np.array([0, 1, 1, 1, 1]), parents=np.array([-1, 0, 0, 0, 0]))


def of_young(found: list[Found]) -> list[tuple[int, date]]:
    return [(one.direction, one.opened_on) for one in found if one.series_id == "young"]


@pytest.mark.parametrize("size", [0.8, -0.6])
def test_its_first_high_season_is_no_news(size: float) -> None:
    lent = [regions(seed, size=size) for seed in SEEDS]
    alone = [replace(each, parents=None) for each in lent]
    assert sum(len(of_young(watch(each))) for each in lent) <= 1
    assert all(of_young(watch(each)) for each in alone)  # without the company's season each would be told


def test_a_fall_of_its_own_is_told() -> None:
    for seed in SEEDS:
        told = of_young(watch(regions(seed, size=0.8, fallen=True)))
        assert [direction for direction, day in told if WEEKS[FALLS] <= day < WEEKS[FALLS + 5]] == [-1]


def test_no_season_is_lent_where_the_company_has_none() -> None:
    """Noise of one year does not foretell the next, so there is nothing to lend: the same is told with and without a parent."""
    for seed in SEEDS:
        quiet = regions(seed, size=0.0)
        assert of_young(watch(quiet)) == of_young(watch(replace(quiet, parents=None)))


def test_the_season_of_a_year_does_not_know_the_year_after() -> None:
    whole = regions(1, size=0.8, fallen=True)
    for cut in (170, 185, 200):
        short = replace(whole, periods=WEEKS[:cut], values=whole.values[:, :cut])
        assert of_young(watch(short)) == [one for one in of_young(watch(whole)) if one[1] < WEEKS[cut]]


def test_a_strong_season_of_its_own_is_expected_in_full() -> None:
    """Eight weeks at twice the level, every year: outliers of one year are drawn in, what all years have is not."""
    rng = np.random.default_rng(3)
    values = 1000 * np.exp(season(0.9) + 0.1 * rng.normal(size=(12, len(WEEKS))))
    apart = Series(tuple(f"s{i}" for i in range(12)), WEEKS, values, np.arange(12))
    assert len([one for one in watch(apart) if one.opened_on >= WEEKS[156]]) <= 3
