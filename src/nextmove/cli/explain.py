"""`nextmove changes` and `nextmove explain`: what moved, and why."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nextmove.cli.options import Format, FormatOption, WorkspaceOption, day, pair, show


def register(app: typer.Typer) -> None:
    app.command()(changes)
    app.command()(explain)


def changes(
    since: Annotated[str | None, typer.Option("--since", metavar="DAY", help="Also alerts that closed on this day or later.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Also what stands under another alert's cause.")] = False,
    workspace: WorkspaceOption = None,
    format: FormatOption = Format.table,
) -> None:
    """List the few changes that matter, the largest first, each with its cause.

    Example: nextmove changes --since 2025-03-01
    """
    import sys

    from nextmove.editions import current_edition
    from nextmove.insights.changes.listing import COLUMNS, SHORT, current_changes, held_sentences, rows_of
    from nextmove.kpis import load_catalogue
    from nextmove.words import text
    from nextmove.workspace import Workspace

    found_in = Workspace.find(workspace)
    edition, catalogue, settings = current_edition(found_in), load_catalogue(found_in), found_in.settings
    found = current_changes(edition.engine, catalogue, settings, as_of=edition.meta.as_of)
    for sentence in held_sentences(found.held):
        print(sentence, file=sys.stderr)
    rows = rows_of(found, catalogue, settings, engine=edition.engine, since=day(since) if since else None, every=every)
    show(rows, SHORT if format is Format.table else COLUMNS, format, empty=text("changes.none"))


def explain(
    kpi: Annotated[str, typer.Argument(metavar="KPI", help="Which KPI.")],
    period: Annotated[str, typer.Option("--period", metavar="P", help="2026, 2026-Q3, 2026-07, 2026-W31, or a day in it.")],
    versus: Annotated[str, typer.Option("--versus", help="previous, year_ago, expected or target.")] = "previous",
    where: Annotated[list[str] | None, typer.Option("--where", metavar="DIM=MEMBER", help="Only this member; may be repeated.")] = None,
    workspace: WorkspaceOption = None,
    format: FormatOption = Format.table,
) -> None:
    """Say what happened, why, and what to do next; then the parts, which add up to the change.

    Example: nextmove explain net_sales --period 2025-03 --versus year_ago --where region=north
    """
    from nextmove import company as companies
    from nextmove.insights.explain.compare import Asked
    from nextmove.insights.explain.tables import COLUMNS, tables
    from nextmove.insights.explain.why import explain as find

    company = companies.open(workspace or _default())
    pairs = tuple(pair(part) for part in where or ())
    asked = Asked(company.engine, company.catalogue, company.settings, company.as_of, kpi, pairs)
    rows = tables(asked, find(asked, period=period, versus=versus))
    if format is Format.table:
        for row in rows[:3]:
            print(row["label"])
        print()
        rows = rows[3:]
    show(rows, COLUMNS, format)


def _default() -> Path:
    import os

    return Path(os.environ.get("NEXTMOVE_WORKSPACE") or ".")
