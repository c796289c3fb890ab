"""`nextmove pipeline`: how the open pipeline moved between two days."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict
from typing import Annotated

import typer

from nextmove.cli.options import Format, FormatOption, WorkspaceOption, day, pair, show


def register(app: typer.Typer) -> None:
    app.command()(pipeline)


def pipeline(
    start: Annotated[str | None, typer.Option("--from", metavar="DAY", help="First day; else the first of this month.")] = None,
    end: Annotated[str | None, typer.Option("--to", metavar="DAY", help="The day after the last; else the day after as_of.")] = None,
    by: Annotated[str | None, typer.Option(metavar="DIM", help="rep, team, region or source.")] = None,
    where: Annotated[list[str] | None, typer.Option("--where", metavar="DIM=MEMBER", help="Only this member; may be repeated.")] = None,
    workspace: WorkspaceOption = None,
    format: FormatOption = Format.table,
) -> None:
    """Say what moved the open pipeline between two days: new, up, down, won, lost, slipped; the changes add up to the cent.

    `opening` is pipeline_value at the end of the day before --from, `closing` at the end of the day before --to.

    Example: nextmove pipeline --from 2025-01-01 --to 2025-04-01 --by rep
    """
    from nextmove import company as companies
    from nextmove.words import text
    from nextmove.workspace import Workspace

    company = companies.Company(Workspace.find(workspace))
    as_of = company.as_of
    first = day(start) if start else as_of.replace(day=1)
    last = min(day(end) if end else as_of + dt.timedelta(days=1), as_of + dt.timedelta(days=1))
    found = company.pipeline_movement(first, last, by=by, where=tuple(pair(each) for each in where or ()))
    dims = (by,) if by else ()
    rows = [{**asdict(each), **({by: each.member} if by else {}), "start": first, "end": last} for each in found]
    show(rows, ("start", "end", *dims, "movement", "deals", "amount", "change"), format, empty=text("pipeline.none"))
