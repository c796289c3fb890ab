"""The list of command groups; a new group is a file and a line here."""

from __future__ import annotations

from importlib import import_module

import typer

GROUPS: tuple[str, ...] = (
    "load",
    "kpi",
    "pipeline",
    "explain",
    "questions",
    "refresh",
    "actions",
    "predict",
    "gap",
    "marketing",
    "goals",
    "export",
    "serve",
    "demo",
)


def register(app: typer.Typer) -> None:
    """Let each group add its commands to `app`."""
    for group in GROUPS:
        import_module(f"nextmove.cli.{group}").register(app)
