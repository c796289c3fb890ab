"""`nextmove funnel`, `nextmove peers` and `nextmove leavers`: a manager's questions of the whole team."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from nextmove.cli.options import Format, FormatOption, Row, WorkspaceOption, show

if TYPE_CHECKING:
    from pathlib import Path

    from nextmove.company import Company
    from nextmove.insights.questions.funnel import Funnel, Side

EveryOption = Annotated[bool, typer.Option("--all", help="Also what chance may explain.")]


def register(app: typer.Typer) -> None:
    app.command()(funnel)
    app.command()(peers)
    app.command()(leavers)


def funnel(workspace: WorkspaceOption = None, format: FormatOption = Format.table) -> None:
    """Say which step of leads and deals leaks or slows, against the year before.

    Example: nextmove funnel
    """
    from nextmove.insights.questions import funnel as find

    company = _company(workspace)
    _show(_steps(find(company.engine, as_of=company.as_of)), format)


def peers(every: EveryOption = False, workspace: WorkspaceOption = None, format: FormatOption = Format.table) -> None:
    """Say which representatives differ from their peers beyond chance, and on what.

    Example: nextmove peers --format json
    """
    from nextmove.insights.questions import peers as find
    from nextmove.words import text

    company = _company(workspace)
    found = find(company.engine, as_of=company.as_of)
    _show([asdict(each) for each in (found.found if every else found.told)], format, empty=text("questions.peers.none"))


def leavers(every: EveryOption = False, workspace: WorkspaceOption = None, format: FormatOption = Format.table) -> None:
    """Say what customers who left in the last year have in common.

    Example: nextmove leavers
    """
    from nextmove.facts.views import parameters
    from nextmove.insights.questions import leavers as find
    from nextmove.words import text

    company = _company(workspace)
    found = find(company.engine, as_of=company.as_of, parameters=parameters(company.settings))
    rows = [asdict(each) | {"share": each.share, "lift": each.lift} for each in (found.traits if every else found.told)]
    _show(rows, format, empty=text("questions.leavers.none"))


def _company(workspace: Path | None) -> Company:
    from nextmove.company import Company
    from nextmove.workspace import Workspace

    return Company(Workspace.find(workspace))


def _steps(found: Funnel) -> Iterable[Row]:
    for step in found.steps:
        sides = (("lately", step.lately), ("before", step.before))
        told = {f"{name}_{key}": value for name, side in sides for key, value in _side(side).items()}
        flags = {"leaks": step.leaks, "slows": step.slows, "improves": step.improves, "money": step.money}
        yield {"kind": step.kind, "step": step.step, "within_days": step.within_days, **told, **flags}


def _side(side: Side) -> dict[str, float | None]:
    return {"entered": side.entered, "judged": side.judged, "went_on": side.went_on, "share": side.share, "median_days": side.median_days}


def _show(rows: Iterable[Row], format: Format, *, empty: str = "") -> None:
    listed = list(rows)
    show(listed, list(listed[0]) if listed else [], format, empty=empty)
