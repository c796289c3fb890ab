"""Keys of the rows that come: numbered where the source has none, unique in the end.

A line without a number takes that of the stored line it equals; else that of a stored line of its order and moment, which it
corrects; else the next free one. So the same file again changes nothing, two overlapping files make each line once, a corrected line
replaces the old one, and an order that two files share loses nothing. Rows of other tables without an id get one from their content.

Of several rows with one key the last stands. An earlier one that is equal counts as unchanged, one that differs is
rejected with the line of the one that stands.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from nextmove.engine import literal, name
from nextmove.tables import Column, Table


@dataclass(frozen=True)
class Keyed:
    """What unique keys cost: rows equal to a later one, and rows that a later one contradicts."""

    given: list[str]
    equal: int
    contradicted: int


def key_rows(connection: duckdb.DuckDBPyConnection, table: Table, *, rows: str, given: list[str]) -> Keyed:
    """Make the view `staged` (all key columns, unique, and `_row`) and the view `contradicted` (`_row`, `by_row`)."""
    connection.execute(f"create or replace temp view typed as select {_typed(table, given)} from {rows} where _problem is null")
    source = "typed"
    for column in table.columns:
        if column.numbered and column.name not in given:
            source = _number_lines(connection, table, given) if column.name == "line_no" else _number_by_content(connection, column, given)
            given = [*given, column.name]
    given = [c.name for c in table.columns if c.name in given or c.key]
    keys = ", ".join(name(key) for key in table.key)
    twice = connection.execute(f"select count(*) - count(distinct hash({keys})) from {source}").fetchall()[0][0]
    if not twice:
        connection.execute(f"create or replace temp view staged as select * from {source}")
        return Keyed(given, 0, 0)
    return Keyed(given, *_keep_last(connection, source, keys, given))


def _typed(table: Table, given: list[str]) -> str:
    missing = [f"null::{c.kind.sql_type} as {name(c.name)}" for c in table.columns if c.key and not c.numbered and c.name not in given]
    return ", ".join(["_row", *(name(column) for column in given), *missing])


def _keep_last(connection: duckdb.DuckDBPyConnection, source: str, keys: str, given: list[str]) -> tuple[int, int]:
    content = ", ".join(name(column) for column in given)
    connection.execute(
        f"""create or replace temp table ranked as
            select *, max(_row) over (partition by {keys}) as by_row, last_value(hash({content})) over (
                partition by {keys} order by _row rows between unbounded preceding and unbounded following) as last_hash,
                hash({content}) as own_hash
            from {source}"""
    )
    connection.execute("create or replace temp view staged as select * from ranked where _row = by_row")
    connection.execute(
        "create or replace temp view contradicted as "
        "select * exclude (last_hash, own_hash, by_row) from ranked where _row <> by_row and own_hash <> last_hash"
    )
    equal, contradicted = connection.execute(
        "select count(*) filter (where own_hash = last_hash), "
        "count(*) filter (where own_hash <> last_hash) from ranked where _row <> by_row"
    ).fetchall()[0]
    return int(equal), int(contradicted)


def _number_by_content(connection: duckdb.DuckDBPyConnection, column: Column, given: list[str]) -> str:
    """An id from what the row says and, for rows that say the same, which of them it is."""
    content = " || chr(31) || ".join(f"coalesce(cast({name(one)} as varchar), chr(30))" for one in given)
    connection.execute(
        f"""create or replace temp table numbered as
            select said.* exclude (said), left(said, 20) || '-' ||
                row_number() over (partition by said order by _row) as {name(column.name)}
            from (select *, md5({content}) as said from typed) as said"""
    )
    return "numbered"


def _number_lines(connection: duckdb.DuckDBPyConnection, table: Table, given: list[str]) -> str:
    known = connection.execute(f"select count(*) from main.{table.name} where order_id in (select order_id from typed)").fetchall()[0][0]
    if not known:
        connection.execute(
            "create or replace temp view numbered as select *, "
            "row_number() over (partition by order_id order by _row) as line_no from typed"
        )
        connection.execute("create or replace temp table numbered_rows as select * from numbered")
        return "numbered_rows"
    content = ", ".join(name(column) for column in given)
    for statement in _NUMBER_AMONG_STORED:
        connection.execute(statement.format(table=table.name, content=content))
    return "numbered_rows"


# Stored lines are matched by content first, then by moment; what is left gets the next numbers.
_NUMBER_AMONG_STORED = (
    """create or replace temp table incoming as
       select *, row_number() over (partition by order_id, said order by _row) as nth from (
           select *, hash({content}) as said from typed) as hashed""",
    """create or replace temp table stored as
       select *, row_number() over (partition by order_id, said order by line_no) as nth from (
           select order_id, line_no, ordered_at, hash({content}) as said from main.{table}
           where order_id in (select order_id from typed)) as hashed""",
    """create or replace temp table equal as
       select incoming._row, stored.order_id, stored.line_no from incoming
       join stored on stored.order_id = incoming.order_id and stored.said = incoming.said and stored.nth = incoming.nth""",
    """create or replace temp table corrected as
       select come._row, old.order_id, old.line_no from (
           select _row, order_id, ordered_at, row_number() over (partition by order_id, ordered_at order by _row) as nth
           from incoming where _row not in (select _row from equal)) as come
       join (
           select order_id, line_no, ordered_at, row_number() over (partition by order_id, ordered_at order by line_no) as nth
           from stored where not exists (
               select 1 from equal where equal.order_id = stored.order_id and equal.line_no = stored.line_no)) as old
       on old.order_id = come.order_id and old.ordered_at = come.ordered_at and old.nth = come.nth""",
    """create or replace temp table numbered_rows as
       select typed.*, coalesce(known.line_no, coalesce(top.last_no, 0) + row_number() over (
           partition by typed.order_id, known.line_no is null order by typed._row)) as line_no
       from typed
       left join (select _row, line_no from equal union all select _row, line_no from corrected) as known on known._row = typed._row
       left join (select order_id, max(line_no) as last_no from stored group by order_id) as top on top.order_id = typed.order_id""",
)

__all__ = ["Keyed", "key_rows", "literal"]
