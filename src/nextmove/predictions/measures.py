"""How right a ranking was: the few figures that the backtests of the product predictions print."""

from __future__ import annotations

import numpy as np

from nextmove.predictions.groups import Counts, Flags, Numbers


def area(label: Flags, score: Numbers) -> float:
    """Chance that a hit is ranked before a miss (AUC); half where there is only one kind."""
    from scipy.stats import rankdata

    hits, misses = int(label.sum()), int((~label).sum())
    if not hits or not misses:
        return 0.5
    ranks = rankdata(score)
    return float((ranks[label].sum() - hits * (hits + 1) / 2) / (hits * misses))


def average_precision(label: Flags, score: Numbers) -> float:
    """Mean precision at each hit; ties enter at once."""
    if not label.any():
        return 0.0
    order = np.argsort(-score, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(score[order])), len(score) - 1)
    found = np.cumsum(label[order])[ends]
    steps = np.diff(found, prepend=0) / label.sum()
    return float((found / (ends + 1) * steps).sum())


def precision_at(label: Flags, score: Numbers, length: int) -> float:
    best = np.argsort(-score, kind="stable")[:length]
    return float(label[best].mean()) if len(best) else 0.0


def captured_at(value: Numbers, score: Numbers, length: int) -> float:
    """Share of the value that the first `length` of the list hold."""
    best = np.argsort(-score, kind="stable")[:length]
    return float(value[best].sum() / value.sum()) if value.sum() > 0 else 0.0


def brier(label: Flags, probability: Numbers) -> float:
    return float(np.mean((probability - label) ** 2))


def list_quality(subject: Counts, score: Numbers, hit: Flags, wanted: Counts, *, length: int = 10) -> dict[str, float]:
    """NDCG, precision and recall of each subject's first `length` rows, averaged over subjects with something to find (`wanted` > 0)."""
    order = np.lexsort((-score, subject))
    subject, hit = subject[order], hit[order]
    starts = np.searchsorted(subject, np.arange(len(wanted)))
    place = np.arange(len(subject)) - starts[subject]
    near = place < length
    discount = 1 / np.log2(np.arange(2, length + 2))
    gained = np.bincount(subject[near], (hit * 1.0)[near] * discount[place[near]], minlength=len(wanted))
    hits = np.bincount(subject[near], hit[near], minlength=len(wanted))
    some = wanted > 0
    if not some.any():
        return {"ndcg_at_10": 0.0, "precision_at_10": 0.0, "recall_at_10": 0.0}
    best = np.cumsum(discount)[np.minimum(length, wanted[some]) - 1]
    return {
        "ndcg_at_10": float((gained[some] / best).mean()),
        "precision_at_10": float((hits[some] / length).mean()),
        "recall_at_10": float((hits[some] / wanted[some]).mean()),
    }
