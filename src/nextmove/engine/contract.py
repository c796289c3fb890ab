"""What an engine can do, and the two ways to put a value into SQL safely."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import pyarrow as pa

Value = str | int | float | bool | Decimal | dt.date | dt.datetime | None


class Engine(Protocol):
    """A database that holds canonical tables and facts: what a question needs.

    `keeps_facts` says whether the facts are kept as tables, made anew after a load, because reading them through views is slow there.
    """

    dialect: str
    keeps_facts: bool

    def query(self, sql: str) -> pa.Table:
        """Run one `select`, written in DuckDB SQL, and return its rows."""
        ...

    def execute(self, sql: str) -> None:
        """Run a statement that returns nothing."""
        ...

    def write(self, table: str, rows: pa.Table | pa.RecordBatchReader) -> None:
        """Create or replace `schema.table` with these rows."""
        ...

    def tables(self, schema: str) -> Mapping[str, str]:
        """Names in a schema, and whether each is a `table` or a `view`."""
        ...

    def close(self) -> None: ...


class Distant(Engine, Protocol):
    """A database outside the workspace that files are loaded into: what a load needs besides.

    `answers_many` says whether hundreds of small statements, as a refresh has them, take it little time.
    """

    answers_many: bool

    def stream(self, sql: str) -> pa.RecordBatchReader:
        """The rows of one `select`, however many."""
        ...

    def put(self, table: str, rows: pa.Table | pa.RecordBatchReader, *, key: Sequence[str] = ()) -> None:
        """Add rows to a table; stored rows that bear the key of one of them go."""
        ...

    def transaction(self) -> AbstractContextManager[None]:
        """Within the block nobody else writes, and all that is written counts at its end, or none of it."""
        ...


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
