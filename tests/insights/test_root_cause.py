"""Root cause: planted segments come back by name, also in ratios; noise has no cause."""

from __future__ import annotations

import numpy as np
import pytest

from nextmove.insights.explain.root_cause import Numbers, Segment, root_causes

SIZES = {"region": 5, "rep": 12, "category": 8, "channel": 3}


def company(seed: int, *, each: float) -> tuple[dict[str, list[str]], Numbers]:
    """All combinations of members that exist, and the orders that each of them places on average."""
    rng = np.random.default_rng(seed)
    grid = np.stack(np.meshgrid(*[np.arange(size) for size in SIZES.values()], indexing="ij"), -1).reshape(-1, len(SIZES))
    grid = grid[rng.random(len(grid)) < 0.7]
    where = {name: [f"{name}{member}" for member in grid[:, at]] for at, name in enumerate(SIZES)}
    return where, each * np.exp(rng.normal(0, 0.8, len(grid)))


def inside(where: dict[str, list[str]], cause: dict[str, str]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    rows = np.ones(len(where["region"]), bool)
    for name, member in cause.items():
        rows &= np.array(where[name]) == member
    return rows


def names(found: list[Segment]) -> set[frozenset[tuple[str, str]]]:
    return {frozenset(segment.where) for segment in found}


def as_names(causes: list[dict[str, str]]) -> set[frozenset[tuple[str, str]]]:
    return {frozenset(cause.items()) for cause in causes}


CAUSES = [
    [{"rep": "rep3"}],
    [{"region": "region1", "category": "category4"}],
    [{"channel": "channel2", "category": "category0"}, {"rep": "rep7"}],
]


@pytest.mark.parametrize("causes", CAUSES)
@pytest.mark.parametrize("seed", range(4))
def test_planted_causes_of_a_sum_come_back(causes: list[dict[str, str]], seed: int) -> None:
    where, orders = company(seed, each=20)
    rng = np.random.default_rng(seed + 100)
    after = orders.copy()
    for cause in causes:
        after[inside(where, cause)] *= 0.4
    found = root_causes(where, 100.0 * rng.poisson(after), 100.0 * rng.poisson(orders))
    assert names(found) == as_names(causes)
    assert all(segment.change < 0 and segment.evidence > 0 for segment in found)


@pytest.mark.parametrize("cause", [{"rep": "rep3"}, {"region": "region1", "channel": "channel0"}])
@pytest.mark.parametrize("seed", range(4))
def test_a_ratio_fell_where_its_rate_fell_not_where_it_grew(cause: dict[str, str], seed: int) -> None:
    """Another segment trebles with its rate unchanged: volume is no cause of a rate."""
    where, leads = company(seed, each=60)
    rng = np.random.default_rng(seed + 200)
    grown = np.where(inside(where, {"category": "category5"}), 3 * leads, leads)
    rate = np.where(inside(where, cause), 0.12, 0.3)
    then, now = rng.poisson(leads) + 1, rng.poisson(grown) + 1
    found = root_causes(
        where,
        rng.binomial(now, rate).astype(float),
        rng.binomial(then, 0.3).astype(float),
        denominators=(now.astype(float), then.astype(float)),
    )
    assert names(found) == as_names([cause])


def test_noise_has_no_cause() -> None:
    told = 0
    for seed in range(20):
        where, orders = company(seed, each=10)
        rng = np.random.default_rng(seed + 300)
        told += bool(root_causes(where, 100.0 * rng.poisson(orders), 100.0 * rng.poisson(orders)))
    assert told <= 2


def test_segments_do_not_share_rows_and_empty_data_have_none() -> None:
    where, orders = company(1, each=30)
    after = np.where(inside(where, {"rep": "rep3"}) | inside(where, {"category": "category4"}), orders * 0.3, orders)
    found = root_causes(where, after, orders)
    assert sum(segment.expected for segment in found) <= orders.sum()
    assert sum(segment.change for segment in found) == pytest.approx((after - orders).sum())
    assert root_causes({"a": []}, np.zeros(0), np.zeros(0)) == []
    assert root_causes({"a": ["x", "y"]}, np.zeros(2), np.zeros(2)) == []


def test_where_every_dimension_has_one_member_there_is_nothing_to_tell_apart() -> None:
    assert root_causes({"region": ["north"] * 3}, np.array([1.0, 2.0, 3.0]), np.array([3.0, 4.0, 5.0])) == []
