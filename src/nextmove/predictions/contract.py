"""What every prediction can do, so that the command line, the actions and one test suite treat all alike.

A task is a frozen dataclass: its fields are settings with defaults that suit any company, its class attributes say what it is called,
what it needs and from how much history on it speaks. `fit` learns from everything up to the end of `as_of` and nothing later; what it
returns predicts for that same day. `backtest` goes back in time on the company's own past and tells how the method and the rule it
replaces would have done.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar, runtime_checkable

import pyarrow as pa

from nextmove.engine import Engine, literal
from nextmove.errors import MissingData, UserError
from nextmove.facts import load_facts
from nextmove.words import text

# One figure a row: of which past day, by which method ("rule", "model", or a part of it), over how many subjects. `bucket` tells rows of
# one measure apart, such as the tenths of a calibration table; it is empty for single figures.
REPORT = pa.schema(
    [
        ("cutoff", pa.date32()),
        ("method", pa.string()),
        ("measure", pa.string()),
        ("bucket", pa.string()),
        ("value", pa.float64()),
        ("subjects", pa.int64()),
    ]
)


@dataclass(frozen=True)
class Learnt:
    """What a fit has learnt, as plain JSON (models as their own text format), so that a daily refresh re-scores without learning anew."""

    task: str
    learnt_on: dt.date
    settings: Mapping[str, Any]  # Any: JSON values
    content: Mapping[str, Any] = field(default_factory=dict)  # Any: JSON values

    def save(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self) | {"learnt_on": self.learnt_on.isoformat()}, sort_keys=True), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Learnt:
        try:
            parts = json.loads(path.read_text(encoding="utf-8"))
            return cls(**parts | {"learnt_on": dt.date.fromisoformat(parts["learnt_on"])})
        except (ValueError, KeyError, TypeError):
            raise UserError("This file holds no stored fit.", where=str(path), hint="delete it; the next refresh learns anew") from None

    def serves(self, task: Prediction, *, as_of: dt.date, for_days: int = 366) -> bool:
        """Whether this fit may score `task` on `as_of`: same settings, learnt by then and not longer ago than `for_days`."""
        age = (as_of - self.learnt_on).days
        return self.task == task.task and dict(self.settings) == settings_of(task) and 0 <= age < for_days


# Columns with words: the sentence in the current language, and the facts in it. Editions keep the facts alone; pages tell them in the
# language of their reader.
SENTENCE, EVIDENCE = "reason", "evidence"


class Fitted(Protocol):
    """A task that has learnt; `as_of` is the day for which it predicts."""

    @property
    def as_of(self) -> dt.date: ...

    @property
    def learnt(self) -> Learnt | None:
        """What can be kept for the next days, or None where there is nothing worth keeping."""
        ...

    def predict(self) -> pa.Table:
        """One flat row a subject: as_of, horizon_days, the ids, score, and what the task adds."""
        ...


@runtime_checkable
class Beside(Protocol):
    """A task that has learnt and keeps more in an edition than its rows."""

    def beside(self) -> dict[str, pa.Table]:
        """Further tables by their names, once `predict` has been called."""
        ...


@runtime_checkable
class BetweenFits(Protocol):
    """A task that need not look at every subject each day."""

    def between_fits(self, engine: Engine, earlier: pa.Table, *, met: pa.Array, as_of: dt.date, learnt: Learnt) -> pa.Table:
        """Its rows of an `earlier` day brought to `as_of`, as an edition keeps them (without the sentence): of the accounts `met`, whose
        lines have changed since, scored anew. Of the earlier rows the evidence is not read."""
        ...


class Prediction(Protocol):
    """A prediction task, before it has learnt."""

    task: ClassVar[str]
    needs: ClassVar[tuple[str, ...]]  # table.column
    minimum_history: ClassVar[str]  # words id: from when on it speaks
    score_is_probability: ClassVar[bool]

    @property
    def horizon_days(self) -> int: ...

    def fit(self, engine: Engine, *, as_of: dt.date, learnt: Learnt | None = None) -> Fitted:
        """Learn from the company's past up to the end of `as_of`, or score with what was `learnt` on an earlier day."""
        ...

    def backtest(self, engine: Engine, *, as_of: dt.date) -> pa.Table:
        """How it would have done at past cut-offs, as rows of `REPORT`."""
        ...


T = TypeVar("T", bound=Prediction)


def what_the_score_is(task: Prediction | type[Prediction]) -> str:
    """Whether it is a probability, in the reader's words."""
    return text("predictions.score.probability" if task.score_is_probability else "predictions.score.order")


def settings_of(task: Prediction) -> dict[str, Any]:  # Any: a field's plain value
    """The settings of a task, as JSON has them."""
    plain: dict[str, Any] = json.loads(json.dumps(asdict(task)))  # type: ignore[call-overload]
    return plain


def sales_until(as_of: dt.date) -> str:
    """The lines that a prediction for `as_of` may see, as a table expression. Use it in every query: nothing else reads facts.sales."""
    return f"(select * from facts.sales where day <= {literal(as_of)})"


def account_days_until(engine: Engine, as_of: dt.date) -> str:
    """These lines added up by account and day, as a table expression: the fact where the database has it, else its query."""
    fact = load_facts()["account_days"]
    days = f"facts.{fact.name}" if fact.name in engine.tables("facts") else f"({fact.query})"
    return f"(select * from {days} as days where day <= {literal(as_of)})"


def report(rows: Sequence[Mapping[str, object]]) -> pa.Table:
    """Rows of a backtest as a `REPORT` table; `bucket` may be left out."""
    return pa.Table.from_pylist([{"bucket": "", **row} for row in rows], schema=REPORT)


def past_cutoffs(first: dt.date, as_of: dt.date, *, horizon_days: int, most: int = 4, every_days: int = 60) -> list[dt.date]:
    """Days in the past whose next `horizon_days` are over by `as_of`, latest last, each with at least as much history before it."""
    latest = as_of - dt.timedelta(days=horizon_days)
    days = [latest - dt.timedelta(days=every_days * back) for back in range(most)]
    return [day for day in reversed(days) if day - first >= dt.timedelta(days=horizon_days)]


def first_sale(engine: Engine, as_of: dt.date) -> dt.date:
    """The day on which the company's recorded purchases begin."""
    day: dt.date | None = engine.query(f"select min(day) as day from {sales_until(as_of)} as sales where is_purchase")["day"][0].as_py()
    if day is None:
        raise MissingData("There is no purchase of a known customer yet.", where=f"order_lines up to {as_of}", hint="nextmove load FILE")
    return day
