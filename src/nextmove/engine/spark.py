"""Spark: a workspace whose canonical tables are Parquet files in a folder that all of Spark's machines see.

`spark://local[2]/srv/company` runs Spark in this process on two cores, `spark://host:7077/srv/company` on a cluster. Nothing is
registered in a catalogue outside the folder: what a question reads is shown to Spark under one name each (`main__accounts`) when it
is first asked for, views included. Tables are only ever written as a whole or added to; a row cannot be deleted in place.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlglot import exp, parse

from nextmove.engine.duckdb import DuckDBEngine
from nextmove.engine.parquet import ParquetStore
from nextmove.engine.translate import Dialect, translated
from nextmove.errors import UserError

if TYPE_CHECKING:
    import pyarrow as pa

_WHOLE = re.compile(r"select \* from (\w+\.\w+)")
_ADDRESS = re.compile(r"spark://(local(?:\[[^\]]+\])?|[^/]+:\d+)(/.+)")


class SparkEngine:
    """A session of Spark over a folder of Parquet files."""

    dialect = "spark"
    keeps_facts = True
    answers_many = False  # it plans each for about a second

    def __init__(self, url: str) -> None:
        self._master, folder = _address(url)
        _refuse_missing()
        self.store = ParquetStore(folder)
        self._shown: dict[str, object] = {}

    @cached_property
    def session(self) -> Any:  # Any: pyspark ships no strict types
        """Started by the first question; what only takes whole tables never waits for it."""
        return _session(self._master)

    def query(self, sql: str) -> pa.Table:
        return self._frame(sql).toArrow()

    def stream(self, sql: str) -> pa.RecordBatchReader:
        whole = _WHOLE.fullmatch(sql)
        if whole and whole[1] in self.store.manifest.tables:
            return self.store.read(whole[1])
        return self.query(sql).to_reader()

    def execute(self, sql: str) -> None:
        for statement in parse(sql, dialect="duckdb"):
            match statement:
                case exp.Create(kind="SCHEMA") | None:
                    pass
                case exp.Create(kind="VIEW"):
                    self._define(_relation(statement.this), statement.expression.sql("duckdb"))
                case exp.Create(kind="TABLE", expression=exp.Query() as rows):
                    self._make(_relation(statement.this), rows.sql("duckdb"))
                case exp.Create(kind="TABLE", this=exp.Schema() as declared):
                    self._declare(_relation(declared), declared)
                case exp.Insert(expression=exp.Query() as rows):
                    self._add(_relation(statement.this), rows.sql("duckdb"))
                case exp.Drop():
                    self.store.drop(_relation(_named(statement)))
                case _:
                    raise UserError(f"Spark cannot do this: {sql.strip().splitlines()[0][:80]}", hint="write a table whole, or add to it")

    def write(self, table: str, rows: pa.Table | pa.RecordBatchReader) -> None:
        with self.store.change():
            self.store.replace(table, [self.store.write(table, rows)])

    def put(self, table: str, rows: pa.Table | pa.RecordBatchReader, *, key: Sequence[str] = ()) -> None:
        """Rows are added as files of their own; only where stored rows have to go is the table written anew."""
        with self.store.change():
            coming = self.store.write(table, rows)
            stays = self._without(table, coming, key) if key else self.store.manifest.tables[table]
            self.store.replace(table, [*stays, coming])

    def _without(self, table: str, coming: str, key: Sequence[str]) -> list[str]:
        """Folders of the rows whose key is not among the coming ones."""
        self.session.read.parquet(str(self.store.folder / coming)).createOrReplaceTempView("coming")
        same = " and ".join(f"old.`{each}` <=> coming.`{each}`" for each in key)
        self._show(f"select 1 from {table}")
        if not self.session.sql(f"select 1 from {_flat(table)} as old left semi join coming on {same} limit 1").count():
            return self.store.manifest.tables[table]
        folder = self.store.new_folder(table)
        left = self.session.sql(f"select old.* from {_flat(table)} as old left anti join coming on {same}")
        left.write.parquet(str(self.store.folder / folder))
        return [folder]

    def tables(self, schema: str) -> Mapping[str, str]:
        kinds = dict.fromkeys(self.store.manifest.tables, "table") | dict.fromkeys(self.store.manifest.views, "view")
        return {each.removeprefix(f"{schema}."): kind for each, kind in sorted(kinds.items()) if each.startswith(f"{schema}.")}

    def close(self) -> None:
        """The session stays: another engine of this process may use it, and starting one takes seconds."""
        for each in self._shown:
            self.session.catalog.dropTempView(_flat(each))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with self.store.change():
            yield

    def __enter__(self) -> SparkEngine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _frame(self, sql: str) -> Any:  # Any: pyspark's DataFrame
        self._show(sql)
        return self.session.sql(translated(sql, DIALECT)[0])

    def _define(self, view: str, sql: str) -> None:
        self.store.define(view, sql)

    def _make(self, table: str, sql: str) -> None:
        with self.store.change():
            self.store.replace(table, [self._spill(table, sql)])

    def _declare(self, table: str, columns: exp.Schema) -> None:
        """A table without rows, where there is none; DuckDB tells what its types are called in Arrow."""
        if table in self.store.manifest.tables:
            return
        with DuckDBEngine() as near:
            near.execute(f"create table declared ({', '.join(column.sql('duckdb') for column in columns.expressions)})")
            self.write(table, near.query("from declared"))

    def _add(self, table: str, sql: str) -> None:
        with self.store.change():
            self.store.replace(table, [*self.store.manifest.tables[table], self._spill(table, sql)])

    def _spill(self, table: str, sql: str) -> str:
        """Let Spark write what a query gives; returns the folder."""
        folder = self.store.new_folder(table)
        self._frame(sql).write.parquet(str(self.store.folder / folder))
        return folder

    def _show(self, sql: str) -> None:
        """Give Spark what the query names, and what that reads in turn."""
        for each in _read_by(sql):
            state = self.store.manifest.views.get(each) or self.store.manifest.tables.get(each)
            if isinstance(state, str):
                self._show(state)
            if state is None or self._shown.get(each) == state:
                continue
            if isinstance(state, str):
                self.session.sql(f"create or replace temporary view {_flat(each)} as {translated(state, DIALECT)[0]}")
            else:
                self.session.read.parquet(*self.store.files(each)).createOrReplaceTempView(_flat(each))
            self._shown[each] = state


def _read_by(sql: str) -> tuple[str, ...]:
    found = [table for statement in parse(sql, dialect="duckdb") if statement for table in statement.find_all(exp.Table)]
    return tuple(dict.fromkeys(_relation(table) for table in found))


def _relation(table: exp.Expr) -> str:
    """`schema.name` of a table, `name` of one without a schema."""
    named = table.this if isinstance(table, exp.Schema) else table
    assert isinstance(named, exp.Table)
    return f"{named.db}.{named.name}" if named.db else named.name


def _named(statement: exp.Expr) -> exp.Expr:
    """The relation that a `drop` names."""
    found = statement.find(exp.Table)
    assert found is not None
    return found


def _flat(relation: str) -> str:
    return relation.replace(".", "__")


def _address(url: str) -> tuple[str, Path]:
    """Spark's master, and the folder of the tables."""
    match = _ADDRESS.fullmatch(url)
    if match is None:
        raise UserError(f"This is no address of Spark: {url}", where="warehouse.url", hint="spark://local[2]/srv/company")
    master, folder = match.groups()
    return (master if master.startswith("local") else f"spark://{master}"), Path(folder)


def _refuse_missing() -> None:
    if find_spec("pyspark") is None:
        raise UserError("Spark is not installed.", where="warehouse.url", hint="pip install nextmove[spark]")
    if not (shutil.which("java") or os.environ.get("JAVA_HOME")):
        raise UserError("Spark needs Java 17 or newer, which is not there.", where="warehouse.url", hint="install a Java runtime")


def _session(master: str) -> Any:  # Any: pyspark ships no strict types
    from pyspark.sql import SparkSession

    cores = re.search(r"\d+", master)
    settings = {
        "spark.driver.memory": "2g",
        "spark.log.level": "ERROR",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": cores[0] if master.startswith("local") and cores else "200",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
    if master.startswith("local"):
        settings |= {"spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1"}
    builder = SparkSession.builder.master(master).appName("nextmove")
    for key, value in settings.items():
        builder = builder.config(key, value)
    return builder.getOrCreate().newSession()


# How Spark puts it.


def _one_name(node: exp.Expr) -> exp.Expr:
    """`main.accounts` is shown to Spark as `main__accounts`; columns may still call it `accounts`."""
    if not (isinstance(node, exp.Table) and node.db):
        return node
    alias = node.args.get("alias") or exp.TableAlias(this=exp.to_identifier(node.name))
    return exp.Table(this=exp.to_identifier(f"{node.db}__{node.name}"), alias=alias)


def _exact_quantile(node: exp.Expr) -> exp.Expr:
    """`percentile(x, p)` is what others call `quantile_cont`."""
    if not isinstance(node, exp.PercentileCont):
        return node
    return exp.Anonymous(this="percentile", expressions=[node.this, node.expression])


def _seconds(node: exp.Expr) -> exp.Expr:
    """Seconds between two moments: Spark cannot take them out of an interval."""
    if not (isinstance(node, exp.Extract) and isinstance(node.expression, exp.Sub)):
        return node
    until, since = (_micros(side) for side in (node.expression.left, node.expression.right))
    return exp.Paren(this=exp.Div(this=exp.Paren(this=exp.Sub(this=until, expression=since)), expression=exp.Literal.number("1000000.0D")))


def _micros(moment: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this="unix_micros", expressions=[exp.cast(moment, exp.DType.TIMESTAMPLTZ)])


DIALECT = Dialect("spark", (_one_name, _exact_quantile, _seconds))
