"""What can be learnt of a table of leads or deals, once with each memory, and kept as plain JSON: ridge on values, on pairs of them, on
smoothed rates, and boosted trees."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from nextmove.predictions import measures
from nextmove.predictions.encoding import Table, Texts, categories, one_hot, rates, rates_by_value
from nextmove.predictions.groups import Numbers
from nextmove.predictions.trees import Trees, learn

_RIDGE = 0.06
_PAIRED = 3  # columns: the pairs of those that tell most


class Model(Protocol):
    """Learnt of a table; a dataclass of plain parts."""

    def odds(self, asked: Table) -> Numbers:
        """The logarithm of the odds of each asked row."""
        ...


# Rows, their outcome, and their weights by each memory → a model for each memory.
Learner = Callable[[Table, Numbers, Sequence[Numbers]], list[Model]]


@dataclass(frozen=True)
class ByValue:
    """Logistic regression on the values of columns, and of `pairs` of columns; a value never seen before counts as the average."""

    weights: Mapping[str, Mapping[str, float]]  # column → value → weight
    intercept: float
    pairs: tuple[tuple[str, str], ...] = ()

    def odds(self, asked: Table) -> Numbers:
        told, odds = categories(asked, self.pairs), np.full(asked.size, self.intercept)
        for name, of in sorted(self.weights.items()):  # adding up in another order gives other last digits
            if name in told:
                odds += _looked_up(told[name], of, 0.0)
        return odds


@dataclass(frozen=True)
class ByRates:
    """Logistic regression on smoothed rates, which learns how far each column is to be believed."""

    rates: Mapping[str, Mapping[str, float]]  # column → value → rate
    base: float
    weights: tuple[float, ...]  # of the columns in order
    intercept: float

    def odds(self, asked: Table) -> Numbers:
        columns = [logit(_looked_up(asked.column(name), of, self.base)) for name, of in sorted(self.rates.items())]
        odds: Numbers = np.stack(columns, axis=1) @ np.array(self.weights) + self.intercept
        return odds


@dataclass(frozen=True)
class ByTrees:
    """Boosted trees on smoothed rates and numbers."""

    rates: Mapping[str, Mapping[str, float]]
    base: float
    trees: Mapping[str, Any]  # Any: JSON values

    def odds(self, asked: Table) -> Numbers:
        columns = {name: _looked_up(asked.column(name), of, self.base) for name, of in self.rates.items()}
        columns |= {f"{name} itself": values for name, values in asked.numbers.items()}
        return logit(Trees.from_json(dict(self.trees)).score(columns))


def _values(known: Table, outcome: Numbers, weights: Sequence[Numbers]) -> list[Model]:
    return _by_value(known, outcome, weights, ())


def _pairs(known: Table, outcome: Numbers, weights: Sequence[Numbers]) -> list[Model]:
    """Values, and the pairs of values of the few columns that tell most."""
    good = outcome == 1
    strong = sorted(known.names, key=lambda name: -apart(good, rates(known.column(name), outcome, known.column(name), folds=5)))
    return _by_value(known, outcome, weights, tuple(combinations(sorted(strong[:_PAIRED]), 2)))


def _by_value(known: Table, outcome: Numbers, weights: Sequence[Numbers], pairs: tuple[tuple[str, str], ...]) -> list[Model]:
    matrix, values = one_hot(categories(known, pairs))
    found: list[Model] = []
    for weight in weights:
        slopes, intercept = _ridge(matrix, outcome, weight)
        parts = np.split(slopes, np.cumsum([len(of) for of in values.values()])[:-1])
        told = {name: dict(zip(of, part.tolist(), strict=True)) for (name, of), part in zip(values.items(), parts, strict=True)}
        found.append(ByValue(told, intercept, pairs))
    return found


def _rates(known: Table, outcome: Numbers, weights: Sequence[Numbers]) -> list[Model]:
    found: list[Model] = []
    for weight in weights:
        mine = [logit(rates(known.column(name), outcome, known.column(name), folds=5, weight=weight)) for name in known.names]
        slopes, intercept = _ridge(np.stack(mine, axis=1), outcome, weight, strength=1.0)
        found.append(ByRates(*_rates_of(known, outcome, weight), tuple(slopes.tolist()), intercept))
    return found


def _trees(known: Table, outcome: Numbers, weights: Sequence[Numbers]) -> list[Model]:
    found: list[Model] = []
    for weight in weights:
        mine = {name: rates(known.column(name), outcome, known.column(name), folds=5, weight=weight) for name in known.names}
        mine |= {f"{name} itself": values for name, values in known.numbers.items()}
        trees = learn(mine, outcome, rounds=60, weight=weight).as_json()
        found.append(ByTrees(*_rates_of(known, outcome, weight), trees))
    return found


def _rates_of(known: Table, outcome: Numbers, weight: Numbers) -> tuple[dict[str, dict[str, float]], float]:
    """The smoothed rate of each value of each column, and that of all."""
    base = float((outcome * weight).sum() / max(weight.sum(), 1e-9))
    return {name: rates_by_value(known.column(name), outcome, weight) for name in known.names}, base


def _ridge(rows: object, outcome: Numbers, weight: Numbers, *, strength: float = _RIDGE) -> tuple[Numbers, float]:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=strength, max_iter=300).fit(rows, outcome, sample_weight=weight)
    return model.coef_[0], float(model.intercept_[0])


def _looked_up(values: Texts, of: Mapping[str, float], otherwise: float) -> Numbers:
    """What stands for each value."""
    places = pc.fill_null(pc.index_in(values.cast(pa.string()), pa.array(list(of), pa.string())), len(of))
    found: Numbers = np.array([*of.values(), otherwise])[places.to_numpy(zero_copy_only=False)]
    return found


def apart(good: np.ndarray, score: Numbers) -> float:
    """How well a score tells good from other, whichever way round: 0.5 to 1."""
    area = measures.area(good, score)
    return max(area, 1 - area)


def logit(chance: Numbers) -> Numbers:
    """The logarithm of the odds, within bounds."""
    chance = np.clip(chance, 1e-4, 1 - 1e-4)
    odds: Numbers = np.log(chance / (1 - chance))
    return odds


LEARNERS: Mapping[str, Learner] = {"values": _values, "pairs": _pairs, "rates": _rates, "trees": _trees}
_KINDS: Mapping[str, Callable[..., Model]] = {kind.__name__: kind for kind in (ByValue, ByRates, ByTrees)}


def plain(model: Model) -> dict[str, Any]:  # Any: JSON values
    """A model as JSON has it."""
    return {"kind": type(model).__name__, **asdict(model)}  # type: ignore[call-overload]


def from_plain(content: Mapping[str, Any]) -> Model:  # Any: JSON values
    """The model that `plain` was made of."""
    return _KINDS[content["kind"]](**{name: value for name, value in content.items() if name != "kind"})
