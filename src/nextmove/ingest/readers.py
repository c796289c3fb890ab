"""What the child does with a file: find out what it is, and let SQL see it as `source`.

Every column of a text file is text; Parquet keeps its types; a workbook and JSON become text in which typed numbers and
dates bear a mark, so that only what somebody typed as text can be read two ways. Nothing is guessed by a reader: DuckDB
gets delimiter, quotes and columns from our own look at the bytes. A workbook has one part a sheet, all else one part.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from nextmove.engine import literal, name
from nextmove.errors import UserError
from nextmove.ingest.casts import MACROS
from nextmove.ingest.compile import typed_rows
from nextmove.ingest.structure import Bad, Positions, whole_records

if TYPE_CHECKING:
    import pyarrow as pa

MEMORY = "1200MB"
ROW_GROUP = 4 * 122_880  # smaller ones are gathered in memory by the warehouse and compressed by one processor at the end
CSV, EXCEL, PARQUET, JSON_LINES = "csv", "excel", "parquet", "json lines"
SUFFIXES = {
    ".csv": CSV,
    ".tsv": CSV,
    ".txt": CSV,
    ".xlsx": EXCEL,
    ".xlsm": EXCEL,
    ".xlsb": EXCEL,
    ".xls": EXCEL,
    ".ods": EXCEL,
    ".parquet": PARQUET,
    ".jsonl": JSON_LINES,
    ".ndjson": JSON_LINES,
}


@dataclass
class Opened:
    """How SQL reads the file, and what was found before SQL could."""

    relation: str
    parts: list[str] = field(default_factory=lambda: [""])
    notes: dict[str, str] = field(default_factory=dict)
    lines: Positions | None = None  # the line of each record, where it is not its number + 1
    bad: list[tuple[int, Bad]] = field(default_factory=list)  # part, record
    records: int | None = None
    numbered: bool = False  # the relation has `_row` itself
    tidy: bool = False  # no text has anything around it to trim


class Source:
    """The open file; one after the other, since a new reader costs more than a small file."""

    def __init__(self, scratch: Path | None = None) -> None:
        self.connection = duckdb.connect(":memory:")
        for setting in (
            "TimeZone = 'UTC'",
            f"memory_limit = '{MEMORY}'",
            "enable_progress_bar = false",
            "autoinstall_known_extensions = false",
            *([f"temp_directory = {literal(str(scratch))}"] if scratch else []),
        ):
            self.connection.execute(f"set {setting}")
        self.connection.execute("begin; " + "; ".join(MACROS) + "; commit")
        self.opened, self.scratch = Opened(""), Path()

    def open(self, path: str, scratch: str, options: dict[str, Any]) -> dict[str, Any]:
        """Columns with their types, parts, notes, how many records of each part were set aside, and whether all text is tidy."""
        self.scratch = Path(scratch)
        self.opened = opened = _open(Path(path), self.scratch, options)
        bad = [sum(where == part for where, _ in opened.bad) for part in range(len(opened.parts))]
        return {"columns": self._see(), "parts": opened.parts, "notes": opened.notes, "bad": bad, "tidy": opened.tidy}

    def query(self, sql: str) -> list[list[Any]]:
        return [list(row) for row in self._run(sql).fetchall()]

    def export(self, sql: str, path: str) -> int:
        """Write the select to Parquet and count its rows."""
        options = f"format parquet, compression uncompressed, row_group_size {ROW_GROUP}"
        result = self._run(f"copy ({sql}) to {literal(path)} ({options})").fetchone()
        assert result
        if self.opened.records is not None and len(self.opened.parts) == 1 and int(result[0]) != self.opened.records:
            raise UserError(f"The file was read as {result[0]} records, but has {self.opened.records}.", hint="please report this file")
        return int(result[0])

    def rejects(self, rows: str, part: int, path: str) -> int:
        """Write line, column, reason and raw text of every record that failed."""
        bad = self._written("bad.parquet", _bad_table([one for where, one in self.opened.bad if where == part]))
        line, place = "rows_._row + 1", ""
        if self.opened.lines is not None:
            line, place = "place.line", f"join {self._written('lines.parquet', _lines_table(self.opened.lines))} as place using (_row)"
        return self.export_any(
            f"""select * from (
                select {line} as line, split_part(_problem, '|', 1) as "column", split_part(_problem, '|', 2) as reason, _raw as raw
                from {typed_rows(Path(rows))} as rows_ {place} where _problem is not null
                union all select line, '' as "column", reason, raw from {bad}) as failed order by line""",
            path,
        )

    def lines(self, path: str) -> bool:
        """Write the line of each record, if it is not simply the record's number + 1."""
        if self.opened.lines is None:
            return False
        self._written(path, _lines_table(self.opened.lines))
        return True

    def _written(self, file: str, table: pa.Table) -> str:
        """A table as a file that SQL can read; registering one would import pandas."""
        import pyarrow.parquet as pq

        pq.write_table(table, self.scratch / file)
        return f"read_parquet({literal(str(self.scratch / file))})"

    def export_any(self, sql: str, path: str) -> int:
        result = self._run(f"copy ({sql}) to {literal(path)} (format parquet)").fetchone()
        assert result
        return int(result[0])

    def _see(self) -> list[list[str]]:
        numbered = "*" if self.opened.numbered else "*, null::bigint as _row"
        self._run(f"create or replace view source as select {numbered} from {self.opened.relation}")
        described = self.connection.execute("describe source").fetchall()
        return [[row[0], row[1]] for row in described if row[0] not in ("_row", "_part")]

    def _run(self, sql: str) -> duckdb.DuckDBPyConnection:
        try:
            return self.connection.execute(sql)
        except (duckdb.InvalidInputException, duckdb.IOException, duckdb.OutOfMemoryException, duckdb.ConversionException) as error:
            raise UserError(f"The file cannot be read: {str(error).splitlines()[0].strip()}", hint="export it again") from None


def _bad_table(bad: list[Bad]) -> pa.Table:
    import pyarrow as pa

    schema = pa.schema([("line", pa.int64()), ("reason", pa.string()), ("raw", pa.string())])
    return pa.table({"line": [b.line for b in bad], "reason": [b.reason for b in bad], "raw": [b.raw for b in bad]}, schema=schema)


def _lines_table(lines: Positions) -> pa.Table:
    import pyarrow as pa

    return pa.table({"_row": pa.array(range(len(lines)), pa.int64()), "line": pa.array(lines)})


def kind_of(path: Path) -> str | None:
    """What kind of file this is, by its name; None where it is none that can be read."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes[-1:] == [".gz"]:
        suffixes.pop()
    return SUFFIXES.get(suffixes[-1]) if suffixes else None


def _open(path: Path, scratch: Path, options: dict[str, Any]) -> Opened:
    kind = kind_of(path)
    with path.open("rb") as file:
        magic = file.read(8)
    if not magic:
        raise UserError("This file is empty.", where=str(path), hint="export it again")
    match kind:
        case "parquet":
            return _parquet(path, magic)
        case "excel":
            from nextmove.ingest.workbooks import read_workbook

            return Opened(**read_workbook(path, scratch, options.get("sheet")))
        case "json lines":
            from nextmove.ingest.json_lines import read_json_lines

            return Opened(**read_json_lines(path, scratch))
        case _:
            return _csv(path, scratch, options)


def _parquet(path: Path, magic: bytes) -> Opened:
    if not magic.startswith(b"PAR1"):
        raise UserError("This is not a Parquet file, whatever its name says.", where=str(path), hint="export it again")
    return Opened(f"read_parquet({literal(str(path))})")


def _csv(path: Path, scratch: Path, options: dict[str, Any]) -> Opened:
    text = whole_records(path, scratch, encoding=options.get("encoding"), delimiter=options.get("delimiter"))
    types = "{" + ", ".join(f"{literal(column)}: 'VARCHAR'" for column in text.header) + "}"
    relation = (
        f"read_csv({literal(str(text.path))}, auto_detect = false, header = true, delim = {literal(text.delimiter)},"
        " quote = '\"', escape = '\"',"
        f" columns = {types}, strict_mode = true, null_padding = false, nullstr = '', max_line_size = 2000000, buffer_size = 16000000)"
    )
    notes = {"encoding": text.encoding} if text.encoding not in ("utf-8", "ascii", "utf-8-sig") else {}
    return Opened(relation, notes=notes, lines=text.lines, bad=[(0, one) for one in text.bad], records=text.records, tidy=text.tidy)


__all__ = ["Opened", "Source", "kind_of", "name"]
