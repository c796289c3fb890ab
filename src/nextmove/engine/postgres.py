"""PostgreSQL: a workspace whose canonical tables and facts live in the company's own database.

Text is kept in the order of its bytes (`collate "C"`), as DuckDB sorts it, so that "the first of equal moments" is the same row on
both. Numbers come back exactly: `numeric` as DECIMAL where it fits.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from sqlglot import exp, parse_one

from nextmove.engine.contract import name
from nextmove.engine.parquet import plain
from nextmove.engine.translate import Dialect, translated
from nextmove.errors import Busy, UserError

if TYPE_CHECKING:
    import psycopg
    import pyarrow as pa

# A quantile of the rows of a window, which SQL has for groups only.
_QUANTILE = """create or replace function main.quantile_of(items double precision[], share double precision)
    returns double precision language sql immutable
    as $$ select percentile_cont(share) within group (order by item) from unnest(items) as item $$"""


class PostgresEngine:
    """An open connection to a PostgreSQL database."""

    dialect = "postgres"
    keeps_facts = True
    answers_many = True

    def __init__(self, url: str) -> None:
        self.connection = _connect(url)
        self.connection.execute("set time zone 'UTC'")
        self.connection.execute("set client_min_messages = warning")
        self.connection.execute("set jit = off")  # compiling a statement of many steps takes longer than running it

    def query(self, sql: str) -> pa.Table:
        return self._answer(_spoken(sql)[0])

    def stream(self, sql: str) -> pa.RecordBatchReader:
        """Through a pipe into a file, then from there, so that memory does not hold all rows."""
        from pyarrow import csv

        statement = _spoken(sql)[0]
        columns = self._answer(f"select * from ({statement}) as asked limit 0").schema
        with tempfile.NamedTemporaryFile(suffix=".csv") as file:
            with self.connection.cursor() as cursor, cursor.copy(f"copy ({statement}) to stdout (format csv)") as pipe:
                for block in pipe:
                    file.write(block)
            file.flush()
            if not file.tell():  # a file without a line is no CSV
                return columns.empty_table().to_reader()
            return csv.open_csv(
                file.name,
                read_options=csv.ReadOptions(column_names=columns.names),
                parse_options=csv.ParseOptions(newlines_in_values=True),
                convert_options=csv.ConvertOptions(
                    column_types=columns,
                    strings_can_be_null=True,
                    quoted_strings_can_be_null=False,
                    null_values=[""],
                    true_values=["t"],
                    false_values=["f"],
                ),
            )

    def execute(self, sql: str) -> None:
        for statement in _spoken(sql):
            if "quantile_of" in statement.lower():
                self.connection.execute("create schema if not exists main")
                self.connection.execute(_QUANTILE)
            self.connection.execute(statement)

    def write(self, table: str, rows: pa.Table | pa.RecordBatchReader) -> None:
        with self.connection.transaction():
            self._make(table, rows.schema)
            self._append(table, rows)
            self.connection.execute(f"analyze {table}")

    def put(self, table: str, rows: pa.Table | pa.RecordBatchReader, *, key: Sequence[str] = ()) -> None:
        if not key:
            self._append(table, rows)
            return
        same = " and ".join(f"old.{name(each)} is not distinct from coming.{name(each)}" for each in key)
        with self.connection.transaction():
            self.connection.execute(f"create temp table coming (like {table}) on commit drop")
            self._append("coming", rows)
            self.connection.execute("analyze coming")
            self.connection.execute(f"delete from {table} as old using coming where {same}")
            columns = ", ".join(name(column) for column in rows.schema.names)
            self.connection.execute(f"insert into {table} ({columns}) select {columns} from coming")
            self.connection.execute("drop table coming")

    def _append(self, table: str, rows: pa.Table | pa.RecordBatchReader) -> None:
        """As text through a pipe: the fastest way in."""
        from pyarrow import csv

        batches = rows.to_batches(max_chunksize=100_000) if hasattr(rows, "to_batches") else rows
        columns = ", ".join(name(column) for column in rows.schema.names)
        with self.connection.cursor() as cursor, cursor.copy(f"copy {table} ({columns}) from stdin (format csv)") as pipe:
            for batch in batches:
                csv.write_csv(batch.cast(plain(batch.schema)), _Sink(pipe), csv.WriteOptions(include_header=False))

    def tables(self, schema: str) -> dict[str, str]:
        found = self.connection.execute(
            "select table_name, table_type from information_schema.tables where table_schema = %s order by 1", [schema]
        ).fetchall()
        return {str(table): "table" if kind == "BASE TABLE" else "view" for table, kind in found}

    def close(self) -> None:
        self.connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with self.connection.transaction():
            alone = self.connection.execute("select pg_try_advisory_xact_lock(hashtext('nextmove'))").fetchone()
            if not (alone and alone[0]):
                raise Busy("Another process is writing to the warehouse.", where="warehouse.url", hint="wait until it has ended")
            yield

    def __enter__(self) -> PostgresEngine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _make(self, table: str, schema: pa.Schema) -> None:
        """An empty table of these columns; one that has them already is emptied, since views hang on it."""
        self.connection.execute(f"create schema if not exists {table.split('.')[0]}" if "." in table else "select 1")
        columns = ", ".join(f"{name(field.name)} {column_type(field.type)}" for field in plain(schema))
        there = self.connection.execute("select to_regclass(%s)", [table]).fetchone()
        if there and there[0] is not None:
            kept = self.connection.execute(f"select * from {table} limit 0").description or []
            if [column.name for column in kept] == schema.names:
                self.connection.execute(f"truncate {table}")
                return
            self.connection.execute(f"drop table {table} cascade")
        self.connection.execute(f"create table {table} ({columns})")

    def _answer(self, sql: str) -> pa.Table:
        import pyarrow as pa

        with self.connection.cursor() as cursor:
            cursor.execute(sql)
            columns = cursor.description or []
            rows = cursor.fetchall()
        cells = zip(*rows, strict=True) if rows else ([] for _ in columns)
        return pa.table([_array(column, list(values)) for column, values in zip(columns, cells, strict=True)], [c.name for c in columns])


class _Sink:
    """What pyarrow writes to: a file that is a pipe into the database."""

    closed = False

    def __init__(self, pipe: psycopg.Copy) -> None:
        self.pipe = pipe

    def write(self, content: bytes) -> int:
        self.pipe.write(content)
        return len(content)

    def flush(self) -> None: ...

    def close(self) -> None: ...


def column_type(kind: pa.DataType) -> str:
    """The type of a column that holds what Arrow calls `kind`."""
    import pyarrow.types as t

    if t.is_decimal(kind):
        return f"numeric({kind.precision}, {kind.scale})"
    if t.is_timestamp(kind):
        return "timestamp"
    for holds, sql_type in (
        (t.is_boolean, "boolean"),
        (t.is_date, "date"),
        (lambda each: t.is_int8(each) or t.is_int16(each) or t.is_int32(each), "integer"),
        (t.is_integer, "bigint"),
        (t.is_floating, "double precision"),
    ):
        if holds(kind):
            return sql_type
    return 'text collate "C"'


def _connect(url: str) -> psycopg.Connection[Any]:  # Any: a row is a tuple of cells
    if find_spec("psycopg") is None:
        raise UserError("The driver for PostgreSQL is not installed.", where="warehouse.url", hint="pip install nextmove[postgres]")
    import psycopg

    try:
        connection = psycopg.connect(url, autocommit=True, application_name="nextmove")
    except psycopg.OperationalError as error:
        first = str(error).strip().splitlines()[0]
        raise UserError(f"PostgreSQL cannot be reached: {first}.", where=without_secret(url), hint="check warehouse.url") from None
    return connection


def without_secret(url: str) -> str:
    """The address as it may be shown."""
    return re.sub(r"(//[^:/@]*):[^@]*@", r"\1:…@", url)


def _array(column: Any, values: list[Any]) -> pa.Array:  # Any: psycopg's description of a column; cells
    import pyarrow as pa

    kind = {
        16: pa.bool_(),
        20: pa.int64(),
        21: pa.int32(),
        23: pa.int32(),
        25: pa.string(),
        700: pa.float64(),
        701: pa.float64(),
        1043: pa.string(),
        1082: pa.date32(),
        1114: pa.timestamp("us"),
    }.get(column.type_code)
    return pa.array(values, kind) if kind is not None else _exact(column, values)


def _exact(column: Any, values: list[Any]) -> pa.Array:  # Any: as above
    """A column of numerics (or of a type that we never ask for), with as many digits as stand in it."""
    import pyarrow as pa

    if column.precision is not None and column.precision <= 38:
        return pa.array(values, pa.decimal128(column.precision, column.scale))
    try:
        found = pa.array(values)
    except pa.ArrowInvalid:
        return pa.array([None if value is None else float(value) for value in values], pa.float64())
    return found.cast(pa.float64()) if pa.types.is_decimal256(found.type) else found


# How PostgreSQL puts it.


def _spoken(sql: str) -> tuple[str, ...]:
    return translated(sql, DIALECT)


def _window_quantile(node: exp.Expr) -> exp.Expr:
    """A quantile over a window: PostgreSQL has it over groups only, so the window's rows become an array first."""
    if not (isinstance(node, exp.Window) and isinstance(node.this, exp.PercentileCont)):
        return node
    quantile = node.this
    item = exp.cast(quantile.this, "double")
    node.set("this", exp.Anonymous(this="array_agg", expressions=[item]))
    return exp.Anonymous(this="main.quantile_of", expressions=[node, quantile.expression])


def _whole(node: exp.Expr) -> exp.Expr:
    """The year or month of a date is a whole number, not a numeric."""
    if not (isinstance(node, exp.Extract) and node.name.upper() != "EPOCH") or isinstance(node.parent, exp.Cast):
        return node
    return exp.cast(node, "bigint")


def _replaced(statement: exp.Expr) -> tuple[exp.Expr, ...]:
    """`create or replace` where PostgreSQL must drop first: a view may change its columns, and a table is never replaced."""
    if not (isinstance(statement, exp.Create) and statement.args.get("replace")):
        return (statement,)
    statement.set("replace", False)
    kind = str(statement.args["kind"])
    target = statement.this.this if isinstance(statement.this, exp.Schema) else statement.this
    drop = parse_one(f"drop {kind} if exists {target.sql('duckdb')} cascade", dialect="duckdb")
    known = (exp.Command(this="analyze", expression=target.sql("postgres")),) if kind == "TABLE" else ()
    return drop, statement, *known


DIALECT = Dialect("postgres", (_window_quantile, _whole), _replaced)

__all__ = ["DIALECT", "PostgresEngine", "column_type"]
