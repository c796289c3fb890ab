"""What leads and deals have in common besides the scorer: what is told beside a score, and what is kept of a fit."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict

import numpy as np
import pyarrow as pa

from nextmove.predictions.contract import Learnt, Prediction, settings_of
from nextmove.predictions.encoding import rates, table_of
from nextmove.predictions.groups import Numbers
from nextmove.predictions.scoring import Choice, Scored
from nextmove.predictions.sentences import evidence, told
from nextmove.words import text


def warning_of(scored: Scored) -> str | None:
    """Why the scores are not to be relied on; nothing where they are."""
    parts = []
    if not scored.beats_chance:
        parts.append(text("predictions.scoring.no_better_than_chance"))
    if scored.left_out:
        parts.append(text("predictions.scoring.left_out", columns=", ".join(scored.left_out)))
    return " ".join(parts) or None


def chosen_before(stored: Learnt | None) -> Choice | None:
    """The choice of a stored fit."""
    return Choice.from_plain(stored.content) if stored else None


def what_was_chosen(task: Prediction, scored: Scored, as_of: dt.date) -> Learnt | None:
    """What is kept of scoring a table: the choice, where there was one."""
    return Learnt(task.task, as_of, settings_of(task), asdict(scored.choice)) if scored.choice else None


def strongest(area: str, scored: Scored, known: pa.Table, outcome: Numbers, asked: pa.Table) -> dict[str, pa.Array]:
    """`reason` and `evidence` of each asked row: the value whose share of good ends lies farthest from that of all.

    Evidence names the field by its words id, for the reader's language is not known yet."""
    past, rows = table_of(known, None), table_of(asked, None)
    names = [name for name in scored.used if name in past.columns]
    if not names or not rows.size:
        empty = pa.nulls(rows.size, pa.string())
        return {"reason": empty, "evidence": empty}
    shares = np.stack([rates(past.column(name), outcome, rows.column(name)) for name in names])
    base = float(outcome.mean())
    best = np.abs(np.log(shares / (1 - shares)) - np.log(base / (1 - base))).argmax(axis=0)
    every = np.arange(rows.size)
    fields = np.array([f"predictions.field.{name}" for name in names], object)
    named = np.array([text(field) for field in fields], object)
    values = np.stack([rows.column(name).cast(pa.string()).to_numpy(zero_copy_only=False) for name in names])[best, every]
    columns = {
        "field": pa.array(fields[best], pa.string()),
        "value": pa.array(np.where(values == "", "–", values), pa.string()),
        "percent": pa.array(np.rint(100 * shares[best, every]).astype(np.int64)),
        "base": pa.array(np.full(rows.size, round(100 * base), np.int64)),
    }
    sentence = told(f"{area}.reason", columns | {"field": pa.array(named[best], pa.string())})
    return {"reason": sentence, "evidence": evidence(f"{area}.reason", columns)}
