"""Loading files: one batch, all or nothing.

Each file is read by a child (`sandbox`), mapped (`plan`) and judged there in one pass; its typed rows are then keyed and merged into
the warehouse inside a single transaction. Whatever a row's fate, it is counted once:
rows read = loaded + replaced + unchanged + rejected.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from nextmove.engine import literal
from nextmove.errors import UserError
from nextmove.ingest.compile import source_select, typed_rows, typed_select
from nextmove.ingest.distant import make_ready
from nextmove.ingest.keys import key_rows
from nextmove.ingest.loan import opened_for_load
from nextmove.ingest.merge import merge
from nextmove.ingest.plan import Options, Plan, choose_mapping, plan, replanned
from nextmove.ingest.rejects import Rejects
from nextmove.ingest.sandbox import Reader
from nextmove.ingest.stage_history import keep_stage_history, note_met_deals
from nextmove.ingest.styles import Ambiguous, Evidence
from nextmove.tables import TABLES, Table
from nextmove.words import text
from nextmove.workspace import Workspace

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Loaded:
    """What became of one file, or of one sheet of it."""

    batch: int
    table: str
    file: str
    part: str
    rows_read: int
    loaded: int
    replaced: int
    unchanged: int
    rejected: int
    rejects_file: str = ""


@dataclass(frozen=True)
class Staged:
    """A file, or a sheet, whose rows are typed and judged, ready to merge."""

    table: Table
    file: Path
    part: str
    given: list[str]
    rows: Path
    rejects: Path | None
    lines: Path | None
    bad: int
    sha256: str


def load(
    workspace: Workspace, paths: Sequence[Path], *, now: dt.datetime, options: Options | None = None, progress: Progress = lambda _: None
) -> list[Loaded]:
    """Load files and folders as one batch; with `dry_run`, tell what would become of them and change nothing."""
    options = replace(options or Options(), zone=workspace.settings.company.time_zone)
    files = [file for path in paths for file in _files(path, options)]
    make_ready(workspace)
    scratch = workspace.data / "scratch" / f"load-{now:%Y%m%d%H%M%S%f}"
    scratch.mkdir(parents=True, exist_ok=True)
    try:
        staged = _stage_all(workspace, files, scratch, options, progress)
        return _in_one_batch(workspace, staged, now=now, options=options, progress=progress)
    except (duckdb.IOException, duckdb.OutOfMemoryException, duckdb.FatalException, OSError) as error:
        raise _full_disk(error, workspace) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _stage_all(workspace: Workspace, files: list[Path], scratch: Path, options: Options, progress: Progress) -> list[Staged]:
    """Read all files; one that can be read two ways is tried again when the others have told how they are written."""
    known, staged, waiting = Evidence(), [], []
    with Reader(scratch) as reader:
        for number, file in enumerate(files):
            progress(text("ingest.progress.reading", file=file.name, number=number + 1, files=len(files)))
            try:
                staged += _stage(reader, workspace, file, scratch / str(number), options, known)
            except Ambiguous:
                waiting.append((number, file))
        for number, file in waiting:
            staged += _stage(reader, workspace, file, scratch / f"{number}-again", options, known)
    return staged


def _stage(reader: Reader, workspace: Workspace, file: Path, scratch: Path, options: Options, known: Evidence) -> list[Staged]:
    opened = reader.open(file, scratch, _reading(options))
    types, parts = dict(opened["columns"]), opened["parts"]
    mapping = choose_mapping(file, list(types), workspace.mappings, options)
    made = plan(reader, file, types, mapping, tidy=opened["tidy"], options=options, known=known)
    written = [_write_part(reader, made, scratch, number, len(parts), options) for number in range(len(parts))]
    if any(problems for _, problems in written):
        again = replanned(reader, file, types, made, options=options, known=known)
        if again:
            made = again
            written = [_write_part(reader, made, scratch, number, len(parts), options) for number in range(len(parts))]
    sha256 = _sha256(file)
    return [
        Staged(
            table=made.mapping.table,
            file=file,
            part=parts[number],
            given=[one.column.name for one in made.given],
            rows=rows,
            rejects=_rejects(reader, scratch, number, rows) if problems or opened["bad"][number] else None,
            lines=_lines(reader, scratch / f"lines-{number}.parquet"),
            bad=opened["bad"][number],
            sha256=sha256,
        )
        for number, (rows, problems) in enumerate(written)
    ]


def _reading(options: Options) -> dict[str, str | None]:
    from nextmove.ingest.mapping import read_mapping

    told = read_mapping(options.map).read if options.map else {}
    return {key: getattr(options, key) or told.get(key) for key in ("encoding", "delimiter", "sheet")}


def _write_part(reader: Reader, made: Plan, scratch: Path, number: int, parts: int, options: Options) -> tuple[Path, int]:
    """The typed rows of one part, and how many of them have a problem."""
    part = number if parts > 1 else None
    relation = source_select(made.header, made.styles, zone=options.zone, part=part)
    sql = typed_select(made.mapping.table, made.given, relation=relation, zone=options.zone, source_columns=made.header)
    rows = scratch / f"rows-{number}.parquet"
    reader.ask("export", sql=sql, path=str(rows))
    return rows, int(reader.ask("query", sql=f"select count(_problem) from read_parquet({literal(str(rows))})")[0][0])


def _rejects(reader: Reader, scratch: Path, number: int, rows: Path) -> Path:
    path = scratch / f"rejects-{number}.parquet"
    reader.ask("rejects", rows=str(rows), part=number, path=str(path))
    return path


def _lines(reader: Reader, path: Path) -> Path | None:
    return path if reader.ask("lines", path=str(path)) else None


def _in_one_batch(workspace: Workspace, staged: list[Staged], *, now: dt.datetime, options: Options, progress: Progress) -> list[Loaded]:
    coming = {table: [one.rows for one in staged if one.table.name == table] for table in {one.table.name for one in staged}}
    with opened_for_load(workspace, coming, keep=not options.dry_run) as engine:
        connection = engine.connection
        connection.execute(f"set variable zone = {literal(options.zone)}")
        connection.execute("begin transaction")
        batch = int(connection.execute("select coalesce(max(batch), 0) + 1 from main.batches").fetchall()[0][0])
        rejects = Rejects(connection, workspace.rejects / f"{batch}.csv")
        try:
            connection.execute("insert into main.batches values (?, 'load', ?, null, null, null)", [batch, now])
            results = [_bring_in(engine, one, batch=batch, rejects=rejects) for one in staged]
            note_met_deals(engine, batch)
            found = keep_stage_history(engine, batch=batch)
            path = "" if options.dry_run else rejects.write()
            connection.execute("rollback" if options.dry_run else "commit")
        except BaseException:
            rejects.discard()
            _roll_back(connection)
            raise
    if found:
        progress(text("ingest.progress.history", changes=found))
    return [replace(result, rejects_file=path if result.rejected else "") for result in results]


def _bring_in(engine: object, one: Staged, *, batch: int, rejects: Rejects) -> Loaded:
    from nextmove.engine import DuckDBEngine

    assert isinstance(engine, DuckDBEngine)
    connection = engine.connection
    file = literal(str(one.rows))
    read, failed = connection.execute(f"select count(*), count(_problem) from read_parquet({file})").fetchall()[0]
    keyed = key_rows(connection, one.table, rows=typed_rows(one.rows), given=one.given)
    place = f"{one.file} [{one.part}]" if one.part else str(one.file)
    if one.rejects:
        rejects.add(one.rejects, place)
    if keyed.contradicted:
        rejects.add_contradicted(one.lines, place)
    merged = merge(engine, one.table, given=keyed.given, batch=batch)
    result = Loaded(
        batch=batch,
        table=one.table.name,
        file=str(one.file),
        part=one.part,
        rows_read=read + one.bad,
        loaded=merged.loaded,
        replaced=merged.replaced,
        unchanged=merged.unchanged + keyed.equal,
        rejected=failed + one.bad + keyed.contradicted,
    )
    _note(connection, one, result)
    return result


def _note(connection: duckdb.DuckDBPyConnection, one: Staged, result: Loaded) -> None:
    counts = [result.rows_read, result.loaded, result.replaced, result.unchanged, result.rejected]
    if counts[0] != sum(counts[1:]):
        raise AssertionError(f"rows of {one.file} do not add up: {counts}")
    values = [result.batch, one.table.name, str(one.file), one.part, one.sha256, *counts]
    connection.execute("insert into main.batch_tables values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values)


def _roll_back(connection: duckdb.DuckDBPyConnection) -> None:
    with contextlib.suppress(duckdb.Error):  # where the database has given up already, the transaction is gone with it
        connection.execute("rollback")


def _files(path: Path, options: Options) -> list[Path]:
    from nextmove.ingest.readers import SUFFIXES, kind_of

    if not path.exists():
        raise UserError("There is no such file or folder.", where=str(path))
    if path.is_file():
        if kind_of(path) is None:
            raise UserError(
                f"Files of this kind cannot be loaded: {path.suffix or 'no ending'}.", where=str(path), hint=", ".join(SUFFIXES)
            )
        return [path]
    known = {table.name for table in TABLES}
    found = sorted(file for file in path.iterdir() if kind_of(file) and file.name.split(".")[0] in known)
    if not found:
        raise UserError("No file in this folder bears the name of a table.", where=str(path), hint="nextmove load FILE --table TABLE")
    return found


def _full_disk(error: Exception, workspace: Workspace) -> Exception:
    if "no space left" in str(error).casefold():
        return UserError("The disk is full; nothing was loaded.", where=str(workspace.data), hint="make room and load again")
    if isinstance(error, OSError) and not isinstance(error, duckdb.Error):
        return UserError(f"A file cannot be read or written: {error.strerror}.", where=str(error.filename or workspace.data))
    return error


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
