"""The warehouse: one DuckDB file with every canonical table, made empty so that facts always compile.

Beside the tables of the data model it keeps what makes a load take-backable: `batches` (one row a load or undo),
`batch_tables` (what it read and did), `batch_days` (which days it touched) and the schema `history` with the rows that
later loads replaced. `schema_version` tells which program made it; an older one is brought up to date on opening and
checkpointed at once, since table changes in the write-ahead log are what a crash survives worst.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb

from nextmove.engine import DuckDBEngine
from nextmove.errors import UserError
from nextmove.tables import TABLES, Table
from nextmove.workspace import Workspace

SCHEMA_VERSION = 3
FILE = "warehouse.duckdb"

LINEAGE = "_batch"
REPLACED_BY = "_replaced_by"

_OWN_TABLES = (
    "create table if not exists main.schema_version (version integer)",
    """create table if not exists main.batches (
        batch bigint, kind varchar, loaded_at timestamp, undoes bigint, undone_by bigint, note varchar)""",
    """create table if not exists main.batch_tables (
        batch bigint, table_name varchar, file varchar, part varchar, sha256 varchar,
        rows_read bigint, loaded bigint, replaced bigint, unchanged bigint, rejected bigint)""",
    "create table if not exists main.batch_days (batch bigint, table_name varchar, day date, rows_touched bigint)",
    "create table if not exists main.batch_confirmed (batch bigint, confirms bigint, table_name varchar, confirmed bigint)",
)


def _add_modified_at(engine: DuckDBEngine) -> None:
    for schema in ("main", "history"):
        engine.execute(f"alter table {schema}.opportunities add column if not exists modified_at timestamp")


def _add_yearly_potential(engine: DuckDBEngine) -> None:
    for schema in ("main", "history"):
        engine.execute(f"alter table {schema}.accounts add column if not exists yearly_potential decimal(18, 4)")


# One step a version: MIGRATIONS[n] brings a warehouse of version n to n + 1.
MIGRATIONS: dict[int, Callable[[DuckDBEngine], None]] = {1: _add_modified_at, 2: _add_yearly_potential}


def open_warehouse(workspace: Workspace, *, read_only: bool = False, memory_limit: str | None = None) -> DuckDBEngine:
    """The warehouse of a workspace, with all its tables; made where there is none yet."""
    path = workspace.warehouse
    if read_only and not path.exists():
        raise UserError("There is no warehouse yet.", where=str(path), hint="nextmove load FILE")
    return open_file(path, read_only=read_only, memory_limit=memory_limit)


def open_file(path: Path, *, read_only: bool = False, memory_limit: str | None = None) -> DuckDBEngine:
    """A warehouse file with all its tables, brought up to date where an older program made it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    engine = _opened(path, read_only=read_only, memory_limit=memory_limit)
    try:
        older = _is_older(engine)
        if older and not read_only:
            _migrate(engine, _version(engine))
    except BaseException:
        engine.close()
        raise
    if not (older and read_only):
        return engine
    engine.close()
    open_file(path).close()
    return _opened(path, read_only=True, memory_limit=memory_limit)


def create_tables(engine: DuckDBEngine) -> None:
    """Every canonical table with its lineage column, its history, and the tables of batches; those that exist stay."""
    engine.execute("create schema if not exists history")
    for statement in _OWN_TABLES:
        engine.execute(statement)
    for table in TABLES:
        engine.execute(_create(table))
        engine.execute(_create_history(table))


def _opened(path: Path, *, read_only: bool, memory_limit: str | None) -> DuckDBEngine:
    try:
        return DuckDBEngine(path, read_only=read_only, memory_limit=memory_limit)
    except (duckdb.IOException, duckdb.SerializationException, duckdb.InternalException, duckdb.FatalException) as error:
        raise _unreadable(str(path), error) from None


def _is_older(engine: DuckDBEngine) -> bool:
    version = _version(engine)
    if version > SCHEMA_VERSION:
        raise UserError(
            f"This warehouse was made by a newer nextmove (version {version} of its tables, this program knows {SCHEMA_VERSION}).",
            where=str(engine.path),
            hint="update nextmove",
        )
    return version < SCHEMA_VERSION


def _migrate(engine: DuckDBEngine, version: int) -> None:
    engine.execute("begin transaction")
    for step in range(version or SCHEMA_VERSION, SCHEMA_VERSION):  # 0: no tables yet
        MIGRATIONS[step](engine)
    create_tables(engine)
    engine.execute("delete from main.schema_version")
    engine.execute(f"insert into main.schema_version values ({SCHEMA_VERSION})")
    engine.execute("commit")
    engine.execute("checkpoint")


def _version(engine: DuckDBEngine) -> int:
    """0 for a warehouse without tables of ours."""
    ask = engine.connection.execute  # without Arrow, which costs a fifth of a second to import
    if not ask("select 1 from information_schema.tables where table_schema = 'main' and table_name = 'schema_version'").fetchall():
        return 0
    return int(ask("select coalesce(max(version), 0) from main.schema_version").fetchall()[0][0])


def _columns(table: Table) -> str:
    return ", ".join(f'"{column.name}" {column.kind.sql_type}' for column in table.columns)


def _create(table: Table) -> str:
    return f"create table if not exists main.{table.name} ({_columns(table)}, {LINEAGE} bigint)"


def _create_history(table: Table) -> str:
    return f"create table if not exists history.{table.name} ({_columns(table)}, {LINEAGE} bigint, {REPLACED_BY} bigint)"


def _unreadable(path: str, error: Exception) -> UserError:
    first = str(error).splitlines()[0]
    return UserError(
        f"The warehouse cannot be opened: {first}", where=path, hint="restore it from a backup, or load the files into a new workspace"
    )
