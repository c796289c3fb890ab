"""What the backtests found, kept in the workspace: the page *How right were we?* shows it until the next backtest of the task.

One file of plain JSON a task, so that a backtest that takes minutes is run when there is time for it and read at once.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from nextmove.engine import Engine
from nextmove.predictions import TASKS, Prediction
from nextmove.workspace import Workspace


@dataclass(frozen=True)
class Figure:
    """One row of a backtest; `bucket` tells rows of one measure apart."""

    cutoff: dt.date
    method: str
    measure: str
    bucket: str
    value: float | None
    subjects: int


@dataclass(frozen=True)
class Backtest:
    """What one task's backtest found on `as_of`; `silent` says why it found nothing."""

    task: str
    as_of: dt.date
    horizon_days: int
    figures: tuple[Figure, ...] = ()
    silent: str | None = None


def look_back(engine: Engine, task: Prediction, *, as_of: dt.date) -> Backtest:
    """Run one backtest."""
    rows = task.backtest(engine, as_of=as_of).to_pylist()
    return Backtest(task.task, as_of, task.horizon_days, tuple(Figure(**row) for row in rows))


def keep(workspace: Workspace, backtest: Backtest) -> None:
    """Put it in the place of the task's last one."""
    workspace.backtests.mkdir(parents=True, exist_ok=True)
    draft = workspace.backtests / f"{backtest.task}.new"
    draft.write_text(json.dumps(asdict(backtest), default=str, indent=1), encoding="utf-8")
    draft.replace(workspace.backtests / f"{backtest.task}.json")


def kept(workspace: Workspace) -> Sequence[Backtest]:
    """The last backtest of each task that has one, in the order of the tasks; a file that cannot be read counts as none."""
    found = (_read(workspace, task.task) for task in TASKS)
    return [backtest for backtest in found if backtest]


def _read(workspace: Workspace, task: str) -> Backtest | None:
    path = workspace.backtests / f"{task}.json"
    try:
        parts = json.loads(path.read_text(encoding="utf-8"))
        figures = tuple(Figure(**row | {"cutoff": dt.date.fromisoformat(row["cutoff"])}) for row in parts["figures"])
        return Backtest(**parts | {"as_of": dt.date.fromisoformat(parts["as_of"]), "figures": figures})
    except (OSError, ValueError, KeyError, TypeError):
        return None
