"""Taking a batch back: its rows go, and what it replaced returns.

Where a later batch has replaced a row since, the row of the undone batch lies in `history` between two others: it is taken out of
that chain, so that an undo of the later batch restores what stood before both.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import duckdb

from nextmove.engine import DuckDBEngine, literal, name
from nextmove.errors import UnknownName, UserError
from nextmove.ingest.loan import opened_for_undo
from nextmove.ingest.merge import same_key, touch
from nextmove.ingest.stage_history import keep_stage_history, note_met_deals
from nextmove.ingest.warehouse import LINEAGE, REPLACED_BY
from nextmove.tables import Table, table
from nextmove.workspace import Workspace


@dataclass(frozen=True)
class Undone:
    """What an undo did; `confirmed` are later batches (batch, table, rows) that had found rows of it unchanged."""

    batch: int
    removed: int
    restored: int
    confirmed: tuple[tuple[int, str, int], ...]


def undo(workspace: Workspace, batch: int, *, now: dt.datetime) -> Undone:
    """Take a batch back, all or nothing."""
    with opened_for_undo(workspace, batch) as engine:
        connection = engine.connection
        connection.execute(f"set variable zone = {literal(workspace.settings.company.time_zone)}")
        connection.execute("begin transaction")
        try:
            _refuse_unknown(connection, batch)
            number = int(connection.execute("select max(batch) + 1 from main.batches").fetchall()[0][0])
            note_met_deals(engine, batch)
            names = connection.execute("select distinct table_name from main.batch_tables where batch = ? order by 1", [batch]).fetchall()
            counts = [_take_back(engine, table(name_), batch=batch, number=number) for (name_,) in names]
            keep_stage_history(engine, batch=number)
            confirmed = connection.execute(
                "select batch, table_name, sum(confirmed)::bigint from main.batch_confirmed where confirms = ? group by all order by all",
                [batch],
            )
            later = tuple((int(b), str(t), int(n)) for b, t, n in confirmed.fetchall())
            connection.execute("insert into main.batches values (?, 'undo', ?, ?, null, null)", [number, now, batch])
            connection.execute("update main.batches set undone_by = ? where batch = ?", [number, batch])
            connection.execute("commit")
        except BaseException:
            connection.execute("rollback")
            raise
    (workspace.rejects / f"{batch}.csv").unlink(missing_ok=True)
    return Undone(batch, sum(gone for gone, _ in counts), sum(back for _, back in counts), later)


def _refuse_unknown(connection: duckdb.DuckDBPyConnection, batch: int) -> None:
    known = {int(row[0]): row for row in connection.execute("select batch, kind, undone_by from main.batches").fetchall()}
    if batch not in known:
        raise UnknownName("batch", str(batch), [str(one) for one in known])
    if known[batch][1] != "load":
        raise UserError(f"Batch {batch} is an undo itself.", hint="load the file again")
    if known[batch][2] is not None:
        raise UserError(f"Batch {batch} is taken back already.", hint="load the file again")


def _take_back(engine: DuckDBEngine, one: Table, *, batch: int, number: int) -> tuple[int, int]:
    connection = engine.connection
    columns = ", ".join(name(column.name) for column in one.columns)
    removed = _removed(connection, one, batch=batch)
    connection.execute(f"create or replace temp table gone as select * from main.{one.name} where {LINEAGE} = {batch}")
    connection.execute(f"delete from main.{one.name} where {LINEAGE} = {batch}")
    connection.execute(
        f"""create or replace temp table back as select old.* from history.{one.name} as old
            join gone on {same_key(one, "old", "gone")} where old.{REPLACED_BY} = {batch}"""
    )
    connection.execute(f"insert into main.{one.name} ({columns}, {LINEAGE}) select {columns}, {LINEAGE} from back")
    _mend_chain(connection, one, batch=batch)
    touch(engine, one, batch=number, source="gone")
    touch(engine, one, batch=number, source="back")
    if removed:
        _bring_removed_back(connection, one, columns=columns)
        touch(engine, one, batch=number, source="removed")
    gone, back = connection.execute("select (select count(*) from gone), (select count(*) from back)").fetchall()[0]
    return int(gone), int(back) + removed


def _removed(connection: duckdb.DuckDBPyConnection, one: Table, *, batch: int) -> int:
    """Rows that the batch took away without putting others in their place, and whose place is still empty; made the table `removed`.

    Where a later batch has put a row there since, that one stands, and the row that was taken away is now what it replaced.
    """
    own = f"select 1 from (select * from main.{one.name} union all select * exclude ({REPLACED_BY}) from history.{one.name}) as mine"
    connection.execute(
        f"""create or replace temp table removed as select old.* from history.{one.name} as old
            where old.{REPLACED_BY} = {batch}
            and not exists ({own} where mine.{LINEAGE} = {batch} and {same_key(one, "mine", "old")})"""
    )
    connection.execute(
        f"""update history.{one.name} as old set {REPLACED_BY} = later.{LINEAGE}
            from main.{one.name} as later, removed
            where old.{REPLACED_BY} = {batch} and {same_key(one, "old", "removed")} and {same_key(one, "later", "removed")}"""
    )
    connection.execute(f"delete from removed using main.{one.name} as later where {same_key(one, 'later', 'removed')}")
    return int(connection.execute("select count(*) from removed").fetchall()[0][0])


def _bring_removed_back(connection: duckdb.DuckDBPyConnection, one: Table, *, columns: str) -> None:
    connection.execute(f"insert into main.{one.name} ({columns}, {LINEAGE}) select {columns}, {LINEAGE} from removed")
    same = f"old.{REPLACED_BY} = removed.{REPLACED_BY} and {same_key(one, 'old', 'removed')}"
    connection.execute(f"delete from history.{one.name} as old using removed where {same}")


def _mend_chain(connection: duckdb.DuckDBPyConnection, one: Table, *, batch: int) -> None:
    """Rows that the batch replaced are now replaced by who replaced the batch's; the batch's own rows leave the history."""
    connection.execute(
        f"delete from history.{one.name} as old using back where old.{REPLACED_BY} = {batch} and {same_key(one, 'old', 'back')}"
    )
    connection.execute(
        f"""update history.{one.name} as old set {REPLACED_BY} = mine.{REPLACED_BY}
            from (select * from history.{one.name} where {LINEAGE} = {batch}) as mine
            where old.{REPLACED_BY} = {batch} and {same_key(one, "old", "mine")}"""
    )
    connection.execute(f"delete from history.{one.name} where {LINEAGE} = {batch}")


__all__ = ["Undone", "undo"]
