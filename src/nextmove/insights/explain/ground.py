"""What the engine holds: its tables, their columns, and what members are called. An edition is asked once.

Asking for the names of tables costs as much as many a question, and one explanation used to do it a dozen times.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from nextmove.engine import Engine, literal, name
from nextmove.engine.once import once

TABLE_OF = {"rep": "reps", "account": "accounts", "product": "products", "campaign": "campaigns"}

LISTED = 500  # members


def has_table(engine: Engine, table: str) -> bool:
    """Whether `schema.table` is there."""
    return table in _tables(engine)


def _tables(engine: Engine) -> frozenset[str]:
    sql = "select table_schema as s, table_name as t from information_schema.tables where table_schema in ('main', 'facts')"
    return once(engine, "tables", lambda: frozenset(f"{row['s']}.{row['t']}" for row in engine.query(sql).to_pylist()))


def columns_of(engine: Engine, table: str) -> frozenset[str]:
    """The columns of a table that is there."""
    return once(engine, ("columns", table), lambda: frozenset(engine.query(f"select * from {table} limit 0").column_names))


def members_of(engine: Engine, table: str, column: str) -> tuple[str, ...] | None:
    """The members that a column of a table has, in order; None where they are too many to be listed."""
    of = f"cast({name(column)} as varchar)"
    sql = f"select distinct {of} as member from {table} where {of} is not null order by member limit {LISTED + 1}"
    found: list[str] = once(engine, ("members", table, column), lambda: engine.query(sql)["member"].to_pylist())
    return tuple(found) if len(found) <= LISTED else None


def first_day(engine: Engine, fact: str) -> dt.date | None:
    """The first day that a fact has rows of; None where it is not dated by a day."""
    table = f"facts.{fact}"
    if not has_table(engine, table) or "day" not in columns_of(engine, table):
        return None
    sql = f"select min(day) as day from {table}"
    found: dt.date | None = once(engine, ("first day", fact), lambda: engine.query(sql)["day"][0].as_py())
    return found


def names_of(engine: Engine, table: str, key: str, members: Sequence[str]) -> dict[str, str]:
    """What members are called; a member without a name is called by its id."""
    known: dict[str, str] = once(engine, ("names", table), dict)
    new = [member for member in members if member not in known]
    if new:
        listed = ", ".join(literal(member) for member in new)
        rows = engine.query(f"select {key} as id, coalesce(name, {key}) as name from main.{table} where {key} in ({listed})").to_pylist()
        known.update({member: member for member in new} | {row["id"]: row["name"] for row in rows})
    return {member: known[member] for member in members}


def called(engine: Engine, dimension: str, member: str) -> str:
    """The name of a member of a dimension."""
    return all_called(engine, dimension, [member])[member]


def all_called(engine: Engine, dimension: str, members: Sequence[str]) -> dict[str, str]:
    """The names of members of a dimension, those that are not yet known found at once."""
    table = TABLE_OF.get(dimension)
    return names_of(engine, table, f"{dimension}_id", members) if table else {member: member for member in members}
