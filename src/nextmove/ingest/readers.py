"""What the child does with a file: find out what it is, and let SQL see it as `source`.

Every column of a text file is text; Parquet keeps its types. Nothing is guessed by a reader: delimiter, encoding and quotes
come from our own look at the bytes (`structure.py`), and DuckDB then reads with all of them given.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from nextmove.engine import literal, name
from nextmove.errors import UserError
from nextmove.ingest.casts import MACROS

MEMORY = "1500MB"


class Source:
    """The open file."""

    def __init__(self) -> None:
        self.connection = duckdb.connect(":memory:")
        for setting in ("TimeZone = 'UTC'", f"memory_limit = '{MEMORY}'", "enable_progress_bar = false", "autoinstall_known_extensions = false"):
            self.connection.execute(f"set {setting}")
        for macro in MACROS:
            self.connection.execute(macro)

    def open(self, path: str, scratch: str, options: dict[str, Any]) -> dict[str, Any]:
        """Columns with their types, the number of records, and what had to be assumed."""
        self.connection.execute(f"set temp_directory = {literal(scratch)}")
        file = Path(path)
        relation = _parquet(file) if file.suffix == ".parquet" else _csv(file)
        self.connection.execute(f"create or replace view source as select *, row_number() over () as _row from {relation}")
        described = self.connection.execute("describe source").fetchall()
        return {"columns": [[row[0], row[1]] for row in described if row[0] != "_row"], "parts": [""]}

    def query(self, sql: str) -> list[list[Any]]:
        return [list(row) for row in self._run(sql).fetchall()]

    def export(self, sql: str, path: str) -> int:
        """Write the select to Parquet and count its rows."""
        result = self._run(f"copy ({sql}) to {literal(path)} (format parquet, compression uncompressed)").fetchone()
        assert result
        return int(result[0])

    def _run(self, sql: str) -> duckdb.DuckDBPyConnection:
        try:
            return self.connection.execute(sql)
        except duckdb.InvalidInputException as error:
            raise UserError(f"The file cannot be read: {str(error).splitlines()[0]}") from None


def _parquet(path: Path) -> str:
    return f"read_parquet({literal(str(path))})"


def _csv(path: Path) -> str:
    import csv

    with path.open(encoding="utf-8-sig", newline="") as file:
        head = file.readline()
    delimiter = max(",;\t|", key=head.count)
    columns = next(csv.reader([head], delimiter=delimiter))
    types = "{" + ", ".join(f"{literal(c)}: 'VARCHAR'" for c in columns) + "}"
    return (
        f"read_csv({literal(str(path))}, auto_detect = false, header = true, delim = {literal(delimiter)}, quote = '\"', escape = '\"',"
        f" columns = {types}, strict_mode = true, null_padding = false, nullstr = '', max_line_size = 2000000, buffer_size = 16000000)"
    )


__all__ = ["Source", "name"]
