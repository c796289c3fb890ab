"""Bring an edition forward instead of making it anew: only what the loads since then touched is computed again.

A row of a fact changes because its own line came, went or changed (the batches know those days), because a day has come into sight
(`as_of` moved), because a rate of exchange changed, or because its customer, product, campaign or representative did. `Touched` names
all these rows by their day and their ids; they are deleted from the edition's table and taken again from the warehouse, which
gives the same table as making it anew. What cannot be named so is made anew as a whole.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import pyarrow as pa

from nextmove.editions.asof import BORN, LATER, REBUILT, as_of_select, came_between
from nextmove.editions.deltas import difference, note_difference, set_aside
from nextmove.editions.source import tables_of_warehouse
from nextmove.editions.tables import LEFT_BEHIND, joins_as_written, kept_facts, materialise, read_from_edition
from nextmove.engine import DuckDBEngine, literal, name
from nextmove.facts.catalogue import Fact
from nextmove.ingest.batches import Changed
from nextmove.kpis.reach import Since
from nextmove.settings import Settings
from nextmove.tables import table

# Tables whose rows stand behind the columns of a fact's row, by their key.
DIMENSIONS: Mapping[str, str] = {"accounts": "account_id", "products": "product_id", "campaigns": "campaign_id", "reps": "rep_id"}
_MOST_SHARE = 0.3  # of a fact's rows; with more, making it anew is faster
_ONE_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Move:
    """From which state to which: the days at whose ends the numbers stand, and what the loads between them changed."""

    before: dt.date
    as_of: dt.date
    changed: Mapping[str, Changed]
    in_sight: frozenset[str] = frozenset({*BORN, *LATER})  # tables that look different since the day moved; before a look, any may

    @property
    def moved(self) -> bool:
        return self.as_of != self.before

    def alters(self, canonical: str) -> bool:
        """Whether that table may look different now."""
        return canonical in self.changed or (self.moved and canonical in self.in_sight)


@dataclass(frozen=True)
class Touched:
    """What one move touched; `delta` in memory holds the days and ids. `dimensions` are those of which some rows changed."""

    move: Move
    facts: Mapping[str, Fact]
    dimensions: frozenset[str]
    first_day: dt.date | None

    @cached_property
    def kept(self) -> frozenset[str]:
        return kept_facts(self.facts)

    @property
    def since(self) -> dt.date | None:
        """The first day whose numbers may differ now; None where any day's may, since attributes have no history."""
        if self.dimensions or any(changed.undated for changed in self.move.changed.values() if changed.table not in DIMENSIONS):
            return None
        days = [self.first_day, *(changed.first_day for changed in self.move.changed.values())]
        return min([day for day in days if day is not None] + [self.move.before + _ONE_DAY])

    def tables_behind(self, fact: Fact) -> set[str]:
        """Canonical tables that a fact is made of, through facts that are not stored."""
        behind = set(fact.tables)
        for read in fact.reads:
            if read not in self.kept:
                behind |= self.tables_behind(self.facts[read])
        return behind

    def stored_behind(self, fact: Fact) -> set[str]:
        """Stored facts that a fact reads, also through facts that are not stored."""
        behind: set[str] = set()
        for read in fact.reads:
            behind |= {read} if read in self.kept else self.stored_behind(self.facts[read])
        return behind


def look_closely(engine: DuckDBEngine, settings: Settings, move: Move) -> Move:
    """The move with those tables only that look different since the day moved: most days bring rows to few."""
    if not move.moved:
        return move
    there = set(tables_of_warehouse(engine))
    dated = [each for each in sorted({*BORN, *LATER}) if each in there and each not in move.changed]
    return replace(move, in_sight=frozenset(each for each in dated if _came_into_sight(engine, settings, move, each)))


def _came_into_sight(engine: DuckDBEngine, settings: Settings, move: Move, canonical: str) -> bool:
    """Whether a row came or something happened to one; where values are found in other tables, whether any row differs."""
    met = came_between(table(canonical), before=move.before, as_of=move.as_of, time_zone=settings.company.time_zone)
    asked = f"select 1 from warehouse.main.{canonical} as t where {met} limit 1"
    if canonical in REBUILT:  # sums of hashes take a third of what looking for a differing row takes
        columns = ", ".join(name(column.name) for column in table(canonical).columns)
        old, new = (f"select count(*) as n, sum(hash({columns})) as hashed from {schema}.{canonical}" for schema in ("main", "source.main"))
        asked = f"select 1 from ({old}) as old, ({new}) as new where (old.n, old.hashed) is distinct from (new.n, new.hashed)"
    return bool(engine.query(asked).num_rows)


def find_touched(engine: DuckDBEngine, facts: Mapping[str, Fact], move: Move) -> Touched:
    """Compare the edition's dimension tables with the source's, and note the days. Call it before tables are copied."""
    engine.execute("attach ':memory:' as delta")
    changed_dimensions = frozenset(each for each in DIMENSIONS if move.alters(each))
    met = frozenset(each for each in changed_dimensions if _note_changed_ids(engine, each, facts))
    engine.execute("create table delta.days (source varchar, day date)")
    for source in sorted(LEFT_BEHIND):
        _note_days(engine, source, move)
    first = engine.query("select min(day) as day from delta.days")["day"][0].as_py()
    return Touched(move, facts, met, first)


def _note_changed_ids(engine: DuckDBEngine, dimension: str, facts: Mapping[str, Fact]) -> bool:
    """Ids whose row differs and that stand in stored facts; an id that is new altogether comes with its own lines."""
    key, columns = DIMENSIONS[dimension], ", ".join(name(column.name) for column in table(dimension).columns)
    old, new = f"select {columns} from main.{dimension}", f"select {columns} from source.main.{dimension}"
    used = [f"select {key} from facts.{each}" for each in sorted(kept_facts(facts)) if key in facts[each].columns]
    engine.execute(
        f"create table delta.{dimension} as select distinct {key} from"
        f" (({old} except {new}) union all ({new} except {old})) as differing"
        f" where {key} in ({' union all '.join(used) or f'select null::varchar as {key}'})"
    )
    return bool(engine.query(f"select count(*) as ids from delta.{dimension}")["ids"][0].as_py())


def _note_days(engine: DuckDBEngine, source: str, move: Move) -> None:
    """Days of a table that loads touched, came into sight, or on which something became known."""
    changed = move.changed.get(source)
    for day in changed.days if changed else ():
        engine.execute(f"insert into delta.days values ({literal(source)}, {literal(day)})")
    if not move.moved:
        return
    engine.execute(
        f"insert into delta.days select {literal(source)}, day from main.calendar"
        f" where day > {literal(move.before)} and day <= {literal(move.as_of)}"
    )
    for event in LATER.get(source, {}):
        known = f"{event} > {literal(move.before)} and {event} <= {literal(move.as_of)}"
        for shift in (-1, 0, 1):  # a UTC day holds moments of two local days
            engine.execute(
                f"insert into delta.days select distinct {literal(source)}, cast({BORN[source]} as date) + {shift}"
                f" from warehouse.main.{source} where {known}"
            )


def note_rate_days(engine: DuckDBEngine, touched: Touched) -> None:
    """Days on which a rate of exchange differs now; call it before `daily_rates` is made anew."""
    rates = touched.facts.get("daily_rates")
    if rates is None or rates.name not in touched.kept or not touched.move.alters("exchange_rates"):
        return
    old, new = "select currency, day, rate from facts.daily_rates", "select currency, day, rate from source.facts.daily_rates"
    engine.execute(
        f"insert into delta.days select distinct source, day from (({old} except {new}) union all ({new} except {old})) as differing"
        f" cross join (values {', '.join(f'({literal(source)})' for source in sorted(LEFT_BEHIND))}) as sources (source)"
        f" where day <= {literal(touched.move.as_of)}"
    )


@dataclass(frozen=True)
class Brought:
    """Facts that were made anew as a whole, and those of which rows differ from before."""

    anew: frozenset[str]
    altered: frozenset[str]


def bring_forward(engine: DuckDBEngine, settings: Settings, touched: Touched) -> Brought:
    """Bring every stored fact forward."""
    note_rate_days(engine, touched)
    _narrow_sources(engine, settings, touched)
    engine.execute("create table delta.met (account_id varchar, day date)")
    altered, anew = set[str](), set[str]()
    for fact in touched.facts.values():
        if fact.name not in touched.kept:
            continue
        stored, behind = touched.stored_behind(fact), touched.tables_behind(fact)
        if not stored & altered and not any(touched.move.alters(each) for each in behind):
            read_from_edition(engine, (fact,))
            continue
        differs = None if stored & (anew - {"daily_rates"}) else _bring_one_forward(engine, touched, fact)
        if differs is None:
            differs = _make_anew(engine, settings, touched, fact)
            anew.add(fact.name)
        altered |= {fact.name} if differs else set()
    return Brought(frozenset(anew), frozenset(altered))


def accounts_with_changed_lines(engine: DuckDBEngine, changed: Since) -> pa.Array:
    """The accounts of which lines have come, gone or changed."""
    if "sales" not in changed.rows:
        return pa.array([], pa.string())
    rows = engine.query(f"select distinct account_id from {changed.rows['sales']} where account_id is not null order by 1")
    return rows["account_id"].combine_chunks()


def _make_anew(engine: DuckDBEngine, settings: Settings, touched: Touched, fact: Fact) -> bool:
    for source in sorted(touched.tables_behind(fact) & LEFT_BEHIND):
        engine.execute(f"create or replace view source.main.{source} as {_select(settings, touched, source)}")
    with set_aside(engine, fact) as was:
        materialise(engine, fact)
        differs = note_difference(engine, fact, was=was, now=f"facts.{name(fact.name)}")
    _narrow_sources(engine, settings, touched)
    return differs


def _bring_one_forward(engine: DuckDBEngine, touched: Touched, fact: Fact) -> bool | None:
    """Replace the touched rows of a fact, where they can be named, and say whether any differs; None where they cannot."""
    if not fact.rebuilt:
        return _by_day(engine, touched, fact)
    behind, read = touched.tables_behind(fact), [touched.facts[each] for each in touched.stored_behind(fact)]
    by_account = set(fact.rebuilt) <= {"account_id", "day"} and all(set(fact.rebuilt) <= set(each.columns) for each in read)
    if not by_account or behind & LEFT_BEHIND or any(touched.move.alters(each) for each in behind - set(DIMENSIONS)):
        return None
    rows_of_its_own = fact.tables - set(DIMENSIONS)  # their customers, campaigns and representatives are not those of the lines
    return None if rows_of_its_own and behind & touched.dimensions else _by_account(engine, fact, read)


def _by_day(engine: DuckDBEngine, touched: Touched, fact: Fact) -> bool | None:
    behind = touched.tables_behind(fact)
    sources = sorted(behind & LEFT_BEHIND)
    if not sources or touched.stored_behind(fact) - {"daily_rates"} or "day" not in fact.columns:
        return None
    if any(touched.move.alters(each) for each in behind - LEFT_BEHIND - set(DIMENSIONS) - {"exchange_rates"}):
        return None
    dimensions = sorted(behind & touched.dimensions)
    if any(DIMENSIONS[each] not in fact.columns for each in dimensions):
        return None
    days = f"day in (select day from delta.days where source in ({', '.join(literal(each) for each in sources)}))"
    ids = [f"{DIMENSIONS[each]} in (select {DIMENSIONS[each]} from delta.{each})" for each in dimensions]
    return _replace(engine, fact, " or ".join([days, *ids]), note_accounts="account_id" in fact.columns)


def _by_account(engine: DuckDBEngine, fact: Fact, read: list[Fact]) -> bool | None:
    """All rows of the accounts (or of their days) whose lines changed, from these lines alone."""
    met = " and ".join(f"{key} in (select {key} from delta.met)" for key in fact.rebuilt)  # each by itself, which skips whole blocks
    if len(fact.rebuilt) > 1:
        met += f" and ({', '.join(fact.rebuilt)}) in (select ({', '.join(fact.rebuilt)}) from delta.met)"
    edition = engine.query("select current_database() as catalogue").column(0)[0].as_py()
    for each in read:
        narrow = f"select * from {name(edition)}.facts.{name(each.name)} where {met}"
        engine.execute(f"create or replace view source.facts.{name(each.name)} as {narrow}")
    done = _replace(engine, fact, met, note_accounts=False)
    read_from_edition(engine, read)
    return done


def _replace(engine: DuckDBEngine, fact: Fact, condition: str, *, note_accounts: bool) -> bool | None:
    """Delete the rows that meet the condition and take them again from the source."""
    edition, source = f"facts.{name(fact.name)}", f"source.facts.{name(fact.name)}"
    engine.execute(f"create or replace table delta.was as select * from {edition} where {condition}")
    counted = engine.query(f"select (select count(*) from {edition}) as total, (select count(*) from delta.was) as hit").to_pylist()[0]
    if counted["hit"] > _MOST_SHARE * counted["total"]:
        return None
    with joins_as_written(engine):
        engine.execute(f"create or replace table delta.now as select * from {source} where {condition}")
    for relation in ("delta.was", "delta.now") if note_accounts else ():
        engine.execute(f"insert into delta.met select distinct account_id, day from {relation} where account_id is not null")
    differs = note_difference(engine, fact, was="delta.was", now="delta.now")
    if differs:
        _write_what_differs(engine, fact, edition, condition)
    read_from_edition(engine, (fact,))
    return differs


def _write_what_differs(engine: DuckDBEngine, fact: Fact, edition: str, condition: str) -> None:
    """Of the rows that meet the condition, replace those from the first day on that is not as it was: it is mostly one of the last."""
    if "day" not in fact.columns:
        engine.execute(f"delete from {edition} where {condition}")
        engine.execute(f"insert into {edition} by name select * from delta.now")
        return
    first = engine.query(f"select min(day) as day from {difference(fact.name)}")["day"][0].as_py()
    later = f"day >= {literal(first)} or day is null" if first else "true"
    engine.execute(f"delete from {edition} where ({condition}) and ({later})")
    engine.execute(f"insert into {edition} by name select * from delta.now where {later} order by day")


def _narrow_sources(engine: DuckDBEngine, settings: Settings, touched: Touched) -> None:
    """Let the tables that were left behind show only rows that may be touched, so that the rest is not even read.

    With changed ids a line of any day may be touched; a representative may stand behind a line through its account as well.
    """
    for source in sorted(LEFT_BEHIND):
        select = _select(settings, touched, source)
        if touched.dimensions:
            ids = [(each, DIMENSIONS[each]) for each in sorted(touched.dimensions) if _has_column(source, DIMENSIONS[each])]
            wide = "reps" in touched.dimensions
            or_ids = "".join(f" or {key} in (select {key} from delta.{each})" for each, key in ids)
            narrow = select if wide else f"select * from ({select}) as t where {_near_days(source)}{or_ids}"
        else:
            narrow = f"select * from ({select}) as t where {_within_days(engine, source)} and {_near_days(source)}"
        engine.execute(f"create or replace view source.main.{source} as {narrow}")


def _select(settings: Settings, touched: Touched, source: str) -> str:
    return as_of_select(table(source), source="warehouse.main", as_of=touched.move.as_of, time_zone=settings.company.time_zone)


def _near_days(source: str) -> str:
    """Rows born on a touched day or beside it: the UTC day of a moment and its local day differ by one at most."""
    near = " union ".join(f"select day + {shift} from delta.days where source = {literal(source)}" for shift in (-1, 0, 1))
    return f"cast({BORN[source]} as date) in ({near})"


def _within_days(engine: DuckDBEngine, source: str) -> str:
    """The same as a plain range, which skips whole blocks of the file."""
    row = engine.query(f"select min(day) as first, max(day) as last from delta.days where source = {literal(source)}").to_pylist()[0]
    if row["first"] is None:
        return "false"
    return f"{BORN[source]} >= {literal(row['first'] - _ONE_DAY)} and {BORN[source]} < {literal(row['last'] + 2 * _ONE_DAY)}"


def _has_column(canonical: str, column: str) -> bool:
    return column in {each.name for each in table(canonical).columns}
