"""`nextmove refresh`: compute everything and publish an edition."""

from __future__ import annotations

import datetime as dt
import os
import sys
from typing import Annotated

import typer

from nextmove.cli.options import WorkspaceOption, day

LOW = 15  # niceness


def refresh(
    workspace: WorkspaceOption = None,
    as_of: Annotated[str | None, typer.Option("--as-of", help="Numbers as they stood at the end of this day; else company.as_of.")] = None,
    full: Annotated[bool, typer.Option("--full", help="Compute everything anew, even what has not changed.")] = False,
) -> None:
    """Compute all numbers, predictions and actions, and publish them as one edition.

    Example: nextmove refresh --as-of 2025-03-31
    """
    from nextmove.editions import refresh as publish
    from nextmove.words import text
    from nextmove.workspace import Workspace

    _give_way()
    found = Workspace.find(workspace)
    until = day(as_of) if as_of else found.settings.today()
    now = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    done = publish(found, as_of=until, now=now, full=full, tell=lambda line: print(line, file=sys.stderr, flush=True))
    print(text("refresh.published", edition=done.edition, as_of=done.as_of.isoformat(), seconds=f"{done.seconds:.1f}"))


def _give_way() -> None:
    """People who open a page meanwhile come first; with nobody there it is as fast as ever."""
    if hasattr(os, "setpriority"):  # not on Windows
        os.setpriority(os.PRIO_PROCESS, 0, max(LOW, os.getpriority(os.PRIO_PROCESS, 0)))


def register(app: typer.Typer) -> None:
    app.command()(refresh)
