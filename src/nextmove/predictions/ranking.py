"""How good a ranking was: what the backtests print."""

from __future__ import annotations

import numpy as np

from nextmove.predictions.rhythm import Flags, Numbers


def auc(came: Flags, score: Numbers) -> float:
    """Probability that one for whom it came ranks above one for whom it did not."""
    from scipy.stats import rankdata

    positives = int(came.sum())
    negatives = len(came) - positives
    if positives == 0 or negatives == 0:
        return float("nan")
    return float((rankdata(score)[came].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def average_precision(came: Flags, score: Numbers) -> float:
    """Mean precision at each of those for whom it came; ties are entered at once."""
    order = np.argsort(-score, kind="stable")
    sorted_scores = score[order]
    ends = np.append(np.flatnonzero(np.diff(sorted_scores)), len(score) - 1)
    hits = np.cumsum(came[order])[ends]
    gained = np.diff(hits, prepend=0) / max(int(came.sum()), 1)
    return float((gained * hits / (ends + 1)).sum())


def precision_at(came: Flags, score: Numbers, length: int) -> float:
    """Share for whom it came, among the first of the list."""
    return float(came[np.argsort(-score, kind="stable")[:length]].mean())


def captured_at(value: Numbers, score: Numbers, length: int) -> float:
    """Share of all the value that the first of the list hold."""
    total = float(value.sum())
    return float(value[np.argsort(-score, kind="stable")[:length]].sum()) / total if total > 0 else float("nan")


def brier(came: Flags, probability: Numbers) -> float:
    return float(((probability - came) ** 2).mean())
