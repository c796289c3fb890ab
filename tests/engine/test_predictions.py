"""Predictions ask the engine that has the rows: what they ask keeps to the common part of SQL, and each engine answers as DuckDB does."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pyarrow as pa
import pytest
from sqlglot import parse_one

from nextmove.company import open_answering
from nextmove.demo import Plan, make_demo
from nextmove.engine import Distant, DuckDBEngine, Engine, distant_engine
from nextmove.engine.subset import outside
from nextmove.errors import UserError
from nextmove.kpis import load_catalogue
from nextmove.predictions import TASKS

from .conftest import DISTANT

LINES = 6000
_READ = re.compile(r"\b(?:main|facts)\.\w+")


class Listening:
    """An engine that notes what it is asked."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.asked = engine, dict[str, pa.Table]()

    def query(self, sql: str) -> pa.Table:
        return self.asked.setdefault(sql, self.engine.query(sql))

    def tables(self, schema: str) -> Mapping[str, str]:
        return self.engine.tables(schema)


@pytest.fixture(scope="module")
def near(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDBEngine]:
    workspace = make_demo(tmp_path_factory.mktemp("predicted") / "demo", Plan(lines=LINES, seed=1), tell=lambda line: None)
    with open_answering(workspace, load_catalogue(workspace)) as engine:  # type: ignore[attr-defined]  # near, so DuckDB's
        yield engine


@pytest.fixture(scope="module")
def asked(near: DuckDBEngine) -> dict[str, pa.Table]:
    """All that the tasks ask, and what DuckDB answers; by the day on which the demo company stands."""
    as_of: dt.date = near.query("select max(day) as day from facts.sales")["day"][0].as_py()
    listening, silent = Listening(near), list[str]()
    for kind in TASKS:
        try:
            kind().fit(listening, as_of=as_of).predict()  # type: ignore[arg-type]  # all that a task may use of an engine
        except UserError:
            silent.append(kind.task)
    assert not silent
    return listening.asked


def test_what_they_ask_keeps_to_the_common_part(asked: dict[str, pa.Table]) -> None:
    assert len(asked) > 15
    assert {sql: found for sql in asked if (found := outside(parse_one(sql, dialect="duckdb")))} == {}


@pytest.fixture(scope="module", params=DISTANT)
def far(request: pytest.FixtureRequest, new_place: Callable[[str, str], str], near: DuckDBEngine, asked: Any) -> Iterator[Distant]:
    engine = distant_engine(new_place(request.param, "predicted"))
    with engine.transaction():
        for table in sorted({table for sql in asked for table in _READ.findall(sql)}):
            engine.write(table, near.query(f"from {table}"))
    yield engine
    engine.close()


def test_each_engine_answers_the_same(far: Distant, asked: dict[str, pa.Table]) -> None:
    assert not [sql for sql, ours in asked.items() if not _equal(ours, far.query(sql), ordered="order by" in sql.rpartition(")")[2])]


def _equal(ours: pa.Table, theirs: pa.Table, *, ordered: bool) -> bool:
    """But for the last digits of a logarithm; rows that were asked for in an order, in that order."""
    if ours.column_names != theirs.column_names or ours.num_rows != theirs.num_rows:
        return False
    by = [] if ordered else [(column, "ascending") for column in ours.column_names]
    both = [table.cast(ours.schema).sort_by(by) if by else table.cast(ours.schema) for table in (ours, theirs)]
    return all(_same(*(table[column].to_pylist() for table in both)) for column in ours.column_names)


def _same(ours: list[object], theirs: list[object]) -> bool:
    if ours == theirs:
        return True
    return all(isinstance(one, float) for one in ours) and ours == pytest.approx(theirs, rel=1e-12, abs=1e-12)
