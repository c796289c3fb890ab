"""Which tables an edition carries, and how they come into it.

Facts are materialised in the order of their days, so that a question about a month reads that month. The canonical tables that pages
and predictions read are copied whole. Order lines, web sessions and e-mail events stay behind: their facts carry all that is asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from nextmove.editions.source import speaking_of, tables_of_warehouse
from nextmove.engine import DuckDBEngine, name
from nextmove.facts.catalogue import Fact, fill
from nextmove.facts.views import create_views, parameters
from nextmove.settings import Settings
from nextmove.tables.calendar import write_calendar

LEFT_BEHIND = frozenset({"order_lines", "web_sessions", "email_events"})
_MADE_HERE = frozenset({"calendar", "periods", "prepared", "schema_version"})
_CANONICAL = re.compile(r"\bmain\.(\w+)")


def copy_tables(engine: DuckDBEngine, settings: Settings) -> None:
    """Write the calendar and copy what is small of the warehouse's `main` schema."""
    write_calendar(engine, settings)
    for table in tables_of_warehouse(engine):
        if table not in LEFT_BEHIND | _MADE_HERE:
            engine.execute(f"create or replace table main.{name(table)} as select * from source.main.{name(table)}")


def show_facts(engine: DuckDBEngine, settings: Settings, facts: Mapping[str, Fact]) -> None:
    """Create `source.facts`: the facts over the canonical tables as they stood, with the edition's calendar."""
    edition = engine.query("select current_database() as catalogue").column(0)[0].as_py()
    for table in ("calendar", "periods"):
        engine.execute(f"create or replace view source.main.{table} as select * from {name(edition)}.main.{table}")
    with speaking_of(engine, "source"):
        create_views(engine, settings, facts)


def materialise_facts(engine: DuckDBEngine, settings: Settings, facts: Mapping[str, Fact]) -> None:
    """Make each fact that is worth it a table of the edition; facts that read it read that table."""
    engine.execute("create schema if not exists facts")
    values = parameters(settings)
    for fact in facts.values():
        if fact.stored:
            materialise(engine, fact)
        elif not fact.per_period and fact.name in within_edition(facts):
            engine.execute(f"create or replace view facts.{name(fact.name)} as {fill(fact.query, values)}")


def materialise(engine: DuckDBEngine, fact: Fact) -> None:
    """Write one fact, by day where it has one."""
    columns = engine.query(f"select * from source.facts.{name(fact.name)} limit 0").column_names
    order = " order by day" if "day" in columns else ""
    engine.execute(f"create or replace table facts.{name(fact.name)} as select * from source.facts.{name(fact.name)}{order}")
    read_from_edition(engine, (fact,))


def read_from_edition(engine: DuckDBEngine, facts: Iterable[Fact]) -> None:
    """From now on, facts over these facts read the edition's tables instead of computing them again."""
    edition = engine.query("select current_database() as catalogue").column(0)[0].as_py()
    for fact in facts:
        engine.execute(f"create or replace view source.facts.{name(fact.name)} as select * from {name(edition)}.facts.{name(fact.name)}")


def within_edition(facts: Mapping[str, Fact]) -> set[str]:
    """Facts that can be read in an edition: stored there, or made of nothing that was left behind."""
    found: set[str] = set()
    for fact in facts.values():
        tables = set(_CANONICAL.findall(fact.query))
        if fact.stored or (not tables & LEFT_BEHIND and fact.reads <= found):
            found.add(fact.name)
    return found
