"""Loading files: one batch, all or nothing.

Each file is read by a child (`sandbox`), its columns are mapped and checked there in one pass, and the typed rows are then merged
by key into the warehouse inside a single transaction. Whatever a row's fate, it is counted once:
rows read = loaded + replaced + unchanged + rejected.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from nextmove.engine import DuckDBEngine, literal, name
from nextmove.errors import UserError
from nextmove.ingest.compile import Given, Styles, typed_select
from nextmove.ingest.merge import Merged, merge
from nextmove.ingest.sandbox import Reader
from nextmove.ingest.warehouse import open_warehouse
from nextmove.tables import TABLES, Table
from nextmove.workspace import Workspace

SUFFIXES = (".csv", ".parquet")

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Loaded:
    """What became of one file."""

    batch: int
    table: str
    file: str
    part: str
    rows_read: int
    loaded: int
    replaced: int
    unchanged: int
    rejected: int


@dataclass(frozen=True)
class Staged:
    """A file whose rows are typed and judged, ready to merge."""

    table: Table
    file: Path
    part: str
    given: list[str]
    rows: Path
    sha256: str


def load(workspace: Workspace, paths: Sequence[Path], *, now: dt.datetime, progress: Progress = lambda _: None) -> list[Loaded]:
    """Load files and folders as one batch."""
    files = [file for path in paths for file in _files(path)]
    scratch = workspace.data / "scratch"
    with open_warehouse(workspace) as engine:
        return _in_one_batch(engine, workspace, files, scratch=scratch, now=now, progress=progress)


def _in_one_batch(
    engine: DuckDBEngine, workspace: Workspace, files: list[Path], *, scratch: Path, now: dt.datetime, progress: Progress
) -> list[Loaded]:
    connection = engine.connection
    connection.execute(f"set variable zone = {literal(workspace.settings.company.time_zone)}")
    connection.execute("begin transaction")
    try:
        batch = int(connection.execute("select coalesce(max(batch), 0) + 1 from main.batches").fetchall()[0][0])
        connection.execute("insert into main.batches values (?, 'load', ?, null, null, null)", [batch, now])
        results = [_one_file(engine, workspace, file, scratch=scratch, batch=batch, progress=progress) for file in files]
        connection.execute("commit")
    except BaseException:
        connection.execute("rollback")
        raise
    return results


def _one_file(engine: DuckDBEngine, workspace: Workspace, file: Path, *, scratch: Path, batch: int, progress: Progress) -> Loaded:
    progress(file.name)
    table = _table_of(file)
    with Reader(file, scratch) as reader:
        staged = _stage(reader, workspace, file, table)
        result = _bring_in(engine, workspace, staged, batch=batch)
    engine.connection.execute("insert into main.batch_tables values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [batch, table.name, str(file), "", staged.sha256, result.rows_read, result.loaded, result.replaced, result.unchanged, result.rejected])
    return result


def _stage(reader: Reader, workspace: Workspace, file: Path, table: Table) -> Staged:
    opened = reader.ask("open", path=str(file.resolve()), scratch=str(reader.scratch), options={})
    types = {column: kind for column, kind in opened["columns"]}
    given = [Given(column, f"source.{name(column.name)}", types[column.name]) for column in table.columns if column.name in types]
    missing = [c.name for c in table.columns if c.required and c.name not in types]
    if missing:
        raise UserError(f"{table.name} needs {', '.join(missing)}, which this file lacks.", where=str(file), hint=f"its columns are {', '.join(types)}")
    sql = typed_select(table, given, styles=Styles(), zone=workspace.settings.company.time_zone, source_columns=list(types))
    rows = reader.scratch / "rows.parquet"
    reader.ask("export", sql=sql, path=str(rows))
    return Staged(table, file, "", [one.column.name for one in given], rows, _sha256(file))


def _bring_in(engine: DuckDBEngine, workspace: Workspace, staged: Staged, *, batch: int) -> Loaded:
    connection = engine.connection
    source = f"read_parquet({literal(str(staged.rows))})"
    read, rejected = connection.execute(f"select count(*), count(_problem) from {source}").fetchall()[0]
    connection.execute(f"create or replace temp view staged as select * from {source} where _problem is null")
    if rejected:
        _write_rejects(engine, workspace, staged, batch=batch, source=source)
    merged: Merged = merge(engine, staged.table, given=staged.given, batch=batch)
    return Loaded(batch, staged.table.name, str(staged.file), "", read, merged.loaded, merged.replaced, merged.unchanged, rejected)


def _write_rejects(engine: DuckDBEngine, workspace: Workspace, staged: Staged, *, batch: int, source: str) -> None:
    workspace.rejects.mkdir(parents=True, exist_ok=True)
    target = workspace.rejects / f"{batch}.csv"
    engine.connection.execute(
        f"""copy (select {literal(str(staged.file))} as file, _row + 1 as line, split_part(_problem, '|', 1) as "column",
            split_part(_problem, '|', 2) as reason, _raw as raw from {source} where _problem is not null order by _row)
            to {literal(str(target))} (format csv, header)""")


def _files(path: Path) -> list[Path]:
    if not path.exists():
        raise UserError("There is no such file or folder.", where=str(path))
    if path.is_file():
        return [path]
    known = {table.name for table in TABLES}
    found = sorted(file for file in path.iterdir() if file.suffix in SUFFIXES and file.stem in known)
    if not found:
        raise UserError("No file in this folder bears the name of a table.", where=str(path), hint="nextmove load FILE --table TABLE")
    return found


def _table_of(file: Path) -> Table:
    from nextmove.tables import table

    return table(file.stem)


def _sha256(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as content:
        while block := content.read(1 << 22):
            digest.update(block)
    return digest.hexdigest()


__all__ = ["Loaded", "Progress", "duckdb", "load", "os"]
