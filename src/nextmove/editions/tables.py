"""Which tables an edition carries, and how they come into it.

Facts are materialised in the order of their days, so that a question about a month reads that month. The canonical tables that pages
and predictions read are copied whole. Order lines, web sessions and e-mail events stay behind: their facts carry all that is asked.
"""

from __future__ import annotations

from collections.abc import Iterable

import sqlglot
from sqlglot import exp

from nextmove.editions.source import speaking_of, tables_of_warehouse
from nextmove.engine import DuckDBEngine, name

LEFT_BEHIND = frozenset({"order_lines", "web_sessions", "email_events"})


def copy_tables(engine: DuckDBEngine) -> None:
    """Copy what is small of the warehouse's `main` schema."""
    for table in tables_of_warehouse(engine):
        if table not in LEFT_BEHIND:
            engine.execute(f"create or replace table main.{name(table)} as select * from source.main.{name(table)}")


def show_facts(engine: DuckDBEngine) -> list[str]:
    """Create `source.facts`, one view a fact, and return their names in the order in which they build on each other."""
    rows = engine.query("select view_name, sql from duckdb_views() where database_name = 'warehouse' and schema_name = 'facts'").to_pylist()
    views = {str(row["view_name"]): str(row["sql"]) for row in rows}
    with speaking_of(engine, "source"):
        engine.execute("create schema if not exists facts")
        ordered = in_order_of_use(views)
        for view in ordered:
            engine.execute(views[view])
    return ordered


def in_order_of_use(views: dict[str, str]) -> list[str]:
    """Names of the views, each after those that it reads."""
    reads = {view: _facts_read(sql) & set(views) - {view} for view, sql in views.items()}
    ordered: list[str] = []
    while len(ordered) < len(views):
        ready = sorted(view for view in views if view not in ordered and reads[view] <= set(ordered))
        if not ready:
            raise ValueError(f"facts read each other in a circle: {sorted(set(views) - set(ordered))}")
        ordered += ready
    return ordered


def _facts_read(sql: str) -> set[str]:
    return {table.name for table in sqlglot.parse_one(sql, dialect="duckdb").find_all(exp.Table) if table.db == "facts"}


def materialise_facts(engine: DuckDBEngine, facts: Iterable[str]) -> None:
    """Make each fact a table of the edition; the facts that read it read that table."""
    edition = engine.query("select current_database() as catalogue").column(0)[0].as_py()
    engine.execute("create schema if not exists facts")
    for fact in facts:
        materialise(engine, fact)
        engine.execute(f"create or replace view source.facts.{name(fact)} as select * from {name(edition)}.facts.{name(fact)}")


def materialise(engine: DuckDBEngine, fact: str) -> None:
    """Write one fact, by day where it has one."""
    columns = engine.query(f"select * from source.facts.{name(fact)} limit 0").column_names
    order = " order by day" if "day" in columns else ""
    engine.execute(f"create or replace table facts.{name(fact)} as select * from source.facts.{name(fact)}{order}")
