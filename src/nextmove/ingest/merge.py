"""Bringing checked rows into their table by key: new rows come in, changed ones replace, equal ones change nothing.

The staged rows are the view `staged` (the columns the source gives, and `_row`). A column that the source does not have
keeps its stored value: a file of costs by product says nothing about their names. What is replaced moves to `history`
under the number of the batch, so that an undo finds it.
"""

from __future__ import annotations

from dataclasses import dataclass

from nextmove.engine import DuckDBEngine, name
from nextmove.ingest.warehouse import LINEAGE, REPLACED_BY
from nextmove.tables import DATED_BY, Kind, Table


@dataclass(frozen=True)
class Merged:
    loaded: int
    replaced: int
    unchanged: int


def merge(engine: DuckDBEngine, table: Table, *, given: list[str], batch: int) -> Merged:
    """Bring the rows of `staged` in; they must have unique keys."""
    if _count(engine, f"select count(*) from (select 1 from main.{table.name} limit 1)") == 0:
        return Merged(_insert_all(engine, table, given=given, batch=batch), 0, 0)
    _judge(engine, table, given=given)
    counts = dict(_rows(engine, "select verdict, count(*) from verdicts group by verdict"))
    _confirm(engine, table, batch=batch)
    _retire(engine, table, batch=batch)
    _insert_judged(engine, table, given=given, batch=batch)
    engine.execute("drop table verdicts")
    engine.execute("drop table if exists retired")
    return Merged(counts.get("new", 0), counts.get("changed", 0), counts.get("same", 0))


def same_key(table: Table, left: str, right: str) -> str:
    """The keys are equal; an optional part that is empty on both sides is equal too."""
    return " and ".join(
        f"{left}.{name(column.name)} {'=' if column.required or column.numbered else 'is not distinct from'} {right}.{name(column.name)}"
        for column in table.columns
        if column.key
    )


def _insert_all(engine: DuckDBEngine, table: Table, *, given: list[str], batch: int) -> int:
    columns = ", ".join(name(column) for column in given)
    engine.execute(f"insert into main.{table.name} ({columns}, {LINEAGE}) select {columns}, {batch} from staged")
    rows = _count(engine, "select count(*) from staged")
    touch(engine, table, batch=batch, source="staged", given=given)
    return rows


def _judge(engine: DuckDBEngine, table: Table, *, given: list[str]) -> None:
    key = table.key[0]
    rest = [column for column in given if column not in table.key]
    differs = " or ".join(f"new.{name(c)} is distinct from old.{name(c)}" for c in rest) or "false"
    engine.execute(
        f"""create or replace temp table verdicts as
            select new._row, old.{LINEAGE} as of_batch,
                   case when old.{name(key)} is null then 'new' when {differs} then 'changed' else 'same' end as verdict
            from staged as new left join main.{table.name} as old on {same_key(table, "new", "old")}"""
    )


def _confirm(engine: DuckDBEngine, table: Table, *, batch: int) -> None:
    engine.execute(
        f"""insert into main.batch_confirmed select {batch}, of_batch, '{table.name}', count(*)
            from verdicts where verdict = 'same' and of_batch <> {batch} group by of_batch"""
    )


def _retire(engine: DuckDBEngine, table: Table, *, batch: int) -> None:
    """Move the rows that are about to be replaced to history; a row of this very batch was never seen by anybody."""
    engine.execute(
        f"""create or replace temp table retired as
            select old.* from main.{table.name} as old join staged as new on {same_key(table, "new", "old")}
            join verdicts on verdicts._row = new._row where verdict = 'changed'"""
    )
    engine.execute(f"insert into history.{table.name} by name select *, {batch} as {REPLACED_BY} from retired where {LINEAGE} <> {batch}")
    engine.execute(f"delete from main.{table.name} as old using retired where {same_key(table, 'old', 'retired')}")
    touch(engine, table, batch=batch, source="retired")


def _insert_judged(engine: DuckDBEngine, table: Table, *, given: list[str], batch: int) -> None:
    values = ", ".join(f"{'new' if c.name in given else 'retired'}.{name(c.name)}" for c in table.columns)
    columns = ", ".join(name(c.name) for c in table.columns)
    engine.execute(
        f"""create or replace temp table coming as select {values}
            from staged as new join verdicts on verdicts._row = new._row and verdict <> 'same'
            left join retired on {same_key(table, "new", "retired")}"""
    )
    engine.execute(f"insert into main.{table.name} ({columns}, {LINEAGE}) select {columns}, {batch} from coming")
    touch(engine, table, batch=batch, source="coming")
    engine.execute("drop table coming")


def touch(engine: DuckDBEngine, table: Table, *, batch: int, source: str, given: list[str] | None = None) -> None:
    """Note the days of rows that come or go; moments as UTC quarters of an hour, cut into local days by the caller's zone."""
    column = DATED_BY.get(table.name)
    if column is None:
        day = "null::date"
    elif table.column(column).kind is Kind.MOMENT:
        day = "cast(timezone(getvariable('zone'), timezone('UTC', quarter)) as date)"
        source = f"(select time_bucket(interval 15 minute, {name(column)}) as quarter, count(*) as n from {source} group by 1)"
        engine.execute(f"insert into main.batch_days select {batch}, '{table.name}', {day}, sum(n) from {source} group by 3")
        return
    else:
        day = name(column)
    engine.execute(
        f"insert into main.batch_days select {batch}, '{table.name}', {day}, count(*) from {source} group by 3 having count(*) > 0"
    )


def _count(engine: DuckDBEngine, sql: str) -> int:
    return int(engine.connection.execute(sql).fetchall()[0][0])


def _rows(engine: DuckDBEngine, sql: str) -> list[tuple[str, int]]:
    """Within the open transaction; `Engine.query` has a cursor of its own, which sees only what is committed."""
    return [(str(row[0]), int(row[1])) for row in engine.connection.execute(sql).fetchall()]


__all__ = ["REPLACED_BY", "Merged", "merge", "same_key", "touch"]
