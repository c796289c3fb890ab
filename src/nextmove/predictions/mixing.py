"""How much each view of a customer counts, learnt from the company's own latest slices (a small stack, Wolpert 1992).

Three slices are little evidence, so the best of few mixtures is averaged with a plain one: the result is never far from either.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from scipy.special import expit

from nextmove.predictions.ranking import auc
from nextmove.predictions.rhythm import Flags, Numbers

VIEWS = ("trees", "linear", "repeat_buying", "rule")
_PLAIN = np.array([0.35, 0.35, 0.3, 0.0])
_SLOPES = (0.7, 0.85, 1.0, 1.15, 1.3)

Check = tuple[Numbers, Flags, float]  # views, what came, the gap to the level that repeat buying expected


@dataclass(frozen=True)
class Mixing:
    """Weights of the views' log-odds, their slope, how far their own level is believed, and what that rests on."""

    weights: tuple[float, ...]
    slope: float = 1.0
    own_level: float = 0.5
    auc_model: float | None = None
    auc_rule: float | None = None

    def mix(self, views: Numbers) -> Numbers:
        mixed: Numbers = self.slope * (views @ np.array(self.weights))
        return mixed

    @property
    def method(self) -> str:
        return "rule" if self.weights[VIEWS.index("rule")] == 1 else "model"

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Mixing:  # Any: JSON values
        return cls(**{**plain, "weights": tuple(plain["weights"])})


UNTESTED = Mixing(tuple(_PLAIN.tolist()))


def judge(checks: Sequence[Check]) -> Mixing:
    """The mixture that told these slices best, or the rule where that ranked them better."""
    checks = [check for check in checks if 0 < check[1].sum() < len(check[1])]
    if not checks:
        return UNTESTED
    weights = (_best_weights(checks) + _PLAIN) / 2
    auc_model, auc_rule = (float(np.mean([auc(came, views @ w) for views, came, _ in checks])) for w in (weights, np.array([0, 0, 0, 1.0])))
    if auc_rule > auc_model:
        weights = np.array([0, 0, 0, 1.0])
    slope = (min(_SLOPES, key=lambda slope: _loss(checks, slope * weights)) + 1) / 2
    plain = tuple(weights.tolist())
    return Mixing(plain, slope, _own_level(checks, slope * weights), auc_model, auc_rule)


def level_gap(log_odds: Numbers, level: float) -> float:
    """What must be added to the log-odds so that their mean probability is `level` (Newton's method)."""
    level, gap = min(max(level, 1e-4), 1 - 1e-4), 0.0
    for _ in range(30):
        probability = expit(log_odds + gap)
        slope = float((probability * (1 - probability)).mean())
        gap += float(np.clip((level - float(probability.mean())) / max(slope, 1e-6), -1, 1))
    return gap


def _best_weights(checks: Sequence[Check]) -> Numbers:
    quarters = [np.array([*w, 4 - sum(w), 0]) / 4 for w in product(range(5), repeat=2) if sum(w) <= 4]
    return min(quarters, key=lambda weights: _loss(checks, weights))


def _loss(checks: Sequence[Check], weights: Numbers) -> float:
    """Mean logarithmic loss, each slice on its own level."""
    losses = []
    for views, came, _ in checks:
        mixed = views @ weights
        odds = mixed + level_gap(mixed, float(came.mean()))
        losses.append(float(np.logaddexp(0, np.where(came, -odds, odds)).mean()))
    return float(np.mean(losses))


def _own_level(checks: Sequence[Check], weights: Numbers) -> float:
    """How far the views' own level is believed: by how wrong it was, beside how wrong the level of repeat buying was."""
    needed = np.array([level_gap(views @ weights, float(came.mean())) for views, came, _ in checks])
    offered = np.array([gap for _, _, gap in checks])
    own, other = float((needed**2).sum()) + 1e-3, float(((needed - offered) ** 2).sum()) + 1e-3
    return other / (own + other)
