"""Data: what was loaded and when, which rows failed, how fresh the numbers are, and which KPI lacks what."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from django.http import FileResponse, HttpRequest

from nextmove.app import numbers
from nextmove.app.edition import Row
from nextmove.app.visit import Visit, page, shelf
from nextmove.errors import OutOfScope
from nextmove.kpis.words import named
from nextmove.tables import TABLES

MOST_BATCHES = 50


@dataclass(frozen=True)
class Loaded:
    """What a batch did to one table."""

    table: str
    file: str | None
    rows_read: int
    loaded: int
    replaced: int
    unchanged: int
    rejected: int


@dataclass(frozen=True)
class Batch:
    batch: int
    kind: str
    loaded_at: dt.datetime
    undone: bool
    tables: tuple[Loaded, ...]
    rejects: bool

    @property
    def rejected(self) -> int:
        return sum(table.rejected for table in self.tables)

    @property
    def more(self) -> int:
        return max(0, len(self.tables) - 4)

    @property
    def rows_read(self) -> int:
        return sum(table.rows_read for table in self.tables)


@dataclass(frozen=True)
class TableLine:
    table: str
    rows: int
    filled: tuple[str, ...]
    empty: tuple[str, ...]


@dataclass(frozen=True)
class Lack:
    """A KPI that cannot be computed, and what it needs."""

    kpi: str
    name: str
    needs: tuple[str, ...]


@dataclass(frozen=True)
class DataPage:
    template: ClassVar[str] = "data.html"
    edition: str
    as_of: dt.date
    published_at: dt.datetime
    way: str
    seconds: float
    last_order_on: dt.date | None
    batches: tuple[Batch, ...]
    tables: tuple[TableLine, ...]
    kpis: int
    lacking: tuple[Lack, ...]

    @property
    def computed(self) -> int:
        return self.kpis - len(self.lacking)

    @property
    def missing_tables(self) -> tuple[str, ...]:
        return tuple(line.table for line in self.tables if not line.filled)


def data_page(visit: Visit) -> DataPage:
    meta = visit.edition.published.meta
    kpis = numbers.kpis_within_reach(visit)
    lacks = [Lack(kpi.id, named(kpi), numbers.lacking(visit, kpi)) for kpi in kpis]
    return DataPage(
        edition=meta.edition,
        as_of=meta.as_of,
        published_at=meta.published_at,
        way=meta.way,
        seconds=meta.seconds,
        last_order_on=visit.edition.kept("last order", lambda: _last_order(visit)),
        batches=tuple(_batches(visit)),
        tables=visit.edition.kept("tables", lambda: tuple(_tables(visit))),
        kpis=len(kpis),
        lacking=tuple(lack for lack in lacks if lack.needs),
    )


def _last_order(visit: Visit) -> dt.date | None:
    row = visit.edition.row("select max(day) as day from facts.sales")
    return row["day"] if row else None


def _batches(visit: Visit) -> list[Batch]:
    if not visit.edition.has_rows("main.batches"):
        return []
    rows = visit.edition.rows(
        f"select batch, kind, loaded_at, undone_by is not null as undone from main.batches order by batch desc limit {MOST_BATCHES}"
    )
    parts: dict[int, list[Loaded]] = {}
    for row in visit.edition.rows("select * from main.batch_tables order by table_name"):
        parts.setdefault(row["batch"], []).append(_loaded(row))
    return [Batch(**row, tables=tuple(parts.get(row["batch"], ())), rejects=rejects_of(row["batch"]).exists()) for row in rows]


def _loaded(row: Row) -> Loaded:
    file = Path(row["file"]).name if row["file"] else None  # where on the server it lay is nobody's business
    counts = {name: row[name] or 0 for name in ("rows_read", "loaded", "replaced", "unchanged", "rejected")}
    return Loaded(row["table_name"], file, **counts)


def rejects_of(batch: int) -> Path:
    return shelf().workspace.rejects / f"{batch}.csv"


def _tables(visit: Visit) -> list[TableLine]:
    """The canonical tables with what is filled; an edition may leave rows behind, but knows what was loaded."""
    filled: dict[str, set[str]] = {}
    if visit.edition.has_rows("main.loaded"):
        for row in visit.edition.rows("select table_name, column_name from main.loaded"):
            filled.setdefault(row["table_name"], set()).add(row["column_name"])
    counts = {row["t"]: row["n"] for row in visit.edition.rows("select table_name as t, row_count as n from main.manifest")}
    return [
        TableLine(
            table.name,
            counts.get(f'main."{table.name}"', counts.get(f"main.{table.name}", 0)),
            tuple(column.name for column in table.columns if column.name in filled.get(table.name, ())),
            tuple(column.name for column in table.columns if column.name not in filled.get(table.name, ())),
        )
        for table in TABLES
    ]


@page("data")
def data(visit: Visit, request: HttpRequest) -> DataPage:
    return data_page(visit)


@page("data")
def rejects_file(visit: Visit, request: HttpRequest, batch: int) -> FileResponse:
    """The rows of a batch that failed, with line, column and reason."""
    path = rejects_of(batch)
    if not path.is_file():
        raise OutOfScope("There is no such file.")
    return FileResponse(path.open("rb"), as_attachment=True, filename=f"rejects-{batch}.csv", content_type="text/csv; charset=utf-8")
