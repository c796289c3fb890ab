"""Commands that bring data in: init, load, batches, undo, doctor."""

from __future__ import annotations

import datetime as dt
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from nextmove.cli.options import Format, FormatOption, WorkspaceOption, show

COLUMNS = ("batch", "table", "file", "rows_read", "loaded", "replaced", "unchanged", "rejected")


def register(app: typer.Typer) -> None:
    app.command()(init)
    app.command()(load)


def init(folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="Where the workspace shall be; else this folder.")] = Path(".")) -> None:
    """Make a workspace: nextmove.toml, data/ and an empty warehouse.

    Example: nextmove init my-company
    """
    from nextmove.ingest.settings_file import settings_file
    from nextmove.ingest.warehouse import open_warehouse
    from nextmove.workspace import Workspace

    workspace = Workspace.create(folder, settings=settings_file(folder.resolve().name))
    open_warehouse(workspace).close()
    print(f"The workspace {workspace.root} is ready.")


def load(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH…", help="Files, or a folder of files that bear the names of tables.")],
    workspace: WorkspaceOption = None,
    format: FormatOption = Format.table,
) -> None:
    """Load files as one batch; what fails stays in a rejects file.

    Example: nextmove load exports/
    """
    from nextmove.ingest.load import load as load_files
    from nextmove.workspace import Workspace

    now = dt.datetime.now(dt.timezone.utc).replace(tzinfo=None)
    results = load_files(Workspace.find(workspace), paths, now=now, progress=lambda told: print(told, file=sys.stderr))
    show([asdict(result) for result in results], COLUMNS, format)
