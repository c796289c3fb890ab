"""The command line: one file a group of commands, each parses, calls one function, prints.

Commands import what they need when they run, so that `nextmove --help` answers at once.
"""

from __future__ import annotations

import sys

import typer

from nextmove.errors import UserError

app = typer.Typer(
    name="nextmove",
    help="B2B sales KPIs that end in an action.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def main() -> None:
    """Run the command line; an error that the reader can put right is one sentence and exit status 1."""
    from nextmove.cli import commands

    commands.register(app)
    try:
        app()
    except UserError as error:
        print(f"nextmove: {error}", file=sys.stderr)
        sys.exit(1)
