"""Batches: what each load did, and the way back.

A batch is one load, all or nothing, and every row knows the batch that wrote it. What a load replaced is kept in
`history` with the number of the batch that replaced it, so `undo` puts it back, also when later batches have replaced
the undone rows since. Numbers of loads and undos grow together: the highest is the *warehouse version*, and
`changed_since` tells which days of which tables differ from an earlier one, which is what a refresh has to recompute.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from nextmove.engine import Engine, literal


@dataclass(frozen=True)
class Changed:
    """What differs in one table since an earlier warehouse version.

    `days` are the local days of rows that came, went or changed, ascending. `undated` is true where rows without a day
    (accounts, products …) changed, which may alter the numbers of any day.
    """

    table: str
    rows: int
    days: tuple[dt.date, ...]
    undated: bool

    @property
    def first_day(self) -> dt.date | None:
        return self.days[0] if self.days else None

    @property
    def last_day(self) -> dt.date | None:
        return self.days[-1] if self.days else None


def warehouse_version(engine: Engine) -> int:
    """The number of the last load or undo; 0 for an empty warehouse."""
    return int(engine.query("select coalesce(max(batch), 0) as version from main.batches")["version"][0].as_py())


def changed_since(engine: Engine, version: int) -> dict[str, Changed]:
    """Per table that differs from `version`, what changed; nothing for a table that does not."""
    rows = engine.query(
        f"""select table_name, day, sum(rows_touched)::bigint as touched from main.batch_days
            where batch > {literal(version)} group by table_name, day order by table_name, day"""
    ).to_pylist()
    tables = dict.fromkeys(row["table_name"] for row in rows)
    return {table: _changed(table, [(row["day"], row["touched"]) for row in rows if row["table_name"] == table]) for table in tables}


def _changed(table: str, touched: list[tuple[dt.date | None, int]]) -> Changed:
    days = tuple(sorted(day for day, _ in touched if day is not None))
    return Changed(table, sum(rows for _, rows in touched), days, any(day is None for day, _ in touched))


@dataclass(frozen=True)
class Batch:
    """One line of `nextmove batches`: what a load did to one table from one file."""

    batch: int
    kind: str
    at: dt.datetime
    table: str
    file: str
    part: str
    rows_read: int
    loaded: int
    replaced: int
    unchanged: int
    rejected: int
    undoes: int | None
    undone_by: int | None


def batches(engine: Engine) -> list[Batch]:
    """All loads and undos, the latest first."""
    rows = engine.query(
        """select batches.batch, kind, loaded_at as at, coalesce(table_name, '') as "table", coalesce(file, '') as file,
                  coalesce(part, '') as part,
                  coalesce(rows_read, 0) as rows_read, coalesce(loaded, 0) as loaded, coalesce(replaced, 0) as replaced,
                  coalesce(unchanged, 0) as unchanged, coalesce(rejected, 0) as rejected, undoes, undone_by
           from main.batches left join main.batch_tables on batch_tables.batch = batches.batch
           order by batches.batch desc, table_name, file, part"""
    ).to_pylist()
    return [Batch(**row) for row in rows]
