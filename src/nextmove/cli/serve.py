"""`nextmove serve` and `nextmove user`: the web application and who may sign in."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from nextmove.cli.options import Format, FormatOption, WorkspaceOption, show

users = typer.Typer(help="People who may sign in.", no_args_is_help=True)
_Password = Annotated[str | None, typer.Option("--password", help="Else one is made and printed once.", show_default=False)]


def register(app: typer.Typer) -> None:
    app.command("serve")(serve)
    app.add_typer(users, name="user")


def serve(
    workspace: WorkspaceOption = None,
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 for every one.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8000,
) -> None:
    """Serve the app until Ctrl-C.

    Example: nextmove serve --workspace demo --port 8000
    """
    from nextmove.app.server import serve as run
    from nextmove.workspace import Workspace

    found = Workspace.find(workspace)
    print(f"{found.settings.company.name} on http://{host}:{port} (Ctrl-C ends it)", file=sys.stderr)
    run(found, host=host, port=port)


@users.command("add")
def add_user(
    username: Annotated[str, typer.Argument(help="The name to sign in with.")],
    role: Annotated[str, typer.Option("--role", help="admin, manager, representative, analyst or marketing.")],
    rep: Annotated[str, typer.Option("--rep", help="The representative's id in the data.")] = "",
    team: Annotated[list[str] | None, typer.Option("--team", help="A team that a manager leads; may be repeated.")] = None,
    name: Annotated[str, typer.Option("--name", help="The name that pages show.")] = "",
    language: Annotated[str, typer.Option("--language", help="en, he, pl or fa.")] = "en",
    password: _Password = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Let a person sign in.

    Example: nextmove user add dana --role representative --rep R07 --name "Dana Levi"
    """
    from nextmove.app.people import Person, add, new_password
    from nextmove.app.roles import Role
    from nextmove.errors import UnknownName
    from nextmove.words import LANGUAGES
    from nextmove.workspace import Workspace

    for kind, value, known in (("role", role, [r.value for r in Role]), ("language", language, list(LANGUAGES))):
        if value not in known:
            raise UnknownName(kind, value, known)
    secret = password or new_password()
    add(Workspace.find(workspace), Person(username, Role(role), name, rep, tuple(team or ()), language), password=secret)
    print(f"{username} may sign in." if password else f"{username} may sign in with the password {secret}")


@users.command("password")
def change_password(
    username: Annotated[str, typer.Argument(help="Whose password.")], password: _Password = None, workspace: WorkspaceOption = None
) -> None:
    """Give a person another password.

    Example: nextmove user password dana
    """
    from nextmove.app.people import change_password as change
    from nextmove.app.people import new_password
    from nextmove.workspace import Workspace

    secret = password or new_password()
    change(Workspace.find(workspace), username, password=secret)
    print("The password is changed." if password else f"The new password of {username} is {secret}")


@users.command("list")
def list_users(workspace: WorkspaceOption = None, format: FormatOption = Format.table) -> None:
    """List who may sign in.

    Example: nextmove user list --format json
    """
    from nextmove.app.people import everybody
    from nextmove.workspace import Workspace

    columns = ("user", "name", "role", "rep_id", "teams", "language")
    show(everybody(Workspace.find(workspace)), columns, format, empty="Nobody yet: nextmove user add NAME --role admin")
