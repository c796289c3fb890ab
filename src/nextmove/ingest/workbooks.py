"""Workbooks: all sheets of the same shape, as one source of several parts.

The first sheet with a header sets the shape; sheets of other shapes are named, not read. Each cell becomes text; a number or
a date that Excel holds as such is marked as typed. A day without a clock stays a day (it will be a local day); in a
column with clocks, midnight is a moment like the others.
"""

from __future__ import annotations

import datetime as dt
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, load_workbook

from nextmove.engine import literal
from nextmove.errors import UserError
from nextmove.ingest.structure import Bad, named_once

MARK = "\x02"
LARGEST_SHEETS = 3 << 30
Cell = Any  # what calamine gives: str, float, int, bool, date, datetime, time, timedelta


def read_workbook(path: Path, scratch: Path, wanted: str | None) -> dict[str, Any]:
    """The sheets as one Parquet file of text: the arguments of `Opened`."""
    _refuse_bomb(path)
    try:
        book = load_workbook(str(path))
        sheets = _sheets(book, wanted, path)
    except (CalamineError, OSError, ValueError, KeyError) as error:
        raise UserError(
            f"This workbook cannot be read: {error}.", where=str(path), hint="save it again, without a password, as .xlsx or CSV"
        ) from None
    header = named_once(_names(sheets[0][1][0]), path)
    same = [(sheet, rows, first) for sheet, rows, first in sheets if _names(rows[0]) == header]
    other = [sheet for sheet, rows, _ in sheets if _names(rows[0]) != header]
    target = scratch / "workbook.parquet"
    bad = _write(same, header, target)
    notes = {"sheets": ", ".join(sheet for sheet, _, _ in same)} if len(same) > 1 else {}
    if other:
        notes["sheets left out"] = ", ".join(other)
    parts = [sheet for sheet, _, _ in same]
    return {"relation": f"read_parquet({literal(str(target))})", "parts": parts, "notes": notes, "bad": bad, "numbered": True}


def _refuse_bomb(path: Path) -> None:
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as archive:
        size = sum(entry.file_size for entry in archive.infolist())
    if size > LARGEST_SHEETS:
        raise UserError(f"This workbook unpacks to {size >> 20:,} MB.", where=str(path), hint="save its sheets as CSV")


def _sheets(book: CalamineWorkbook, wanted: str | None, path: Path) -> list[tuple[str, list[list[Cell]], int]]:
    """Name, rows from the header on, and the line of the header, of each sheet with anything in it."""
    names = [wanted] if wanted else book.sheet_names
    if wanted and wanted not in book.sheet_names:
        raise UserError(f"This workbook has no sheet {wanted!r}.", where=str(path), hint=", ".join(book.sheet_names))
    found = [(name, *_from_header(book.get_sheet_by_name(name))) for name in names]
    filled = [(name, rows, first) for name, rows, first in found if rows]
    if not filled:
        raise UserError("This workbook is empty.", where=str(path), hint="export it again")
    return filled


def _from_header(sheet: CalamineSheet) -> tuple[list[list[Cell]], int]:
    start = sheet.start
    if start is None:
        return [], 0
    rows = sheet.to_python(skip_empty_area=True)
    first = next((number for number, row in enumerate(rows) if any(cell != "" for cell in row)), len(rows))
    return rows[first:], start[0] + first + 1


def _names(row: list[Cell]) -> list[str]:
    return [str(cell).strip() or f"column {number}" for number, cell in enumerate(row, start=1)]


def _write(sheets: list[tuple[str, list[list[Cell]], int]], header: list[str], target: Path) -> list[tuple[int, Bad]]:
    schema = pa.schema([*((name, pa.string()) for name in header), ("_row", pa.int64()), ("_part", pa.int64())])
    with pq.ParquetWriter(target, schema, compression="snappy") as out:
        for part, (_, rows, first) in enumerate(sheets):
            kept = [(number, row) for number, row in enumerate(rows[1:], start=first) if any(cell != "" for cell in row)]
            columns = [_texts([row[i] for _, row in kept]) for i in range(len(header))]
            numbers = pa.array([number for number, _ in kept], pa.int64())
            out.write_table(pa.table([*columns, numbers, pa.array([part] * len(kept), pa.int64())], schema=schema))
    return []


def _texts(cells: list[Cell]) -> pa.Array:
    clocks = any(isinstance(cell, dt.datetime) and cell.time() != dt.time() for cell in cells)
    return pa.array([_text(cell, clocks) for cell in cells], pa.string())


def _text(cell: Cell, clocks: bool) -> str | None:
    match cell:
        case "":
            return None
        case bool():
            return "true" if cell else "false"
        case int():
            return f"{MARK}{cell}"
        case float():
            return MARK + (str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else format(Decimal(repr(cell)), "f"))
        case dt.datetime():
            return cell.isoformat(sep=" ") if clocks else cell.date().isoformat()
        case dt.date():
            return f"{cell.isoformat()} 00:00:00" if clocks else cell.isoformat()
        case _:
            return str(cell)
