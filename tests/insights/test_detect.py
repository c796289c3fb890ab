"""Detection: what is planted is found, what is noise is not told, and no week sees its future."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from nextmove.engine import DuckDBEngine
from nextmove.insights.changes.stored import stored
from nextmove.insights.detect import MONTHLY, WEEKLY, Series, from_rows, watch
from nextmove.insights.detect.alerts import LEAST_STRENGTH, Budget
from nextmove.insights.detect.order import Numbers, group_median, median
from nextmove.insights.detect.watch import Found, Watching
from nextmove.kpis import load_catalogue

WEEKS = 130


def weeks(count: int = WEEKS) -> tuple[date, ...]:
    return tuple(date(2022, 1, 3) + timedelta(weeks=w) for w in range(count))


def company(seed: int, *, size: int = 60, swing: float = 0.4, season: float = 0.6, count: int = WEEKS) -> Numbers:
    """Series of very different sizes that share a season."""
    rng = np.random.default_rng(seed)
    shape = season * np.sin(2 * np.pi * np.arange(count) / 52)
    return np.exp(rng.normal(7, 1.5, (size, 1)) + shape + swing * rng.normal(size=(size, count)))


def series(values: Numbers, **more: object) -> Series:
    names = tuple(f"s{i:03}" for i in range(len(values)))
    return Series(names, weeks(values.shape[1]), values, np.zeros(len(values), np.int64), **more)  # type: ignore[arg-type]


def fell_in(found: list[Found], start: int, end: int) -> set[str]:
    return {f.series_id for f in found if f.direction == -1 and weeks()[start] <= f.opened_on < weeks()[end]}


def rate(found: int, values: Numbers, watching: Watching = WEEKLY) -> float:
    return found / len(values) / ((values.shape[1] - watching.grain.minimum) / watching.grain.season)


@pytest.mark.parametrize("kind", ["normal", "heavy", "counts", "wandering"])
def test_budget_is_kept(kind: str) -> None:
    """Nothing happens: the alerts of each strength stay within what LEAST_STRENGTH promises (a third more for chance)."""
    rng = np.random.default_rng(5)
    noise = rng.standard_t(3, (300, 156)) if kind == "heavy" else rng.normal(size=(300, 156))
    if kind == "wandering":
        for t in range(1, 156):
            noise[:, t] += 0.4 * noise[:, t - 1]
    values = rng.poisson(12, (300, 156)).astype(float) if kind == "counts" else 1000 * np.exp(0.4 * noise)
    for strength, promised in LEAST_STRENGTH[::2]:
        every = replace(WEEKLY, budget=Budget(false_discovery_rate=1.0, false_alerts_per_series_year=promised))
        assert every.budget.least_strength == pytest.approx(strength)
        assert rate(len(watch(series(values), every)), values) < 1.33 * promised


def test_with_the_default_budget_noise_is_almost_silent() -> None:
    """300 series over two years: not 180 alerts, the budget of each alone, but a handful."""
    values = company(2, size=300, season=0.0, count=156)
    assert rate(len(watch(series(values))), values) < 0.05


@pytest.mark.parametrize(("swing", "season"), [(0.2, 0.0), (0.4, 0.8), (0.7, 0.4)])
def test_planted_changes_are_found_in_time_and_direction(swing: float, season: float) -> None:
    values = company(3, swing=swing, season=season)
    falls = range(12)
    for row in falls:
        values[row, 90 + row :] *= np.exp(-4 * swing)
    found = watch(series(values))
    fell = {(f.series_id, f.opened_on) for f in found if f.direction == -1}
    timely = [row for row in falls if any((f"s{row:03}", weeks()[90 + row + late]) in fell for late in range(4))]
    assert len(timely) >= 10
    assert rate(sum(f.series_id >= "s012" for f in found), values[12:]) < 0.3


def test_a_dip_is_told_once_and_closed() -> None:
    values = company(4, swing=0.2)
    values[7, 100:104] *= 0.3
    (dip,) = [f for f in watch(series(values)) if f.series_id == "s007"]
    assert dip.direction == -1 and weeks()[100] <= dip.opened_on < weeks()[104]
    assert dip.closed_on is not None and dip.closed_on <= weeks()[110]
    assert dip.low < dip.expected < dip.high and dip.value < dip.low and dip.difference < 0


def test_a_slow_slide_is_found() -> None:
    values = company(6, swing=0.3)
    values[9, 95:] *= np.exp(-1.5 * np.minimum(1, np.arange(WEEKS - 95) / 12))
    assert [f.direction for f in watch(series(values)) if f.series_id == "s009"] == [-1]


def test_one_giant_order_is_no_change() -> None:
    values = company(8, swing=0.3)
    values[5, 101] *= 40
    assert not [f for f in watch(series(values)) if f.series_id == "s005" and f.opened_on >= weeks()[100]]


def test_when_all_fall_together_no_member_is_told() -> None:
    values = company(9, swing=0.2)
    values[:, 100:] *= 0.5
    assert len(fell_in(watch(series(values)), 100, 112)) <= 2


def test_a_member_of_a_small_family_is_held_against_itself() -> None:
    values = company(9, size=3, swing=0.2, season=0.0)
    values[:, 100:] *= 0.4
    assert fell_in(watch(series(values)), 100, 104) == {"s000", "s001", "s002"}


def test_no_week_sees_its_future() -> None:
    """Cutting the table off does not change what was told before the cut."""
    values = company(10)
    values[3, 80:] *= 0.3
    whole = watch(series(values))
    for cut in (70, 95, 110):
        earlier = {(f.series_id, f.opened_on, f.direction) for f in whole if f.opened_on < weeks()[cut]}
        assert {(f.series_id, f.opened_on, f.direction) for f in watch(series(values[:, :cut]))} == earlier


def test_short_and_empty_histories_are_silent() -> None:
    short = company(11, count=40)
    short[0, 30:] *= 0.05
    assert watch(series(short)) == []
    sparse = np.zeros((10, WEEKS))
    sparse[:, ::5] = 100
    assert watch(series(sparse)) == []
    assert watch(series(np.zeros((3, WEEKS)))) == []
    assert watch(series(np.zeros((0, 0)))) == []


def test_a_week_of_three_working_days_is_no_fall() -> None:
    values = company(12, swing=0.1, season=0.0)
    days = np.full(WEEKS, 5.0)
    days[100:104] = 2.0
    values[:5, 100:104] *= 0.4
    whole = replace(series(values), families=np.arange(60))  # no siblings to tell that all had the same short weeks
    short = {f"s{i:03}" for i in range(5)}
    assert short <= fell_in(watch(whole), 100, 106)
    assert not short & fell_in(watch(replace(whole, exposure=days)), 100, 106)


def test_ratios_of_few_rows_need_more() -> None:
    rng = np.random.default_rng(13)
    rows = np.full((40, WEEKS), 400.0)
    rows[0, 100:] = 8
    wins = rng.binomial(rows.astype(int), 0.3) / rows
    wins[1, 100:] = 0.15
    found = watch(series(wins, additive=[False] * 40, weights=rows))
    assert [f.direction for f in found if f.series_id == "s001"] == [-1]
    assert not [f for f in found if f.series_id == "s000"]


def test_negative_values_are_read_as_they_are() -> None:
    rng = np.random.default_rng(14)
    profit = rng.normal(0, 50, (20, WEEKS))
    profit[4, 100:] -= 400
    assert fell_in(watch(series(profit)), 100, 104) == {"s004"}


def test_a_season_that_returns_is_expected() -> None:
    """Each series has a season of its own; what the year before taught keeps the third year quiet."""
    rng = np.random.default_rng(15)
    phase = rng.uniform(0, 2 * np.pi, (60, 1))
    values = 1000 * np.exp(1.2 * np.sin(2 * np.pi * np.arange(208) / 52 + phase) + 0.2 * rng.normal(size=(60, 208)))
    third_year = [f for f in watch(series(values)) if f.opened_on >= weeks(208)[110]]
    assert len(third_year) <= 60 * 0.3 * 2


def test_months() -> None:
    values = company(16, swing=0.1, season=0.0, count=40)
    values[2, 30:] *= 0.5
    months = replace(series(values), periods=tuple(date(2020 + m // 12, m % 12 + 1, 1) for m in range(40)))
    found = watch(months, MONTHLY)
    assert [(f.direction, f.opened_on.year) for f in found if f.series_id == "s002"] == [(-1, 2022)]
    assert len(found) <= 6


def test_rows_make_series() -> None:
    made = from_rows(["b", "a", "a"], [date(2024, 1, 8), date(2024, 1, 1), date(2024, 1, 1)], [3, 1, 2])
    assert made.ids == ("a", "b") and made.values.tolist() == [[3, 0], [0, 3]]


def test_medians_with_gaps() -> None:
    rows = np.array([[3, np.nan, 1], [np.nan] * 3, [1, 2, 3], [4, 1, np.nan]])
    np.testing.assert_array_equal(median(rows), [2, np.nan, 2, 2.5])
    np.testing.assert_array_equal(group_median(np.array([5.0, 1, 2, np.nan]), np.array([0, 0, 2, 2]), 3), [3, np.nan, 2])


@pytest.mark.parametrize(("grain", "watching"), [("week", WEEKLY), ("month", MONTHLY)])
def test_on_shuffled_periods_no_more_is_told_than_promised(storied: DuckDBEngine, grain: str, watching: Watching) -> None:
    """A company's own numbers, each series with its periods in random order, ten times: nothing is left that could have changed."""
    found = stored(storied, load_catalogue(), grain=grain, before=date(2025, 12, 31))
    assert found is not None and len(found.series.values) >= 30
    rng = np.random.default_rng(17)
    shuffled = [rng.permuted(found.series.values, axis=1) for _ in range(10)]
    told = [rate(len(watch(replace(found.series, values=values), watching)), values, watching) for values in shuffled]
    assert np.mean(told) <= watching.budget.false_alerts_per_series_year
