"""`nextmove gap`: target − booked − expected repeat orders − weighted pipeline − value of open actions = still missing."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict
from typing import Annotated

import typer

from nextmove.cli.options import Format, FormatOption, Row, WorkspaceOption, show


def register(app: typer.Typer) -> None:
    app.command()(gap)


def gap(
    period: Annotated[str | None, typer.Option("--period", metavar="P", help="2026, 2026-Q3 or 2026-07; else the month that runs.")] = None,
    by: Annotated[str, typer.Option("--by", metavar="DIM", help="rep or team.")] = "",
    kpi: Annotated[str, typer.Option("--kpi", help="net_sales or gross_profit.")] = "net_sales",
    workspace: WorkspaceOption = None,
    format: FormatOption = Format.table,
) -> None:
    """Say what is missing to the target, and who can close it: the largest gap first.

    Example: nextmove gap --period 2025-Q2 --by rep
    """
    from nextmove.actions.gap import Asked, gap_lines
    from nextmove.actions.journal import Journal
    from nextmove.editions import current_edition
    from nextmove.insights.explain.compare import period_of
    from nextmove.tables.calendar import calendar_of
    from nextmove.workspace import Workspace

    place = Workspace.find(workspace)
    edition, calendar = current_edition(place), calendar_of(place.settings)
    as_of = edition.meta.as_of
    grain, found = period_of(period or f"{as_of + dt.timedelta(days=1):%Y-%m}", cadence="month", calendar=calendar)
    actions = edition.actions(Journal(place.app_database), day=as_of, most=place.settings.actions.per_day)
    lines = gap_lines(edition.engine, Asked(kpi, grain, found, as_of, by), open_actions=actions)
    head: Row = {"kpi": kpi, "grain": grain, "period_start": found.start, "period_end": found.end}
    rows: list[Row] = [{**head, **({by: line.member} if by else {}), **_flat(asdict(line)), "missing": line.missing} for line in lines]
    show(rows, tuple(rows[0]) if rows else (*head, "missing"), format)


def _flat(line: Row) -> Row:
    return {name: value for name, value in line.items() if name != "member"}
