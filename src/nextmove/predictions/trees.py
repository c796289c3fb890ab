"""Gradient boosted trees that learn from a company's own past slices: LightGBM with one set of settings for every company.

Small steps, few columns a tree and leaves of at least a hundred rows: with thousands of rows no setting near these was better by more than
noise, and with few rows the large leaves leave little to learn, so the answer falls back to the average. Threads and row order are fixed,
so the same data give the same bytes. Rows beyond `MOST_ROWS` are left out evenly: they would cost time and change the third decimal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nextmove.predictions.groups import Counts, Numbers

MOST_ROWS = 120_000
ROWS_TO_COMPARE = 40_000  # enough to tell whether trees beat a rule

Matrix = npt.NDArray[np.float32]

_ALL = slice(None)
_SETTINGS = {
    "num_leaves": 31,
    "min_data_in_leaf": 100,
    "feature_fraction": 0.3,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "lambda_l2": 10.0,
    "max_bin": 63,
    "bin_construct_sample_cnt": 50_000,
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
    "seed": 1,
    "verbosity": -1,
}


@dataclass(frozen=True)
class Trees:
    """A learnt model, as LightGBM's own text."""

    names: tuple[str, ...]
    text: str

    def score(self, columns: dict[str, Numbers], *, rounds: int | None = None) -> Numbers:
        """The chance of each row; by the first `rounds` trees only, which is faster and nearly the same order."""
        import lightgbm

        booster = lightgbm.Booster(model_str=self.text)
        result: Numbers = np.asarray(booster.predict(matrix(columns, self.names), num_iteration=rounds, num_threads=1), np.float64)
        return result

    def as_json(self) -> dict[str, object]:
        return {"names": list(self.names), "text": self.text}

    @classmethod
    def from_json(cls, content: dict[str, object]) -> Trees:
        names = content["names"]
        assert isinstance(names, list)
        return cls(tuple(names), str(content["text"]))


def matrix(columns: dict[str, Numbers], names: tuple[str, ...], rows: Counts | slice = _ALL) -> Matrix:
    chosen = [columns[name][rows] for name in names]
    out = np.empty((len(chosen[0]), len(names)), np.float32)
    for place, values in enumerate(chosen):
        out[:, place] = values
    return out


def learn(
    columns: dict[str, Numbers],
    label: Numbers,
    *,
    rounds: int = 180,
    learning_rate: float = 0.05,
    weight: Numbers | None = None,
    most_rows: int = MOST_ROWS,
) -> Trees:
    """Learn the chance of `label`."""
    import lightgbm

    names, kept = tuple(sorted(columns)), evenly([len(label)], most_rows)[0]
    settings = _SETTINGS | {"objective": "binary", "learning_rate": learning_rate}
    weight = None if weight is None else weight[kept]
    rows = lightgbm.Dataset(matrix(columns, names, kept), label[kept], weight=weight, feature_name=list(names), params=settings)
    booster = lightgbm.train(settings, rows, rounds)
    return Trees(names, booster.model_to_string())


def evenly(sizes: Sequence[int], most: int) -> list[Counts | slice]:
    """Of parts of these sizes, one below the other: all rows, or `most` of them at even steps."""
    total = sum(sizes)
    if total <= most:
        return [_ALL for _ in sizes]
    chosen, ends = np.arange(most) * total // most, np.cumsum(sizes)
    return [part - begin for part, begin in zip(np.split(chosen, np.searchsorted(chosen, ends[:-1])), [0, *ends[:-1]], strict=True)]


def stacked(parts: Sequence[dict[str, Numbers]], rows: Sequence[Counts | slice] | None = None) -> dict[str, Numbers]:
    """Slices below each other; of each only these rows."""
    chosen = rows or [_ALL for _ in parts]
    return {name: np.concatenate([part[name][kept] for part, kept in zip(parts, chosen, strict=True)]) for name in parts[0]}
