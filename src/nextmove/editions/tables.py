"""Which tables an edition carries, and how they come into it.

Facts are materialised in the order of their days, so that a question about a month reads that month. The canonical tables that pages
and predictions read are copied whole. Order lines, web sessions and e-mail events stay behind: their facts carry all that is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager

from nextmove.editions.source import speaking_of, tables_of_warehouse
from nextmove.engine import DuckDBEngine, name
from nextmove.facts.catalogue import Fact, fill
from nextmove.facts.views import create_predicted, create_views, parameters
from nextmove.kpis.needs import write_loaded
from nextmove.settings import Settings
from nextmove.tables import PREDICTED_NAMES

LEFT_BEHIND = frozenset({"order_lines", "web_sessions", "email_events"})
_MADE_HERE = frozenset({"calendar", "periods", "prepared", "schema_version", "loaded"}) | PREDICTED_NAMES


def copy_tables(engine: DuckDBEngine, *, needed: Callable[[str], bool] = lambda _: True) -> None:
    """Copy what is small of the warehouse's `main` schema, where it is `needed`; from then on the source shows the copies."""
    for table in tables_of_warehouse(engine):
        if table in LEFT_BEHIND | _MADE_HERE:
            continue
        if needed(table):
            engine.execute(f"create or replace table main.{name(table)} as select * from source.main.{name(table)}")
        _show_copy(engine, "main", table)
    create_predicted(engine)
    for table in ("calendar", "periods", *sorted(PREDICTED_NAMES)):
        _show_copy(engine, "main", table)
    write_loaded(engine, source="source.main")


def show_facts(engine: DuckDBEngine, settings: Settings, facts: Mapping[str, Fact]) -> None:
    """Create `source.facts`: the facts over the canonical tables as they stood."""
    with speaking_of(engine, "source"):
        create_views(engine, settings, facts)


def _show_copy(engine: DuckDBEngine, schema: str, table: str) -> None:
    edition = engine.query("select current_database() as catalogue").column(0)[0].as_py()
    copy = f"{name(edition)}.{schema}.{name(table)}"
    engine.execute(f"create or replace view source.{schema}.{name(table)} as select * from {copy}")


def materialise_facts(
    engine: DuckDBEngine, settings: Settings, facts: Mapping[str, Fact], *, bring: Mapping[str, Callable[[Fact], None]] | None = None
) -> None:
    """Make each fact that is worth it a table of the edition; facts that read it read that table. Some are to be brought from elsewhere."""
    engine.execute("create schema if not exists facts")
    values, kept, within = parameters(settings), kept_facts(facts), within_edition(facts)
    for fact in facts.values():
        if bring and fact.name in bring:
            bring[fact.name](fact)
        elif fact.name in kept:
            materialise(engine, fact)
        elif not fact.per_period and fact.name in within:
            engine.execute(f"create or replace view facts.{name(fact.name)} as {fill(fact.query, values)}")


def materialise(engine: DuckDBEngine, fact: Fact) -> None:
    """Write one fact, by day where it has one."""
    columns = engine.query(f"select * from source.facts.{name(fact.name)} limit 0").column_names
    order = " order by day" if "day" in columns else ""
    with joins_as_written(engine):
        engine.execute(f"create or replace table facts.{name(fact.name)} as select * from source.facts.{name(fact.name)}{order}")
    read_from_edition(engine, (fact,))


@contextmanager
def joins_as_written(engine: DuckDBEngine) -> Iterator[None]:
    """Within the block a join looks up its second side, as facts are written.

    Left to choose, DuckDB 2.0.0 may build its table of the million lines instead and then stop with an internal error ("dict-surviving
    join: narrowed column received a non-dictionary chunk").
    """
    engine.execute("set disabled_optimizers = 'build_side_probe_side'")
    try:
        yield
    finally:
        engine.execute("reset disabled_optimizers")


def read_from_edition(engine: DuckDBEngine, facts: Iterable[Fact]) -> None:
    """From now on, facts over these facts read the edition's tables instead of computing them again."""
    for fact in facts:
        _show_copy(engine, "facts", fact.name)


def kept_facts(facts: Mapping[str, Fact]) -> frozenset[str]:
    """Facts that an edition holds as tables: those worth it, and those that others read in it and that cannot be made there."""
    stored, within = {fact.name for fact in facts.values() if fact.stored}, within_edition(facts)
    read = {each for fact in facts.values() if not fact.stored for each in fact.reads}
    return frozenset(stored | {each for each in read if each not in within and not facts[each].per_period})


def within_edition(facts: Mapping[str, Fact]) -> set[str]:
    """Facts that can be read in an edition: stored there, or made of nothing that was left behind."""
    found: set[str] = set()
    for fact in facts.values():
        if fact.stored or (not fact.tables & LEFT_BEHIND and fact.reads <= found):
            found.add(fact.name)
    return found
