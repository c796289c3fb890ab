"""`nextmove goals`: what the company wants, and the few KPIs that tell whether it gets there."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from nextmove.cli.options import Format, FormatOption, Row, WorkspaceOption, show

goals = typer.Typer(help="The company's goal and the KPIs that it is steered by.")
_Names = Annotated[str, typer.Option(metavar="KPI[,KPI]", show_default="the goal's own")]


def register(app: typer.Typer) -> None:
    app.add_typer(goals, name="goals")


@goals.callback(invoke_without_command=True)
def list_goals(context: typer.Context, workspace: WorkspaceOption = None, format: FormatOption = Format.table) -> None:
    """List the goals with their KPIs, the chosen one marked.

    Example: nextmove goals --format json
    """
    if context.invoked_subcommand is not None:
        return
    from nextmove.kpis import load_catalogue
    from nextmove.kpis.goals import GOALS, suggested
    from nextmove.workspace import Workspace

    found = Workspace.find(workspace)
    catalogue, own = load_catalogue(found), found.settings.goals
    rows: list[Row] = []
    for each in GOALS:
        told = suggested(each.id, catalogue)
        chosen = each.id == own.goal
        primary = own.primary if chosen and own.primary else told.primary
        secondary = own.secondary if chosen and own.secondary else told.secondary
        row: Row = {"goal": each.id, "name": each.name, "primary": " ".join(primary), "secondary": " ".join(secondary), "chosen": chosen}
        rows.append(row)
    show(rows, list(rows[0]), format)


@goals.command("choose")
def choose_goal(
    goal: Annotated[str, typer.Argument(help="more_customers, more_revenue, higher_conversion, more_profit or keep_customers.")],
    primary: _Names = "",
    secondary: _Names = "",
    workspace: WorkspaceOption = None,
) -> None:
    """Choose the goal; the scorecard shows its two or three primary KPIs first, and at most five others.

    Example: nextmove goals choose more_revenue --secondary gross_margin,win_rate
    """
    from nextmove.kpis import load_catalogue
    from nextmove.kpis.goals import Selection, check, suggested, warnings
    from nextmove.words import text
    from nextmove.workspace import Workspace

    found = Workspace.find(workspace)
    catalogue = load_catalogue(found)
    own = suggested(goal, catalogue)
    chosen = check(Selection(goal, _listed(primary) or own.primary, _listed(secondary) or own.secondary), catalogue)
    found.change_settings("goals", {"goal": goal, "primary": chosen.primary, "secondary": chosen.secondary})
    for sentence in warnings(chosen.all, catalogue):
        print(sentence, file=sys.stderr)
    print(text("goal.chosen", goal=text(f"goal.{goal}.name"), primary=", ".join(chosen.primary), secondary=", ".join(chosen.secondary)))


def _listed(names: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in names.split(",") if name.strip())
