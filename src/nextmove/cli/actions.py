"""`nextmove actions`: a representative's list of moves, and what was decided about them."""

from __future__ import annotations

import datetime as dt
import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nextmove.cli.options import Format, FormatOption, Row, WorkspaceOption, day, show

if TYPE_CHECKING:
    from nextmove.actions.journal import Journal
    from nextmove.actions.listing import Action
    from nextmove.editions import Edition
    from nextmove.workspace import Workspace

group = typer.Typer(help="Show the ranked list of moves; accept, snooze, dismiss or close them.", invoke_without_command=True)

KeyArgument = Annotated[str, typer.Argument(metavar="KEY", help="The action's key, or as much of it as is unique.")]
WhoOption = Annotated[str | None, typer.Option("--who", help="Who decides; else the user of this computer.")]

TABLE = (
    *("rank", "action_key", "kind", "subject", "product", "at_stake", "expected_value", "due_on", "contact_method"),
    *("status", "next_step"),
)
PROGRAM = (
    *("rank", "action_key", "kind", "rep_id", "account_id", "account", "product_id", "product", "lead_id", "opportunity_id"),
    *("at_stake", "probability", "effect", "expected_value", "due_on", "contact_method", "status", "next_step", "evidence"),
)


@group.callback()
def actions(
    context: typer.Context,
    rep: Annotated[str | None, typer.Option("--rep", help="Only this representative.")] = None,
    kind: Annotated[str | None, typer.Option("--kind", help="Only this kind, as silent_customer.")] = None,
    workspace: WorkspaceOption = None,
    format: FormatOption = Format.table,
) -> None:
    """Show the open moves, best first; each with what is at stake, the evidence and the next step.

    Example: nextmove actions --rep R07 --kind silent_customer
    """
    if context.invoked_subcommand is None:
        _show(workspace, rep=rep, kind=kind, format=format)


@group.command()
def accept(key: KeyArgument, who: WhoOption = None, workspace: WorkspaceOption = None) -> None:
    """Take it on.

    Example: nextmove actions accept 46fef6f5
    """
    _, journal, action = _decided(workspace, key)
    journal.accept(action.action_key, who=_who(who), at=_now(), action=action.snapshot())
    _told(action.action_key, "accept")


@group.command()
def snooze(
    key: KeyArgument,
    until: Annotated[str, typer.Option("--until", metavar="DAY", help="The day on which it comes back.")],
    who: WhoOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Put it off until a day.

    Example: nextmove actions snooze 46fef6f5 --until 2025-04-14
    """
    found, journal, action = _decided(workspace, key)
    back = day(until)
    journal.snooze(action.action_key, until=back, today=found.settings.today(), who=_who(who), at=_now(), action=action.snapshot())
    _told(action.action_key, "snooze", until=back.isoformat())


@group.command()
def dismiss(
    key: KeyArgument,
    reason: Annotated[str, typer.Option("--reason", help="Why it is not worth doing.")],
    who: WhoOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Take it off the list, and say why.

    Example: nextmove actions dismiss 46fef6f5 --reason "closed for renovation"
    """
    _, journal, action = _decided(workspace, key)
    journal.dismiss(action.action_key, reason=reason, who=_who(who), at=_now(), action=action.snapshot())
    _told(action.action_key, "dismiss")


@group.command()
def done(
    key: KeyArgument,
    outcome: Annotated[str, typer.Option("--outcome", help="What came of it.")],
    who: WhoOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """It was done; say what came of it.

    Example: nextmove actions done 46fef6f5 --outcome "ordered for 1,200"
    """
    _, journal, action = _decided(workspace, key)
    journal.done(action.action_key, outcome=outcome, who=_who(who), at=_now(), action=action.snapshot())
    _told(action.action_key, "done")


@group.command()
def undo(key: KeyArgument, who: WhoOption = None, workspace: WorkspaceOption = None) -> None:
    """Take the last decision back.

    Example: nextmove actions undo 46fef6f5
    """
    _, journal, action = _decided(workspace, key)
    journal.undo(action.action_key, who=_who(who), at=_now())
    _told(action.action_key, "undo")


def _show(place: Path | None, *, rep: str | None, kind: str | None, format: Format) -> None:
    from nextmove.words import text

    found, edition, journal = _open(place)
    listed = edition.actions(journal, day=found.settings.today(), most=found.settings.actions.per_day, rep=rep, kind=kind)
    rows = [_row(action, edition.meta.reporting_currency) for action in listed]
    empty = text("actions.none" if rep else "actions.none_for_all", who=rep, edition=edition.meta.edition)
    show(rows, TABLE if format is Format.table else PROGRAM, format, empty=empty)
    if format is Format.table:
        for action in listed:
            print(f"\n{action.place}. {action.title} · {action.subject}")
            for line in action.lines(currency=edition.meta.reporting_currency):
                print(f"   {line}")


def _row(action: Action, currency: str) -> Row:
    return {
        "rank": action.place,
        "action_key": action.action_key,
        "kind": action.kind,
        "rep_id": action.rep_id,
        "account_id": action.account_id,
        "account": action.account_name,
        "subject": action.subject,
        "product_id": action.product_id,
        "product": action.product_name,
        "lead_id": action.lead_id,
        "opportunity_id": action.opportunity_id,
        "at_stake": action.at_stake,
        "probability": action.probability,
        "effect": action.effect,
        "expected_value": action.expected_value,
        "due_on": action.due_on,
        "contact_method": action.contact_method,
        "status": action.standing.decision.value if action.standing else "open",
        "next_step": action.step,
        "evidence": " ".join(action.lines(currency=currency)),
    }


def _open(place: Path | None) -> tuple[Workspace, Edition, Journal]:
    from nextmove.actions.journal import Journal
    from nextmove.editions import current_edition
    from nextmove.workspace import Workspace

    found = Workspace.find(place)
    return found, current_edition(found), Journal(found.app_database)


def _decided(place: Path | None, key: str) -> tuple[Workspace, Journal, Action]:
    found, edition, journal = _open(place)
    return found, journal, edition.action(journal, key)


def _told(key: str, decision: str, **values: str) -> None:
    from nextmove.words import text

    print(text("actions.decided", key=key, decision=text(f"actions.decision.{decision}", **values)))


def _who(given: str | None) -> str:
    return given or getpass.getuser()


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC).replace(tzinfo=None)


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="actions")
