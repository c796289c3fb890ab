"""Commands that bring data in: init, load, batches, undo, doctor."""

from __future__ import annotations

import datetime as dt
import sys
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nextmove.cli.options import Format, FormatOption, WorkspaceOption, show

if TYPE_CHECKING:
    from nextmove.ingest.load import Loaded
    from nextmove.ingest.mapping import Mapping

COLUMNS = ("batch", "table", "file", "part", "rows_read", "loaded", "replaced", "unchanged", "rejected", "rejects_file")
BATCH_COLUMNS = (
    "batch",
    "kind",
    "at",
    "table",
    "file",
    "part",
    "rows_read",
    "loaded",
    "replaced",
    "unchanged",
    "rejected",
    "undoes",
    "undone_by",
)


def register(app: typer.Typer) -> None:
    for command in (init, load, batches, undo, doctor):
        app.command()(command)


def init(folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="Where the workspace shall be; else this folder.")] = Path()) -> None:
    """Make a workspace: nextmove.toml, data/ and an empty warehouse.

    Example: nextmove init my-company
    """
    from nextmove.ingest.distant import make_ready
    from nextmove.ingest.settings_file import settings_file
    from nextmove.words import text
    from nextmove.workspace import SETTINGS_FILE, Workspace

    workspace = Workspace.create(folder, settings=settings_file(folder.resolve().name))
    make_ready(workspace)
    print(text("ingest.init.ready", root=workspace.root))
    print(text("ingest.init.next", settings=workspace.root / SETTINGS_FILE, root=workspace.root))


def load(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH…", help="Files, or a folder of files that bear the names of tables.")],
    table: Annotated[str | None, typer.Option(help="The table that the files are for, where their names and columns do not tell.")] = None,
    map: Annotated[Path | None, typer.Option(help="A mapping file, as nextmove saves them in mappings/.")] = None,
    dates: Annotated[
        str | None, typer.Option(help="How dates are written: dmy, mdy, ymd or serial (Excel). ISO dates are always read.")
    ] = None,
    decimal: Annotated[str | None, typer.Option(help="The decimal sign of numbers: point or comma.")] = None,
    encoding: Annotated[str | None, typer.Option(help="The encoding of text files, as cp1252.")] = None,
    delimiter: Annotated[str | None, typer.Option(help="The sign between the fields of text files.")] = None,
    sheet: Annotated[str | None, typer.Option(help="The one sheet of a workbook to read.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Take a guessed mapping without asking.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell what would become of the rows and change nothing.")] = False,
    workspace: WorkspaceOption = None,
    format: FormatOption = Format.table,
) -> None:
    """Load files as one batch, all or nothing; rows that fail stay in a rejects file.

    Example: nextmove load exports/  or  nextmove load sales.xlsx --table order_lines --dates dmy
    """
    from nextmove.ingest.load import load as load_files
    from nextmove.ingest.plan import Options
    from nextmove.tables import table as declared
    from nextmove.words import text
    from nextmove.workspace import Workspace

    options = Options(
        table=declared(table) if table else None,
        map=map,
        dates=dates,
        decimal=decimal,
        encoding=encoding,
        delimiter=delimiter,
        sheet=sheet,
        yes=yes,
        dry_run=dry_run,
        confirm=_confirm if sys.stdin.isatty() and sys.stdout.isatty() else None,
    )
    results = load_files(Workspace.find(workspace), paths, now=_now(), options=options, progress=_tell)
    show([asdict(result) for result in results], COLUMNS if format is not Format.table else _filled(results), format)
    _tell_after(results, dry_run=dry_run)
    if not dry_run:
        _tell(text("ingest.load.next"))


def batches(workspace: WorkspaceOption = None, format: FormatOption = Format.table) -> None:
    """List what was loaded and taken back, the latest first.

    Example: nextmove batches --format json
    """
    from nextmove.ingest.batches import batches as list_batches
    from nextmove.ingest.distant import open_engine
    from nextmove.words import text
    from nextmove.workspace import Workspace

    with closing(open_engine(Workspace.find(workspace))) as engine:
        show([asdict(batch) for batch in list_batches(engine)], BATCH_COLUMNS, format, empty=text("ingest.batches.none"))


def undo(
    batch: Annotated[int, typer.Argument(help="The number of the batch, as nextmove batches tells it.")], workspace: WorkspaceOption = None
) -> None:
    """Take a batch back and restore what it replaced.

    Example: nextmove undo 3
    """
    from nextmove.ingest.undo import undo as take_back
    from nextmove.words import text
    from nextmove.workspace import Workspace

    done = take_back(Workspace.find(workspace), batch, now=_now())
    print(text("ingest.undo.done", batch=done.batch, removed=done.removed, restored=done.restored))
    for later, table, rows in done.confirmed:
        print(text("ingest.undo.confirmed", later=later, table=table, rows=rows))


def doctor(workspace: WorkspaceOption = None, format: FormatOption = Format.table) -> None:
    """Look at the data and say what is odd in it: unknown ids, decided deals without a day, missing rates, targets that nothing meets.

    Example: nextmove doctor
    """
    from nextmove.ingest.distant import open_engine
    from nextmove.ingest.doctor import examine
    from nextmove.kpis import load_catalogue
    from nextmove.kpis.stray_targets import stray_targets
    from nextmove.words import text
    from nextmove.workspace import Workspace

    place = Workspace.find(workspace)
    with closing(open_engine(place)) as engine:
        found = [*examine(engine, place.settings), *stray_targets(engine, load_catalogue(place), place.settings)]
    show([asdict(one) for one in found], ("table", "rows", "finding", "example"), format, empty=text("ingest.doctor.well"))


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC).replace(tzinfo=None)


def _tell(sentence: str) -> None:
    print(sentence, file=sys.stderr)


def _filled(results: list[Loaded]) -> tuple[str, ...]:
    parts = ("part",) if any(result.part for result in results) else ()
    return ("batch", "table", *parts, "rows_read", "loaded", "replaced", "unchanged", "rejected")


def _tell_after(results: list[Loaded], *, dry_run: bool) -> None:
    from nextmove.words import text

    for result in results:
        _tell(text("ingest.load.sum", **asdict(result)))
    for file in sorted({result.rejects_file for result in results if result.rejects_file}):
        _tell(text("ingest.load.rejects", file=file))
    if dry_run:
        _tell(text("ingest.load.dry"))


def _confirm(mapping: Mapping, told: str) -> bool:
    from nextmove.words import text

    print(told)
    return typer.confirm(text("ingest.load.confirm", file=", ".join(mapping.header[:6]), table=mapping.table.name), default=False)
