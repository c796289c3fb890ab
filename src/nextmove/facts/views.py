"""The facts as views of a warehouse, and the calendar they join: made when the settings or the facts have changed.

On an engine that keeps facts they are tables, made anew when the data have changed as well.

What they were made from is kept as a fingerprint in `main.prepared`, so that opening a warehouse costs one look.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from nextmove.engine import Engine, literal, name
from nextmove.errors import UserError
from nextmove.facts.catalogue import Fact, fill
from nextmove.ingest.batches import warehouse_version
from nextmove.settings import Settings
from nextmove.tables import PREDICTED
from nextmove.tables.calendar import write_calendar

_VERSION = "4"  # raise it when the columns of the calendar or of what is predicted change


def parameters(settings: Settings) -> dict[str, str]:
    """What `:name` stands for in facts and KPIs: the company's settings and definitions, as SQL."""
    values = {"reporting_currency": literal(settings.company.reporting_currency)}
    for key, value in settings.definitions.model_dump().items():
        values[key] = ", ".join(literal(item) for item in value) or "null" if isinstance(value, tuple) else literal(value)
    values["stage_places"] = _places(settings.definitions.stage_order)
    values["persona_fit"] = _persona_fit(settings.persona)
    return values


def _places(names: tuple[str, ...]) -> str:
    """Names with their places, as the rows of `values`; one row without a name where there are none."""
    return ", ".join(f"({literal(each)}, {place})" for place, each in enumerate(names, start=1)) or "(cast(null as varchar), 0)"


def _persona_fit(persona: Mapping[str, tuple[str, ...]]) -> str:
    """The share of the persona's attributes that a row matches, as SQL; a missing attribute does not match."""
    if not persona:
        return "cast(null as double)"
    matches = [
        f"case when {name(attribute)} in ({', '.join(literal(value) for value in accepted) or 'null'}) then 1 else 0 end"
        for attribute, accepted in persona.items()
    ]
    return f"cast({' + '.join(matches)} as double) / {len(matches)}"


def prepare(engine: Engine, settings: Settings, facts: Mapping[str, Fact]) -> None:
    """Make the calendar and the views where they are missing or made from other settings."""
    wanted = wanted_state(engine, settings, facts)
    if prepared(engine) == wanted:
        return
    write_calendar(engine, settings)
    create_predicted(engine)
    create_views(engine, settings, facts)
    engine.execute(f"create or replace table main.prepared as select {literal(wanted)} as fingerprint")


def create_predicted(engine: Engine) -> None:
    """Make the tables that predictions fill, where they are missing: facts read them everywhere, only an edition has rows in them."""
    for statement in predicted_tables():
        engine.execute(statement)


def predicted_tables() -> list[str]:
    """The statements that make these tables."""
    columns = {table.name: ", ".join(f"{name(column.name)} {column.kind.sql_type}" for column in table.columns) for table in PREDICTED}
    return [f"create table if not exists main.{table} ({listed})" for table, listed in columns.items()]


def create_views(engine: Engine, settings: Settings, facts: Mapping[str, Fact]) -> None:
    """Make one view a fact in the schema `facts`; an engine that keeps facts has a table of each that is worth it."""
    values = parameters(settings)
    engine.execute("create schema if not exists facts")
    for known, kind in engine.tables("facts").items() if engine.keeps_facts else ():
        engine.execute(f"drop {kind} if exists facts.{name(known)} cascade")
    for fact in facts.values():
        if not fact.per_period:
            kind = "table" if engine.keeps_facts and fact.stored else "view"
            with _told_where(fact):
                engine.execute(f"create or replace {kind} facts.{fact.name} as\n{fill(fact.query, values)}")


@contextmanager
def _told_where(fact: Fact) -> Iterator[None]:
    """What an engine says against a company's own fact is the company's to put right: it is told with the file."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:  # each engine has errors of its own
        if not fact.own:
            raise
        said = " ".join(str(error).split("LINE ")[0].split())
        named = re.search(r'column "(\w+)"|name (\w+)', said)
        line = fact.line_of(named[1] or named[2]) if named else 1
        raise UserError(f"The fact {fact.name} cannot be made. {said}", where=f"{fact.path}:{line}") from None


def wanted_state(engine: Engine, settings: Settings, facts: Mapping[str, Fact]) -> str:
    """What calendar and facts should be made from; where they are kept as tables, also the state of the data."""
    found = fingerprint(settings, facts)
    return f"{found} {warehouse_version(engine)}" if engine.keeps_facts else found


def prepared(engine: Engine) -> str | None:
    """The fingerprint of what the views were made from."""
    if "prepared" not in engine.tables("main"):
        return None
    return str(engine.query("select fingerprint from main.prepared").column(0)[0].as_py())


def fingerprint(settings: Settings, facts: Mapping[str, Fact]) -> str:
    """Equal for two states whose calendar and facts are the same."""
    company = settings.company.model_dump_json(exclude={"as_of", "name"})
    parts = [_VERSION, company, settings.definitions.model_dump_json(), repr(settings.persona)]
    parts += [fact.name + fact.text for fact in facts.values()]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
