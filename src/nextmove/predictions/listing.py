"""What a backtest prints of a list of who will not buy: how well it ranks, how true its probabilities are, what money it finds."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nextmove.predictions.ranking import auc, average_precision, brier, captured_at, precision_at
from nextmove.predictions.rhythm import Flags, Numbers

LENGTHS = (20, 50, 100)  # what representatives really get


def list_figures(came: Flags, score: Numbers, value: Numbers, *, probability: bool) -> Iterator[dict[str, object]]:
    """Rows of measure, bucket, value, subjects."""
    subjects = len(came)
    if subjects == 0:
        return
    yield {"measure": "base_rate", "value": float(came.mean()), "subjects": subjects}
    yield {"measure": "auc", "value": auc(came, score), "subjects": subjects}
    yield {"measure": "average_precision", "value": average_precision(came, score), "subjects": subjects}
    by_money = score * value
    for length in (length for length in LENGTHS if length <= subjects):
        bucket = str(length)
        yield {"measure": "precision_at", "bucket": bucket, "value": precision_at(came, score, length), "subjects": length}
        captured = captured_at(value * came, by_money, length)
        yield {"measure": "money_captured_at", "bucket": bucket, "value": captured, "subjects": length}
    if probability:
        yield {"measure": "brier", "value": brier(came, score), "subjects": subjects}
        yield from calibration(came, score)


def calibration(came: Flags, score: Numbers) -> Iterator[dict[str, object]]:
    """What was said and what came, in ten groups of equal size from the least to the most likely."""
    for tenth, rows in enumerate(np.array_split(np.argsort(score, kind="stable"), 10), start=1):
        if len(rows):
            yield {"measure": "calibration_said", "bucket": str(tenth), "value": float(score[rows].mean()), "subjects": len(rows)}
            yield {"measure": "calibration_came", "bucket": str(tenth), "value": float(came[rows].mean()), "subjects": len(rows)}
