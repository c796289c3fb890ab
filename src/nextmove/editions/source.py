"""Where an edition takes its rows from: the warehouse, attached read-only beside the file that is being built.

`source` is a catalogue in memory with the same names as the warehouse: `source.main` shows the canonical tables as they stood at the
end of `as_of`, `source.facts` the facts over them. So one statement copies, and nothing later than `as_of` can be read.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from nextmove.editions.asof import as_of_select
from nextmove.engine import DuckDBEngine, literal, name
from nextmove.errors import Busy, UserError
from nextmove.ingest.batches import Changed, changed_since, warehouse_version
from nextmove.settings import Settings
from nextmove.tables import TABLES


@contextmanager
def warehouse_attached(engine: DuckDBEngine, path: Path) -> Iterator[None]:
    """Within the block the warehouse is readable as the catalogue `warehouse`."""
    if not path.exists():
        raise UserError("There is no warehouse yet.", where=str(path), hint="nextmove load FILE")
    try:
        engine.execute(f"attach {literal(str(path))} as warehouse (read_only)")
    except (duckdb.IOException, duckdb.BinderException, duckdb.ConnectionException) as error:
        raise _refusal(error, path) from None
    try:
        yield
    finally:
        engine.execute("detach warehouse")


def _refusal(error: duckdb.Error, path: Path) -> Exception:
    if any(word in str(error) for word in ("lock", "already attached", "different configuration", "file handle conflict")):
        return Busy("Another process is writing to the warehouse.", where=str(path), hint="wait until it has ended")
    return UserError(f"The warehouse cannot be opened: {error}.", where=str(path), hint="nextmove doctor")


def show_source(engine: DuckDBEngine, settings: Settings, *, as_of: dt.date) -> None:
    """Create `source.main`: the canonical tables as of that day, the calendar, and what else the warehouse keeps in `main`."""
    engine.execute("attach ':memory:' as source")
    declared = {table.name: table for table in TABLES}
    for found in tables_of_warehouse(engine):
        table = declared.get(found)
        if table is None:
            select = f"select * from warehouse.main.{name(found)}"
        else:
            select = as_of_select(table, source="warehouse.main", as_of=as_of, time_zone=settings.company.time_zone)
        engine.execute(f"create view source.main.{name(found)} as {select}")


def tables_of_warehouse(engine: DuckDBEngine) -> list[str]:
    """Names of the tables in the warehouse's `main` schema."""
    rows = engine.query("select table_name from duckdb_tables() where database_name = 'warehouse' and schema_name = 'main' order by 1")
    return [str(value) for value in rows.column(0).to_pylist()]


@dataclass(frozen=True)
class State:
    """The warehouse's version and, per table, what changed since an earlier one."""

    version: int
    changed: Mapping[str, Changed]


def state_of_warehouse(path: Path, *, since: int) -> State:
    """Look into the warehouse before a way is chosen."""
    if not path.exists():
        raise UserError("There is no warehouse yet.", where=str(path), hint="nextmove load FILE")
    with DuckDBEngine(path, read_only=True) as engine:
        return State(warehouse_version(engine), changed_since(engine, since))


def check_unchanged(engine: DuckDBEngine, state: State) -> None:
    """Refuse to go on where a load came in between the look and the attaching."""
    found = engine.query("select coalesce(max(batch), 0) as version from warehouse.main.batches")["version"][0].as_py()
    if found != state.version:
        raise Busy("The warehouse was loaded in this moment.", hint="nextmove refresh")


@contextmanager
def speaking_of(engine: DuckDBEngine, catalogue: str) -> Iterator[None]:
    """Within the block, names without a catalogue are those of `catalogue`."""
    before = engine.query("select current_database() as catalogue").column(0)[0].as_py()
    engine.execute(f"use {name(catalogue)}.main")
    try:
        yield
    finally:
        engine.execute(f"use {name(before)}.main")
