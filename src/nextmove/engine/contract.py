"""What an engine can do, and the two ways to put a value into SQL safely."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import pyarrow as pa

Value = str | int | float | bool | Decimal | dt.date | dt.datetime | None


class Engine(Protocol):
    """A database that holds canonical tables and facts."""

    dialect: str

    def query(self, sql: str) -> pa.Table:
        """Run one `select`, written in DuckDB SQL, and return its rows."""
        ...

    def execute(self, sql: str) -> None:
        """Run a statement that returns nothing."""
        ...

    def write(self, table: str, rows: pa.Table | pa.RecordBatchReader) -> None:
        """Create or replace `schema.table` with these rows."""
        ...

    def close(self) -> None: ...


def literal(value: Value) -> str:
    """`value` as a SQL literal; text is quoted, so nothing a user types is ever read as SQL."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | Decimal():
            return str(value)
        case float():
            return repr(value) + "::double"
        case dt.datetime():
            return f"timestamp '{value:%Y-%m-%d %H:%M:%S.%f}'"
        case dt.date():
            return f"date '{value:%Y-%m-%d}'"
        case _:
            return "'" + value.replace("'", "''") + "'"


def name(identifier: str) -> str:
    """`identifier` quoted as a SQL name."""
    return '"' + identifier.replace('"', '""') + '"'
