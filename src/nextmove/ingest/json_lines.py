"""JSON lines: one object a line; numbers keep their digits, since a JSON number read as a float is no money."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from nextmove.engine import literal
from nextmove.errors import UserError
from nextmove.ingest.structure import Bad
from nextmove.ingest.workbooks import MARK

BATCH = 50_000
DEEPEST = 200_000  # characters of one line


def read_json_lines(path: Path, scratch: Path) -> dict[str, Any]:
    """The objects as one Parquet file of text: the arguments of `Opened`."""
    bad: list[tuple[int, Bad]] = []
    columns: dict[str, None] = {}
    pieces: list[Path] = []
    rows: list[tuple[int, dict[str, str | None]]] = []
    for number, line in _lines(path):
        _take(number, line, rows, bad)
        if len(rows) == BATCH:
            pieces.append(_piece(rows, columns, scratch / f"json-{len(pieces)}.parquet"))
            rows = []
    if rows or not pieces:
        pieces.append(_piece(rows, columns, scratch / f"json-{len(pieces)}.parquet"))
    if not columns:
        raise UserError("No line of this file is a JSON object.", where=str(path), hint='one object a line, as {"account_id": "C1"}')
    files = ", ".join(literal(str(piece)) for piece in pieces)
    return {"relation": f"read_parquet([{files}], union_by_name = true)", "bad": bad, "numbered": True}


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        with path.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
        with gzip.open(path, "rt", encoding="utf-8-sig") if packed else path.open(encoding="utf-8-sig") as text:
            yield from ((number, line) for number, line in enumerate(text, start=1) if line.strip())
    except (UnicodeDecodeError, EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise UserError(f"This file cannot be read: {error}.", where=str(path), hint="JSON lines are UTF-8") from None


def _take(number: int, line: str, rows: list[tuple[int, dict[str, str | None]]], bad: list[tuple[int, Bad]]) -> None:
    try:
        value = json.loads(line, parse_float=lambda digits: MARK + digits, parse_int=lambda digits: MARK + digits, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        bad.append((0, Bad(number, f"not JSON: {error}", line.rstrip()[:10_000])))
        return
    if not isinstance(value, dict) or "_row" in value or "_part" in value:
        bad.append((0, Bad(number, "not a JSON object", line.rstrip()[:10_000])))
        return
    rows.append((number - 1, {name: _text(one) for name, one in value.items()}))


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name.casefold() for name, _ in pairs]
    if len(set(names)) < len(names):
        raise ValueError("a name occurs twice")
    return dict(pairs)


def _text(value: Any) -> str | None:
    match value:
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case _:
            return json.dumps(value, ensure_ascii=False).replace("\\u0002", "")


def _piece(rows: list[tuple[int, dict[str, str | None]]], columns: dict[str, None], target: Path) -> Path:
    columns.update(dict.fromkeys(name for _, row in rows for name in row))
    table = {name: pa.array([row.get(name) for _, row in rows], pa.string()) for name in columns}
    pq.write_table(pa.table({**table, "_row": pa.array([number for number, _ in rows], pa.int64())}), target)
    return target
