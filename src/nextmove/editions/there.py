"""A refresh of a workspace on PostgreSQL: what the engine that has the rows works out, instead of handing them all over.

Order lines, web sessions and e-mail events stay there. The facts over them are made there and come here as facts, since pages cut them;
KPI values are told there in the shared passes of the catalogue; and predictions ask there for what they learn from. Here stay the small
tables and the facts over them, the models, KPIs that read predictions, alerts and actions.

There the tables are as they are now. So this holds for an edition that is made anew, of a day after which nothing has come to what stays
there; a small table that has to be rebuilt for the day, such as deals whose stage or amount is another by their history, is read here, and
all that reads it is worked out here. An edition that is brought forward is worked out here of copied tables, and so is every one on Spark,
which would plan hundreds of small statements for minutes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nextmove.editions.asof import BORN, LATER, REBUILT, came_after
from nextmove.editions.source import show_source, warehouse_attached
from nextmove.editions.tables import LEFT_BEHIND, kept_facts, read_from_edition
from nextmove.engine import Distant, DuckDBEngine, Engine, name
from nextmove.errors import UserError
from nextmove.facts import Fact, prepare
from nextmove.facts.catalogue import relations_of
from nextmove.facts.views import prepared, wanted_state
from nextmove.ingest.distant import AtHand
from nextmove.kpis.needs import columns_with_values
from nextmove.settings import Settings
from nextmove.tables import PREDICTED_NAMES, table

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class There:
    """The engine that has the rows, its facts made; and the tables that tell another thing there than at the end of the day."""

    engine: Distant
    facts: Mapping[str, Fact]
    rebuilt: frozenset[str]

    @property
    def only_here(self) -> frozenset[str]:
        return self.rebuilt | PREDICTED_NAMES

    def knows(self, tables: Iterable[str], facts: Iterable[str]) -> bool:
        """Whether what is asked of these is the same there."""
        behind = frozenset(tables).union(*(_tables_behind(self.facts, each) for each in facts))
        return not behind & self.only_here


def prepare_there(far: Distant, settings: Settings, facts: Mapping[str, Fact]) -> None:
    """Make calendar and facts there anew, where settings, facts or data have changed."""
    if prepared(far) != wanted_state(far, settings, facts):
        with far.transaction():
            prepare(far, settings, facts)


def ready_there(hand: AtHand, settings: Settings, facts: Mapping[str, Fact], *, as_of: dt.date) -> There | None:
    """The distant engine with its facts made; None where it cannot work for this day."""
    far = hand.far
    if far is None or not (far.answers_many and settings.warehouse.work_there):
        return None
    there = There(far, facts, _rebuilt(hand, settings, as_of=as_of))
    later = any(_has_later_rows(far, each, settings, as_of=as_of) for each in sorted(LEFT_BEHIND))
    if later or not all(there.knows((), [fact.name]) for fact in facts_of_there(facts)):
        return None
    try:
        prepare_there(far, settings, facts)
    except UserError:  # a fact of the company's own, in SQL that only DuckDB has
        return None
    hand.check_unchanged()
    return there


def _has_later_rows(far: Engine, each: str, settings: Settings, *, as_of: dt.date) -> bool:
    later = came_after(table(each), as_of=as_of, time_zone=settings.company.time_zone)
    return bool(far.query(f"select 1 as one from main.{each} as t where {later} limit 1").num_rows)


def _rebuilt(hand: AtHand, settings: Settings, *, as_of: dt.date) -> frozenset[str]:
    """The small tables that were otherwise at the end of the day."""
    with DuckDBEngine() as here, warehouse_attached(here, hand.path):
        show_source(here, settings, as_of=as_of)
        return frozenset(each for each in {*BORN, *LATER, *REBUILT} - LEFT_BEHIND if _differs(here, each))


def _differs(engine: Engine, each: str) -> bool:
    columns = ", ".join(name(column) for column in engine.query(f"select * from source.main.{each} limit 0").column_names)
    then, now = (f"select {columns}, {sign} as sign from {of}.main.{each}" for of, sign in (("source", 1), ("warehouse", -1)))
    both = f"select 1 as one from ({then} union all {now}) as both_ways group by {columns} having sum(sign) <> 0 limit 1"
    return bool(engine.query(both).num_rows)


def facts_of_there(facts: Mapping[str, Fact]) -> list[Fact]:
    """Those that an edition keeps and that are made of what stays there, but for what is made of other kept ones."""
    kept = kept_facts(facts)
    return [fact for fact in facts.values() if fact.name in kept and _tables_behind(facts, fact.name, but=kept) & LEFT_BEHIND]


def _tables_behind(facts: Mapping[str, Fact], fact: str, *, but: frozenset[str] = frozenset()) -> frozenset[str]:
    """The tables that a fact is made of, also through others; not through those that are at hand."""
    return facts[fact].tables.union(*(_tables_behind(facts, each, but=but) for each in facts[fact].reads - but))


def bring_fact(engine: DuckDBEngine, there: There, fact: Fact) -> None:
    """Write a fact as it was made there, with the types that it has here."""
    here = engine.connection.cursor().sql(f"select * from source.facts.{name(fact.name)} limit 0")
    typed = ", ".join(f"cast({name(column)} as {kind}) as {name(column)}" for column, kind in zip(here.columns, here.types, strict=True))
    order = " order by day" if "day" in here.columns else ""
    engine.write(f"facts.{name(fact.name)}", there.engine.stream(f"select {typed} from facts.{fact.name}{order}"))
    read_from_edition(engine, (fact,))


def add_loaded_there(engine: Engine, there: There) -> None:
    """Note which columns of the tables that stayed there have values."""
    engine.write("main.loaded_there", there.engine.query(columns_with_values(LEFT_BEHIND, source="main")))
    engine.execute("insert into main.loaded by name select * from main.loaded_there")
    engine.execute("drop table main.loaded_there")


@dataclass(frozen=True, eq=False)
class Routed:
    """An edition that is being made, whose questions go where the rows are, as far as these are the same there."""

    edition: DuckDBEngine
    there: There

    dialect = "duckdb"
    keeps_facts = False

    def query(self, sql: str) -> pa.Table:
        tables, facts = relations_of(sql)
        return (self.there.engine if self.there.knows(tables, facts) else self.edition).query(sql)

    def execute(self, sql: str) -> None:
        self.edition.execute(sql)

    def write(self, table: str, rows: pa.Table | pa.RecordBatchReader) -> None:
        self.edition.write(table, rows)

    def tables(self, schema: str) -> Mapping[str, str]:
        return self.edition.tables(schema)

    def close(self) -> None:
        """Both are closed by those who opened them."""
