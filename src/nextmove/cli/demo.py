"""`nextmove demo`: a believable company to look at, test with and learn on, taken away in one step."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from nextmove.cli.options import day


def register(app: typer.Typer) -> None:
    app.command("demo")(demo)


def demo(
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="The workspace to make.")] = Path("demo"),
    lines: Annotated[int, typer.Option("--lines", help="How many order lines, 2,000 to 100 million.")] = 80_000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same company.")] = 1,
    as_of: Annotated[str | None, typer.Option("--as-of", help="The last of its three years' days; else 2026-09-30.")] = None,
    serve: Annotated[bool, typer.Option("--serve", help="Compute everything and serve the app.")] = False,
    host: Annotated[str, typer.Option("--host", help="Address to serve on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="Port to serve on.")] = 8000,
    export: Annotated[Path | None, typer.Option("--export", help="Also write its tables as CSV files into this folder.")] = None,
    clear: Annotated[bool, typer.Option("--clear", help="Take the demo company away; real data can then be loaded.")] = False,
) -> None:
    """Make a distributor with three years of orders, customers, leads, deals and all else.

    Example: nextmove demo demo --lines 80000 --serve
    """
    from nextmove.demo import DEFAULT_AS_OF, Plan, clear_demo, make_demo
    from nextmove.words import text
    from nextmove.workspace import Workspace

    if clear:
        workspace = Workspace.find(folder)
        clear_demo(workspace)
        print(text("demo.cleared", folder=workspace.root))
        return
    plan = Plan(lines=lines, seed=seed, as_of=day(as_of) if as_of else DEFAULT_AS_OF)
    workspace = make_demo(folder, plan, tell=lambda line: print(line, file=sys.stderr, flush=True))
    print(text("demo.made", folder=workspace.root))
