"""Which stored facts have a rate of exchange for every row, so that no question of them needs to look.

In an edition the facts are tables, and the answer stands in their statistics. In a warehouse they are views: there each question
looks itself, at the rows that it touches.
"""

from __future__ import annotations

from nextmove.engine import Engine
from nextmove.engine.once import once
from nextmove.kpis.catalogue import Catalogue


def priced_facts(engine: Engine, catalogue: Catalogue) -> frozenset[str]:
    """Names of the facts that are tables and in which no row lacks a rate."""
    return once(engine, "priced", lambda: _priced_facts(engine, catalogue))


def _priced_facts(engine: Engine, catalogue: Catalogue) -> frozenset[str]:
    tables = [name for name, kind in engine.tables("facts").items() if kind == "table"]
    named = [name for name in tables if name in catalogue.facts and "unpriced" in catalogue.facts[name].columns]
    if not named:
        return frozenset()
    parts = [f"select '{name}' as fact where not exists (select 1 from facts.{name} where unpriced is not null)" for name in named]
    return frozenset(str(fact) for fact in engine.query(" union all ".join(parts)).column(0).to_pylist())
