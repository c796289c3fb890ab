"""The predictions of an edition: every task scores; it learns anew only when its stored fit has grown old.

What a task has learnt is kept in the edition (`predictions.learnt`) and handed on to the next. A task that lacks its data stays
silent, and the edition says why (`main.silent`).

What moves slowly and takes long (`WITH_THE_FIT`) is scored when it is learnt, and stands until then: offers lose what the customer has
bought since. Tasks that can (`BetweenFits`) score anew the customers whose lines have changed, and move the others on. A change of what
customers or products are makes all anew.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace

import pyarrow as pa

from nextmove.editions.progress import Steps
from nextmove.engine import Engine
from nextmove.engine.once import sharing
from nextmove.errors import UserError
from nextmove.predictions import TASKS, Learnt, Prediction
from nextmove.predictions.contract import EVIDENCE, SENTENCE, Beside, BetweenFits
from nextmove.tables import FILLED_BY

_LEARNT = pa.schema([("task", pa.string()), ("learnt", pa.string())])

_AT_A_TIME = 2  # tasks; each keeps one core busy. After a small load KPI values are made beside, and the tasks follow each other.
_LARGE = 3_000_000  # lines, from which on the database leaves half of its memory to the tasks, so that all stay below 4 GiB
READ_BY_KPIS = tuple(task for task in TASKS if task.task in FILLED_BY)
WITH_THE_FIT = frozenset({"cross-sell", "price"})  # what everybody buys together, and usual prices, differ little from day to day

Silence = dict[str, str]  # who has nothing to say in this edition, and why


def table_of(task: str) -> str:
    """The table of an edition that holds a task's predictions."""
    return "predictions." + task.replace("-", "_")


@dataclass(frozen=True)
class _Answer:
    """What a task says, and what it has learnt; or why it says nothing."""

    task: str
    rows: pa.Table | None = None
    learnt: Learnt | None = None
    silent: str = ""
    beside: Mapping[str, pa.Table] = field(default_factory=dict)  # further tables to write
    stands: bool = False  # its rows are those of the edition before


@dataclass(frozen=True)
class Past:
    """What the edition before has learnt, for how many days that serves, and the accounts whose lines have changed since (None: any's)."""

    learnt: Mapping[str, Learnt]
    refit_days: int
    met: pa.Array | None = None

    def fresh(self, task: Prediction, as_of: dt.date) -> Learnt | None:
        """The stored fit that may still score."""
        learnt = self.learnt.get(task.task)
        return learnt if learnt and learnt.serves(task, as_of=as_of, for_days=self.refit_days) else None


def predict_all(
    engine: Engine, *, as_of: dt.date, past: Past, steps: Steps, ask: Engine | None = None, tasks: Sequence[type[Prediction]] = TASKS
) -> Silence:
    """Score the tasks, with what is known where it is fresh enough; two at a time, which share what they read.

    What a task learns from is asked of `ask`, where the rows are elsewhere; there one task asks at a time.
    """
    reading = ask or engine
    engine.execute("create schema if not exists predictions")
    written = engine.tables("predictions")

    def answer(kind: type[Prediction]) -> _Answer:
        task = kind()
        fresh = past.fresh(task, as_of)
        standing = fresh if past.met is not None and table_of(task.task).removeprefix("predictions.") in written else None
        if standing and task.task in WITH_THE_FIT:
            return _Answer(task.task, learnt=standing, stands=True)
        told = {"days": (as_of - fresh.learnt_on).days} if fresh else {}
        with steps.step("scored" if fresh else "learnt", task=task.task, **told):
            if standing and isinstance(task, BetweenFits):
                earlier = engine.query(f"select * exclude ({EVIDENCE}) from {table_of(task.task)}")
                rows = task.between_fits(engine, earlier, met=past.met, as_of=as_of, learnt=standing)
                return _Answer(task.task, rows, standing)
            return _answer(reading, task, as_of=as_of, learnt=fresh)

    one = ask or past.met is not None
    with sharing(reading), _bounded(engine), ThreadPoolExecutor(1 if one else _AT_A_TIME) as workers:
        answers = [_written(engine, each) for each in workers.map(answer, tasks)]
    others = {task: learnt for task, learnt in learnt_before(engine).items() if task not in {each.task for each in answers}}
    _keep(engine, others | {each.task: each.learnt for each in answers if each.learnt})
    return {each.task: each.silent for each in answers if each.silent}


@contextmanager
def _bounded(engine: Engine) -> Iterator[None]:
    """In a large company the database takes half of its memory while the tasks learn."""
    lines = engine.query("select count(*) as lines from facts.sales")["lines"][0].as_py()
    if lines < _LARGE:
        yield
        return
    limit = str(engine.query("select current_setting('memory_limit') as memory")["memory"][0].as_py())
    number, unit = limit.split()
    engine.execute(f"set memory_limit = '{float(number) / 2} {unit}'")
    try:
        yield
    finally:
        engine.execute(f"set memory_limit = '{limit}'")


def _answer(engine: Engine, task: Prediction, *, as_of: dt.date, learnt: Learnt | None) -> _Answer:
    try:
        fitted = task.fit(engine, as_of=as_of, learnt=learnt)
        rows = fitted.predict()
        return _Answer(task.task, rows, fitted.learnt, beside=fitted.beside() if isinstance(fitted, Beside) else {})
    except UserError as error:
        return _Answer(task.task, silent=error.what)


def _written(engine: Engine, answer: _Answer) -> _Answer:
    """Write the rows, and let go of them."""
    if answer.stands:
        _take_off_bought(engine, answer.task)
        return answer
    engine.execute(f"drop table if exists {table_of(answer.task)}")
    if answer.rows is not None:
        kept = [column for column in answer.rows.column_names if column != SENTENCE]
        engine.write(table_of(answer.task), answer.rows.select(kept))
    for table, rows in answer.beside.items():
        engine.write(table, rows)
    return replace(answer, rows=None, beside={})


def _take_off_bought(engine: Engine, task: str) -> None:
    """What a customer has bought since is no offer any more."""
    if task == "cross-sell":
        engine.execute(
            "delete from predictions.cross_sell where (account_id, product_id) in"
            " (select (account_id, product_id) from facts.sales where is_purchase and account_id is not null and product_id is not null)"
        )


def _keep(engine: Engine, kept: Mapping[str, Learnt]) -> None:
    rows = [{"task": task, "learnt": json.dumps(asdict(learnt), default=str, sort_keys=True)} for task, learnt in sorted(kept.items())]
    engine.write("predictions.learnt", pa.Table.from_pylist(rows, schema=_LEARNT))


def write_silence(engine: Engine, silence: Silence) -> None:
    """Write `main.silent`, which pages show instead of an empty list."""
    rows = [{"subject": subject, "reason": reason} for subject, reason in sorted(silence.items())]
    engine.write("main.silent", pa.Table.from_pylist(rows, schema=pa.schema([("subject", pa.string()), ("reason", pa.string())])))


def learnt_before(engine: Engine) -> dict[str, Learnt]:
    """What an edition holds: task → its fit. One that is being made anew holds none."""
    found: dict[str, Learnt] = {}
    known = "select 1 from information_schema.tables where table_schema = 'predictions' and table_name = 'learnt'"
    if not engine.query(known).num_rows:
        return found
    for row in engine.query("select task, learnt from predictions.learnt").to_pylist():
        parts = json.loads(row["learnt"])
        found[row["task"]] = Learnt(**parts | {"learnt_on": dt.date.fromisoformat(parts["learnt_on"])})
    return found
