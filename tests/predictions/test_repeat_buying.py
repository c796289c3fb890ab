"""BG/NBD and MBG/NBD: simulated customers give their parameters back, and published figures come out again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as parquet
import pytest
from scipy.optimize import check_grad
from scipy.special import hyp2f1

from nextmove.predictions import repeat_buying
from nextmove.predictions.repeat_buying import RepeatBuying, _Likelihood, fit_repeat_buying

CDNOW = Path(__file__).parents[2].parent / "shared" / "data" / "cdnow" / "sample_rfm_39weeks.parquet"
TRUE = RepeatBuying(r=0.6, alpha=30.0, a=0.9, b=3.0)


def _simulate(customers: int, *, modified: bool, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """frequency, recency, T of customers with the parameters of TRUE, and whether each is still one."""
    rng = np.random.default_rng(seed)
    T = rng.uniform(100, 700, customers)
    rate, leaving = rng.gamma(TRUE.r, 1 / TRUE.alpha, customers), rng.beta(TRUE.a, TRUE.b, customers)
    alive = ~(modified & (rng.random(customers) < leaving))
    frequency, recency, now = np.zeros(customers), np.zeros(customers), np.zeros(customers)
    going = alive.copy()
    while going.any():
        now = np.where(going, now + rng.exponential(1 / np.maximum(rate, 1e-12)), now)
        buys = going & (now <= T)
        frequency, recency = frequency + buys, np.where(buys, now, recency)
        leaves = buys & (rng.random(customers) < leaving)
        alive &= ~leaves
        going = buys & ~leaves
    return frequency, recency, T, alive


@pytest.mark.parametrize("modified", [True, False])
def test_simulated_customers_give_their_parameters_back(modified: bool) -> None:
    frequency, recency, T, alive = _simulate(60_000, modified=modified, seed=7)
    found = fit_repeat_buying(frequency, recency, T, modified=modified)
    assert found.r == pytest.approx(TRUE.r, rel=0.05)
    assert found.alpha == pytest.approx(TRUE.alpha, rel=0.06)
    assert found.a / (found.a + found.b) == pytest.approx(TRUE.a / (TRUE.a + TRUE.b), rel=0.08)
    told = found.p_alive(frequency, recency, T)
    assert told.mean() == pytest.approx(alive.mean(), abs=0.01)
    for low, high in ((0.0, 0.3), (0.3, 0.7), (0.7, 0.99)):
        some = (told >= low) & (told < high)
        if some.sum() > 500:
            assert told[some].mean() == pytest.approx(alive[some].mean(), abs=0.04)


@pytest.mark.parametrize("modified", [True, False])
def test_very_many_customers_are_fitted_from_some_to_the_same_optimum(modified: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    frequency, recency, T, _ = _simulate(20_000, modified=modified, seed=5)
    whole = fit_repeat_buying(frequency, recency, T, modified=modified)
    looks = 0
    look = _Likelihood.__call__

    def counted(likelihood: _Likelihood, logs: np.ndarray) -> tuple[float, np.ndarray]:
        nonlocal looks
        looks += likelihood.customers == len(frequency)
        return look(likelihood, logs)

    monkeypatch.setattr(repeat_buying, "_ENOUGH", 4000)
    monkeypatch.setattr(_Likelihood, "__call__", counted)
    found = fit_repeat_buying(frequency, recency, T, modified=modified)
    assert looks < 12
    assert found.log_likelihood == pytest.approx(whole.log_likelihood, abs=1e-4)
    assert (found.r, found.alpha, found.a, found.b) == pytest.approx((whole.r, whole.alpha, whole.a, whole.b), rel=1e-3)


@pytest.mark.parametrize("modified", [True, False])
def test_the_gradient_is_exact(modified: bool) -> None:
    frequency, recency, T, _ = _simulate(500, modified=modified, seed=3)
    likelihood = _Likelihood.of(frequency, recency / 30, T / 30, modified=modified)
    at = np.array([0.1, -0.3, 0.2, 0.4])
    assert check_grad(lambda p: likelihood(p)[0], lambda p: likelihood(p)[1], at) < 1e-5


def test_expected_purchases_agree_with_the_closed_form() -> None:
    """Fader, Hardie and Lee (2005), equation 10."""
    model = RepeatBuying(r=0.243, alpha=4.414, a=0.793, b=2.426, modified=False)
    x, recency, T, ahead = np.array([0.0, 2.0, 7.0]), np.array([0.0, 30.43, 20.0]), np.array([38.86, 38.86, 30.0]), 39.0
    r, alpha, a, b = model.r, model.alpha, model.a, model.b
    ran = ((alpha + T) / (alpha + T + ahead)) ** (r + x) * hyp2f1(r + x, b + x, a + b + x - 1, ahead / (alpha + T + ahead))
    closed = (a + b + x - 1) / (a - 1) * (1 - ran) * model.p_alive(x, recency, T)
    assert model.expected(x, recency, T, within=ahead) == pytest.approx(closed, rel=0.01)
    assert model.expected(x, recency, T, within=ahead)[1] == pytest.approx(1.226, abs=0.01)  # their worked example


@pytest.mark.parametrize("modified", [True, False])
def test_the_distribution_of_purchases_has_the_expected_mean_and_its_quantiles(modified: bool) -> None:
    model = RepeatBuying(r=0.8, alpha=20.0, a=0.9, b=6.0, modified=modified)
    kind = np.array([0.0, 2.0, 30.0]), np.array([0.0, 90.0, 350.0]), np.array([40.0, 120.0, 365.0])
    reaches = np.array([model.p_at_least(np.full(3, n), *kind, within=200.0) for n in range(1, 400)])
    assert reaches.sum(axis=0) == pytest.approx(model.expected(*kind, within=200.0), rel=0.01)
    assert reaches[0] == pytest.approx(1 - model.p_none(*kind, within=200.0))
    below = 1 - np.vstack([reaches, np.zeros(3)])  # probability of fewer than 1, 2, …
    for share in (0.1, 0.5, 0.9):
        told = model.quantile(share, *kind, within=200.0)
        assert told.tolist() == (below < share).sum(axis=0).tolist()


@pytest.mark.parametrize("modified", [True, False])
def test_of_new_customers_as_many_end_within_a_quantile_as_it_says(modified: bool) -> None:
    rng, size = np.random.default_rng(13), 40_000
    rate, leaving = rng.gamma(TRUE.r, 1 / TRUE.alpha, size), rng.beta(TRUE.a, TRUE.b, size)
    stays = rng.geometric(leaving) - modified  # purchases after which it leaves; the first of all counts where the model is modified
    came = np.minimum(rng.poisson(300 * rate), stays)
    model, new = RepeatBuying(TRUE.r, TRUE.alpha, TRUE.a, TRUE.b, modified), np.zeros(1)
    for share in (0.5, 0.8, 0.9):
        (told,) = model.quantile(share, new, new, new, within=300.0)
        assert (came <= told).mean() >= share - 0.01
        assert (came < told).mean() < share + 0.01


def test_one_order_is_no_proof_of_life() -> None:
    """BG/NBD says that whoever bought once is alive for sure; the modified model, which predictions use, does not."""
    once, long_ago = np.array([0.0]), np.array([700.0])
    assert RepeatBuying(0.6, 30.0, 0.9, 3.0, modified=False).p_alive(once, once, long_ago)[0] == 1
    assert RepeatBuying(0.6, 30.0, 0.9, 3.0).p_alive(once, once, long_ago)[0] < 0.7


@pytest.mark.skipif(not CDNOW.exists(), reason="the CDNOW summary is not in the repository (its licence is unclear)")
def test_published_parameters_of_cdnow_come_out_again() -> None:
    rows = parquet.read_table(CDNOW)
    frequency, recency, T = (rows[c].to_numpy().astype(float) for c in ("x", "t_x_weeks", "t_weeks"))
    found = fit_repeat_buying(frequency, recency, T, modified=False)
    assert (round(found.r, 3), round(found.alpha, 3), round(found.a, 3), round(found.b, 3)) == (0.243, 4.414, 0.793, 2.426)
    assert round(found.log_likelihood, 1) == -9582.4
