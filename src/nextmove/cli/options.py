"""Options and output that commands share."""

from __future__ import annotations

import csv
import datetime as dt
import json
import sys
from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from nextmove.errors import UserError

Cell = str | int | float | bool | Decimal | dt.date | dt.datetime | None
Row = Mapping[str, Cell]


class Format(str, Enum):
    table = "table"
    json = "json"
    csv = "csv"


WorkspaceOption = Annotated[
    Path | None, typer.Option("--workspace", help="The workspace; else NEXTMOVE_WORKSPACE, else this folder.", show_default=False)
]
FormatOption = Annotated[Format, typer.Option("--format", help="How to print.")]


def day(text: str) -> dt.date:
    """Parse an ISO day given on the command line."""
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise UserError(f"{text!r} is not a day.", hint="a day as 2025-03-31") from None


def pair(text: str, example: str = "--where region=north") -> tuple[str, str]:
    """Parse name=value given on the command line."""
    name, separator, value = text.partition("=")
    if not separator:
        raise UserError(f"{text!r} is not of the form name=value.", hint=example)
    return name.strip(), value


def show(rows: Sequence[Row], columns: Sequence[str], format: Format, *, empty: str = "") -> None:
    """Print rows: a table for people, JSON (a list of flat objects) or CSV for programs."""
    match format:
        case Format.json:
            print(json.dumps([{c: _plain(row.get(c)) for c in columns} for row in rows], ensure_ascii=False))
        case Format.csv:
            writer = csv.writer(sys.stdout, lineterminator="\n")
            writer.writerow(columns)
            writer.writerows([_plain(row.get(c)) for c in columns] for row in rows)
        case Format.table:
            _print_table(rows, columns) if rows else print(empty)


def _plain(value: Cell) -> str | int | float | bool | None:
    if isinstance(value, (dt.date, dt.datetime)):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value


def _print_table(rows: Sequence[Row], columns: Sequence[str]) -> None:
    """Print for people: short numbers, flush right; a pipe gets all the width that it needs."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        numeric = any(isinstance(row.get(column), (int, float, Decimal)) for row in rows)
        table.add_column(column.replace("_", " "), overflow="fold", justify="right" if numeric else "left", no_wrap=numeric)
    for row in rows:
        table.add_row(*(_told(row.get(column)) for column in columns))
    console = Console(soft_wrap=False, highlight=False)
    if not console.is_terminal:
        console = Console(soft_wrap=False, highlight=False, width=max(200, console.measure(table).maximum))
    console.print(table)


def _told(value: Cell) -> str:
    """A cell for people: two decimals from 100 on, four below, none where it is whole."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case float() | Decimal():
            number = float(value)
            return f"{number:,.{0 if number.is_integer() else 2 if abs(number) >= 100 else 4}f}"
        case int():
            return f"{value:,}"
        case _:
            return str(_plain(value))
