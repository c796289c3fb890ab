"""`nextmove marketing` and `nextmove persona`: what campaigns bring, and who the best customers are."""

from __future__ import annotations

from typing import Annotated

import typer

from nextmove.cli.options import Format, FormatOption, Row, WorkspaceOption, show


def register(app: typer.Typer) -> None:
    app.command()(marketing)
    app.command()(persona)


def marketing(
    by: Annotated[str, typer.Option("--by", help="campaign, channel or segment.")] = "campaign",
    bleeding: Annotated[bool, typer.Option("--bleeding", help="Only what has not earned back what it cost.")] = False,
    workspace: WorkspaceOption = None,
    format: FormatOption = Format.table,
) -> None:
    """Show what each campaign, channel or segment cost in two years, what its customers earned, and which of them bleed.

    Example: nextmove marketing --by channel --bleeding
    """
    from nextmove.editions import current_edition
    from nextmove.insights.marketing import Verdict, returns
    from nextmove.words import text
    from nextmove.workspace import Workspace

    edition = current_edition(Workspace.find(workspace))
    columns = ("member", "spend", "leads", "customers", "cost_per_lead", "cac", "profit", "romi", "payback_months", "verdict", "loss")
    found = returns(edition.engine, as_of=edition.meta.as_of, by=by)
    chosen = [each for each in found if not bleeding or each.verdict is Verdict.bleeding]
    rows: list[Row] = [{**{c: getattr(each, c) for c in columns}, "verdict": each.verdict.value} for each in chosen]
    show(rows, columns, format, empty=text("marketing.none"))


def persona(workspace: WorkspaceOption = None, format: FormatOption = Format.table) -> None:
    """Show the customer persona with its evidence: how each segment, industry, size and country stands among the best customers.

    Example: nextmove persona
    """
    from nextmove.editions import current_edition
    from nextmove.insights.marketing.personas import persona_rows
    from nextmove.words import text
    from nextmove.workspace import Workspace

    found = Workspace.find(workspace)
    rows = persona_rows(current_edition(found).engine, found.settings)
    show([vars(row) for row in rows], list(vars(rows[0])) if rows else [], format, empty=text("persona.none"))
