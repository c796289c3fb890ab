"""Decompositions: the parts add up to the change, whatever the data, and swapping the periods only turns the signs."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nextmove.insights.explain.bridge import PARTS, Items, Side, bridge, contributions, effects
from nextmove.insights.explain.exact import add_up
from nextmove.insights.explain.rates import rate_and_mix, working_days_effect
from nextmove.insights.explain.tree import effects as factor_effects

ITEMS = 6
money = st.decimals(-9999, 9999, places=2)
amounts = arrays(float, ITEMS, elements=st.sampled_from([-250.5, -1.0, 0.0, 0.01, 3.0, 99.99, 1e6]))
denominators = arrays(float, ITEMS, elements=st.sampled_from([0.0, 1.0, 2.0, 7.0, 1e5]))


@st.composite
def sides(draw: st.DrawFn) -> Side:
    amount = draw(amounts)
    return Side(draw(amounts), amount, amount * draw(st.sampled_from([1.0, 0.9, 1.3])), draw(amounts))


@st.composite
def items(draw: st.DrawFn) -> Items:
    nothing = np.zeros(ITEMS)
    state = draw(arrays(np.int64, ITEMS, elements=st.integers(0, 3)))
    before, after = draw(sides()), draw(sides())
    gone, come = state == 3, (state == 1) | (state == 2)
    before = Side(*(np.where(come, nothing, column) for column in (before.quantity, before.amount, before.reported, before.cost)))
    after = Side(*(np.where(gone, nothing, column) for column in (after.quantity, after.amount, after.reported, after.cost)))
    return Items(state, before, after)


def total(of: Items) -> Decimal:
    return sum((Decimal(repr(float(part))) for part in of.change), Decimal(0)).quantize(Decimal("0.01"))


@given(st.dictionaries(st.text(max_size=3), money, min_size=1), st.decimals("-0.05", "0.05", places=2))
def test_rounded_parts_add_up(parts: dict[str, Decimal], off: Decimal) -> None:
    whole = sum(parts.values(), Decimal(0)) + off
    rounded = add_up({key: float(part) for key, part in parts.items()}, whole)
    assert sum(rounded.values()) == whole
    assert all(abs(rounded[key] - part) <= Decimal("0.07") for key, part in parts.items())


@given(items(), st.integers(0, 23), st.integers(0, 23))
def test_the_bridge_adds_up_to_the_cent(of: Items, days0: int, days1: int) -> None:
    parts = bridge(of, total(of), days=(days0, days1))
    assert tuple(parts) == PARTS
    assert sum(parts.values()) == total(of)


@given(items())
def test_the_bridge_has_no_direction(of: Items) -> None:
    """Going back is going forth with the other sign: new and returning become lost."""
    mirror = np.array([0, 3, 3, 1])
    back = effects(Items(mirror[of.state], of.after, of.before))
    forth = effects(of)
    for part in ("price", "cost", "exchange_rate", "volume", "mix"):
        assert back[part] == pytest.approx(-forth[part], abs=1e-3, rel=1e-9)
    assert back["lost"] == pytest.approx(-forth["new"] - forth["returning"], abs=1e-6)


def kept(before: Side, after: Side) -> dict[str, float]:
    return {
        name: round(part, 6)
        for name, part in effects(Items(np.zeros(len(before.quantity), np.int64), before, after)).items()
        if round(part, 6)
    }


def test_each_cause_alone_is_told_alone() -> None:
    units, amount = np.array([10.0, 20.0]), np.array([100.0, 400.0])
    nothing = np.zeros(2)
    side = Side(units, amount, amount, nothing)
    assert kept(side, replace(side, amount=amount * 1.1, reported=amount * 1.1)) == {"price": 50.0}
    assert kept(side, replace(side, reported=amount * 0.9)) == {"exchange_rate": -50.0}
    assert kept(side, side.per(1.2)) == {"volume": 100.0}
    assert kept(side, replace(side, cost=amount / 10)) == {"cost": -50.0}
    moved = Side(np.array([20.0, 10.0]), np.array([200.0, 200.0]), np.array([200.0, 200.0]), nothing)
    assert kept(side, moved) == {"mix": -100.0}


def test_a_short_month_is_no_story() -> None:
    side = Side(np.array([20.0]), np.array([2000.0]), np.array([2000.0]), np.zeros(1))
    parts = bridge(Items(np.zeros(1, np.int64), side, side.per(0.9)), Decimal("-200.00"), days=(20, 18))
    assert {name: part for name, part in parts.items() if part} == {"working_days": Decimal("-200.00")}
    assert working_days_effect(100, 90, 0, 5) == 0.0


@given(amounts, denominators, amounts, denominators)
def test_rate_and_mix_add_up(of0: np.ndarray, to0: np.ndarray, of1: np.ndarray, to1: np.ndarray) -> None:
    split = rate_and_mix([str(i) for i in range(ITEMS)], (of0, to0), (of1, to1))
    if to0.sum() == 0 or to1.sum() == 0:
        assert split.change is None and split.rate.size == 0
        return
    scale = 1 + np.abs(of0).sum() / to0.sum() + np.abs(of1).sum() / to1.sum() + np.abs(split.rate).sum()
    assert split.rate.sum() + split.mix.sum() == pytest.approx(split.change, abs=1e-9 * scale)
    back = rate_and_mix([str(i) for i in range(ITEMS)], (of1, to1), (of0, to0))
    np.testing.assert_allclose(back.rate, -split.rate, atol=1e-9 * scale)
    np.testing.assert_allclose(back.mix, -split.mix, atol=1e-9 * scale)


factors = st.dictionaries(st.sampled_from("abcd"), st.floats(-1000, 1000), min_size=4, max_size=4)


@given(factors, factors)
def test_factors_add_up_to_the_change_of_their_product(before: dict[str, float], after: dict[str, float]) -> None:
    told = factor_effects(before, after)
    change = np.prod(list(after.values())) - np.prod(list(before.values()))
    assert sum(told.values()) == pytest.approx(change, rel=1e-7, abs=1e-4)
    assert all(told[name] == 0 for name in before if before[name] == after[name])


@given(st.dictionaries(st.sampled_from("uvwxyz"), money), st.dictionaries(st.sampled_from("uvwxyz"), money))
def test_member_contributions_add_up(before: dict[str, Decimal], after: dict[str, Decimal]) -> None:
    parts = contributions(before, after)
    assert sum(parts.values()) == sum(after.values()) - sum(before.values())
    sizes = [abs(part) for part in parts.values()]
    assert sizes == sorted(sizes, reverse=True)
