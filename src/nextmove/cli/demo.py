"""`nextmove demo`: a believable company to look at, test with and learn on, taken away in one step."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nextmove.cli.options import day

if TYPE_CHECKING:
    from nextmove.workspace import Workspace


def register(app: typer.Typer) -> None:
    app.command("demo")(demo)


def demo(
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="The workspace to make.")] = Path("demo"),
    lines: Annotated[int, typer.Option("--lines", help="How many order lines, 2,000 to 100 million.")] = 80_000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same company.")] = 1,
    as_of: Annotated[str | None, typer.Option("--as-of", help="The last day of its three years; else 2026-09-30.")] = None,
    export: Annotated[Path | None, typer.Option("--export", help="Also write its tables as CSV files into this folder.")] = None,
    refresh: Annotated[bool, typer.Option("--refresh", help="Also compute everything and let the demo people sign in.")] = False,
    serve: Annotated[bool, typer.Option("--serve", help="The same, and serve the app until Ctrl-C.")] = False,
    host: Annotated[str, typer.Option("--host", help="Address to serve on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="Port to serve on.")] = 8000,
    clear: Annotated[bool, typer.Option("--clear", help="Take the demo company away; real data can then be loaded.")] = False,
) -> None:
    """Make a distributor with three years of customers, orders, leads, deals and all else.

    Example: nextmove demo demo --lines 80000 --serve
    """
    from nextmove.demo import DEFAULT_AS_OF, Plan, clear_demo, export_tables, make_demo
    from nextmove.words import text
    from nextmove.workspace import Workspace

    if clear:
        clear_demo(Workspace.find(folder))
        print(text("demo.cleared", folder=folder))
        return
    plan = Plan(lines=lines, seed=seed, as_of=day(as_of) if as_of else DEFAULT_AS_OF)
    workspace = make_demo(folder, plan, tell=_tell)
    print(text("demo.made", folder=folder))
    if export:
        export_tables(workspace, export)
        print(text("demo.exported", folder=export))
    if refresh or serve:
        _refresh(workspace)
        _let_people_in(workspace, host)
    if serve:
        from nextmove.app.server import serve as run

        _look_back_meanwhile(workspace)
        print(text("demo.serving", address=f"http://{host}:{port}"), flush=True)
        run(workspace, host=host, port=port)


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _refresh(workspace: Workspace) -> None:
    import datetime as dt

    from nextmove.editions import refresh

    refresh(workspace, as_of=workspace.settings.today(), now=dt.datetime.now(dt.UTC).replace(tzinfo=None), tell=_tell)


def _look_back_meanwhile(workspace: Workspace) -> None:
    """Fill the page *How right were we?* while the app is served already, at the lowest priority."""
    import subprocess

    command = "import os; os.nice(19); from nextmove.cli import main; main()"
    subprocess.Popen(
        [sys.executable, "-c", command, "backtest", "--workspace", str(workspace.root), "--format", "json"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _let_people_in(workspace: Workspace, host: str) -> None:
    """Add the demo people; their password is known only where nobody else can reach the app."""
    from nextmove.app.people import Person, add, new_password
    from nextmove.app.roles import Role
    from nextmove.demo import demo_people
    from nextmove.words import text

    password = "northgate-demo" if host in ("127.0.0.1", "localhost", "::1") else new_password()
    print(text("demo.sign_in", password=password))
    for person in demo_people(workspace):
        user = Person(person.username, Role(person.role), person.name, person.rep_id, person.teams)
        add(workspace, user, password=password)
        print(text("demo.person", username=person.username, role=person.role, name=person.name))
