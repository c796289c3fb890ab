"""Rows that failed, kept: one file a batch, with the file, the line, the column, the reason and the row as it stood."""

from __future__ import annotations

from pathlib import Path

import duckdb

from nextmove.engine import literal


class Rejects:
    """Collects the failed rows of a batch and writes them beside the warehouse."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, path: Path) -> None:
        self.connection = connection
        self.path = path
        connection.execute(
            """create or replace temp table rejects (file varchar, line bigint, "column" varchar, reason varchar, raw varchar)"""
        )

    def add(self, rows: Path, place: str) -> None:
        """Rows that their file or their values condemned."""
        self.connection.execute(
            f'insert into rejects select {literal(place)}, line, "column", reason, raw from read_parquet({literal(str(rows))})'
        )

    def add_contradicted(self, lines: Path | None, place: str) -> None:
        """Rows whose key a later row of the file bears with other values; they stand as they were read."""
        line = "contradicted._row + 1" if lines is None else "place.line"
        join = "" if lines is None else f"join read_parquet({literal(str(lines))}) as place on place._row = contradicted._row"
        self.connection.execute(
            f"""insert into rejects select {literal(place)}, {line}, '',
                'a later row of this file bears the same key and differs; that one stands',
                cast(contradicted as varchar) from contradicted {join}"""
        )

    def write(self) -> str:
        """The path of the file, or nothing where no row failed."""
        if not self.connection.execute("select count(*) from rejects").fetchall()[0][0]:
            self.discard()
            return ""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.connection.execute(f"copy (select * from rejects order by file, line) to {literal(str(self.path))} (format csv, header)")
        return str(self.path)

    def discard(self) -> None:
        self.path.unlink(missing_ok=True)
