"""The command line: one file a group of commands, each parses, calls one function, prints.

Commands import what they need when they run, so that `nextmove --help` answers at once.
"""

from __future__ import annotations

import os
import sys

import typer

from nextmove.errors import UserError


def command_line() -> typer.Typer:
    """The command line with all its commands."""
    from nextmove.cli import commands

    app = typer.Typer(
        name="nextmove",
        help="B2B sales KPIs that end in an action.",
        no_args_is_help=True,
        add_completion=False,
        context_settings={"max_content_width": 120},
        pretty_exceptions_enable=False,
        rich_markup_mode=None,  # plain text: importing what draws boxes would take longer than all else of `--help`
    )
    commands.register(app)
    return app


def main() -> None:
    """Run the command line; an error that the reader can put right is one sentence and exit status 1."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read by numpy when it is first imported; its threads only wait for each other
    try:
        command_line()()
    except UserError as error:
        print(f"nextmove: {error}", file=sys.stderr)
        sys.exit(1)
