"""The default engine: an embedded DuckDB file, nothing to install.

One process writes a warehouse at a time (DuckDB locks the file); readers of the published numbers open the current
edition instead, which nobody ever writes.
"""

from __future__ import annotations

import re
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from nextmove.errors import Busy, UserError

if TYPE_CHECKING:
    import pyarrow as pa


class DuckDBEngine:
    """An open DuckDB database: a file, or memory where `path` is None."""

    dialect = "duckdb"
    keeps_facts = False

    def __init__(
        self, path: Path | None = None, *, read_only: bool = False, memory_limit: str | None = None, packed_at_end: bool = False
    ) -> None:
        """With `packed_at_end` tables are not packed again whenever 16 MB were added: many of them are soon dropped or written again."""
        self.path = path
        self.read_only = read_only
        self.connection = _prepared(_connect(path, read_only=read_only))
        if memory_limit:
            self.connection.execute(f"set memory_limit = '{memory_limit}'")
        if packed_at_end:
            self.connection.execute("set checkpoint_threshold = '1GB'")

    def beside(self) -> DuckDBEngine:
        """The same open database for another thread: temporary tables are each one's own."""
        other = copy(self)
        other.connection = _prepared(self.connection.cursor())
        return other

    def query(self, sql: str) -> pa.Table:
        return self.connection.cursor().sql(sql).to_arrow_table()

    def execute(self, sql: str) -> None:
        self.connection.execute(sql)

    def write(self, table: str, rows: pa.Table | pa.RecordBatchReader) -> None:
        cursor = self.connection.cursor()
        cursor.register("rows_to_write", rows)
        cursor.execute(f"create or replace table {table} as select * from rows_to_write")
        cursor.unregister("rows_to_write")

    def tables(self, schema: str) -> dict[str, str]:
        found = self.connection.cursor().execute(
            "select table_name, table_type from information_schema.tables"
            " where table_catalog = current_database() and table_schema = ? order by 1",
            [schema],
        )
        return {str(table): "table" if kind == "BASE TABLE" else "view" for table, kind in found.fetchall()}

    def close(self) -> None:
        self.connection.close()

    def __enter__(self) -> DuckDBEngine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _prepared(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    connection.execute("set TimeZone = 'UTC'")
    connection.execute("set enable_progress_bar = false")
    return connection


def _connect(path: Path | None, *, read_only: bool) -> duckdb.DuckDBPyConnection:
    if path is None:
        return duckdb.connect(":memory:")
    try:
        return duckdb.connect(str(path), read_only=read_only)
    except duckdb.IOException as error:
        text = str(error)
        if "lock" in text:
            owner = re.search(r"PID (\d+)", text)
            by = f" (process {owner[1]})" if owner else ""
            raise Busy(f"Another process is writing to the warehouse{by}.", where=str(path), hint="wait until it has ended") from None
        if not path.exists():
            raise UserError("There is no warehouse yet.", where=str(path), hint="nextmove load FILE") from None
        raise
