"""Targets that a person sets: a batch like any load, so `nextmove batches` lists it and `nextmove undo` takes it back.

They join the loaded targets in the warehouse; the next refresh brings them into the edition. While another process writes to the
warehouse nothing can be set: whoever tries is told so at once (`Busy`), nothing waits and nothing is half done.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass
from decimal import Decimal

import duckdb

from nextmove.engine import DuckDBEngine, literal
from nextmove.ingest.distant import make_ready
from nextmove.ingest.loan import opened_for_load
from nextmove.ingest.merge import merge, same_key, touch
from nextmove.tables import table
from nextmove.workspace import Workspace

_TABLE = table("targets")
_KEY = ("kpi", "grain", "period_start", "dimension", "member")
NOTE = "targets page"
Change = Callable[[DuckDBEngine, int], tuple[int, int, int]]  # rows that came, were replaced, stayed


@dataclass(frozen=True)
class Key:
    """Which target: of which KPI, for which period, for whom; both empty for the company."""

    kpi: str
    grain: str
    period_start: dt.date
    dimension: str | None = None
    member: str | None = None


@dataclass(frozen=True)
class Target:
    key: Key
    value: Decimal


def set_targets(workspace: Workspace, targets: Sequence[Target], *, by: str, now: dt.datetime) -> int:
    """Set targets, new ones or in the place of those of the same key; returns the number of the batch."""

    def bring(engine: DuckDBEngine, batch: int) -> tuple[int, int, int]:
        rows = [f"({n}, {_literals(target.key)}, {literal(target.value)})" for n, target in enumerate(targets)]
        _stage(engine, f"values {', '.join(rows)}", ("_row", *_KEY, "value"))
        done = merge(engine, _TABLE, given=[*_KEY, "value"], batch=batch)
        return done.loaded, done.replaced, done.unchanged

    return _in_a_batch(workspace, bring, by=by, now=now)


def remove_targets(workspace: Workspace, keys: Sequence[Key], *, by: str, now: dt.datetime) -> int:
    """Take targets away; an undo of the batch brings them back. Returns the number of the batch."""

    def take(engine: DuckDBEngine, batch: int) -> tuple[int, int, int]:
        _stage(engine, f"values {', '.join(f'({_literals(key)})' for key in keys)}", _KEY)
        same = same_key(_TABLE, "old", "staged")
        engine.execute(f"create or replace temp table gone as select old.* from main.targets as old join staged on {same}")
        engine.execute(f"insert into history.targets select *, {batch} from gone")
        engine.execute(f"delete from main.targets as old using gone where {same_key(_TABLE, 'old', 'gone')}")
        touch(engine, _TABLE, batch=batch, source="gone")
        return 0, int(engine.connection.execute("select count(*) from gone").fetchall()[0][0]), 0

    return _in_a_batch(workspace, take, by=by, now=now)


def _in_a_batch(workspace: Workspace, change: Change, *, by: str, now: dt.datetime) -> int:
    make_ready(workspace)
    with opened_for_load(workspace, {_TABLE.name: ()}, keep=True) as engine:
        connection = engine.connection
        connection.execute(f"set variable zone = {literal(workspace.settings.company.time_zone)}")
        connection.execute("begin transaction")
        try:
            batch = int(connection.execute("select coalesce(max(batch), 0) + 1 from main.batches").fetchall()[0][0])
            connection.execute("insert into main.batches values (?, 'load', ?, null, null, ?)", [batch, now, NOTE])
            _note(connection, batch, by, change(engine, batch))
            connection.execute("commit")
        except BaseException:
            connection.execute("rollback")
            raise
    return batch


def _note(connection: duckdb.DuckDBPyConnection, batch: int, by: str, counts: tuple[int, int, int]) -> None:
    values = [batch, _TABLE.name, f"{NOTE}: {by}", "", "", sum(counts), *counts, 0]
    connection.execute("insert into main.batch_tables values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values)


def _stage(engine: DuckDBEngine, rows: str, columns: Sequence[str]) -> None:
    engine.execute(f"create or replace temp table staged as select * from ({rows}) as given ({', '.join(columns)})")


def _literals(key: Key) -> str:
    texts = [f"cast({literal(part or None)} as varchar)" if not isinstance(part, dt.date) else literal(part) for part in astuple(key)]
    return ", ".join(texts)
