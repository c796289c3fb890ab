"""What a KPI needs, and whether it is loaded.

Every canonical table exists from the start, so "missing" means: no row has a value in the column. `needs` of an entry are
lists of columns, `a.b or c.d` where one of them will do, and `prediction.clv` for what only a refresh makes; an edition keeps what was
loaded in `main.loaded`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from nextmove.engine import Engine, name
from nextmove.engine.once import once
from nextmove.errors import MissingData
from nextmove.kpis.catalogue import Catalogue, Kpi
from nextmove.tables import FILLED_BY, PREDICTED_NAMES, TABLES

_ALTERNATIVES = re.compile(r"\s+or\s+")
_PREDICTION = "prediction."


def require(engine: Engine, catalogue: Catalogue, kpi: Kpi) -> None:
    """Raise an error that names the missing columns and how to load them."""
    for need in missing(engine, catalogue, kpi):
        columns = _ALTERNATIVES.split(need)
        if columns[-1].startswith(_PREDICTION):
            raise _unpredicted(kpi, columns[-1].removeprefix(_PREDICTION))
        tables = list(dict.fromkeys(column.split(".")[0] for column in columns))
        raise MissingData(
            f"{kpi.id} needs {need}; neither is loaded." if len(columns) > 1 else f"{kpi.id} needs {need}, which is not loaded.",
            where=f"the tables of this workspace ({', '.join(_with_rows(engine)) or 'all empty'})",
            hint=" or ".join(f"nextmove load {table}.csv --table {table}" for table in tables),
        )


def _unpredicted(kpi: Kpi, task: str) -> MissingData:
    return MissingData(
        f"{kpi.id} needs the prediction {task}, which a refresh makes where there is enough history.",
        where="the numbers that are read here hold none",
        hint="nextmove refresh",
    )


def missing(engine: Engine, catalogue: Catalogue, kpi: Kpi) -> list[str]:
    """Needs of a KPI that nothing fills."""
    needs = needs_of(catalogue, kpi)
    columns = _columns(needs)
    there = once(engine, columns, lambda: loaded(engine, columns))
    return _unfilled(needs, there)


def with_data(engine: Engine, catalogue: Catalogue) -> list[Kpi]:
    """The KPIs whose needs are all filled, found in one look."""
    needs = {kpi.id: needs_of(catalogue, kpi) for kpi in catalogue.kpis.values()}
    there = loaded(engine, frozenset[str]().union(*map(_columns, needs.values())))
    return [kpi for kpi in catalogue.kpis.values() if not _unfilled(needs[kpi.id], there)]


def _columns(needs: Iterable[str]) -> frozenset[str]:
    return frozenset(column for need in needs for column in _ALTERNATIVES.split(need))


def _unfilled(needs: Iterable[str], there: frozenset[str]) -> list[str]:
    return [need for need in needs if there.isdisjoint(_ALTERNATIVES.split(need))]


def needs_of(catalogue: Catalogue, kpi: Kpi) -> tuple[str, ...]:
    """Columns without which the KPI is empty: its own list, else those of its facts, and of the KPIs that it is made of."""
    if kpi.entry.needs:
        return kpi.entry.needs
    facts = [measure.fact for measure in kpi.entry.all_measures().values()]
    facts += [kpi.entry.retained.fact] if kpi.entry.retained else []
    found = [need for fact in facts for need in catalogue.fact(fact).needs]
    for other in others(catalogue, kpi):
        found += needs_of(catalogue, other)
    return tuple(dict.fromkeys(found))


def reads_predictions(catalogue: Catalogue, kpi: Kpi) -> bool:
    """Whether a KPI reads what a refresh predicts, through any of its facts or of the KPIs that it is made of."""
    return any(_made_of_predictions(catalogue, fact) for fact in facts_read(catalogue, kpi))


def facts_read(catalogue: Catalogue, kpi: Kpi) -> frozenset[str]:
    """The facts that a KPI reads, itself or through the KPIs that it is made of."""
    entry = kpi.entry
    facts = {fact for measure in entry.measures_read() for fact in (measure.fact, *measure.join)}
    facts |= {entry.retained.fact} if entry.retained else set()
    return frozenset(facts).union(*(facts_read(catalogue, other) for other in others(catalogue, kpi)))


def _made_of_predictions(catalogue: Catalogue, name: str) -> bool:
    fact = catalogue.fact(name)
    return not fact.tables.isdisjoint(PREDICTED_NAMES) or any(_made_of_predictions(catalogue, each) for each in fact.reads)


def others(catalogue: Catalogue, kpi: Kpi) -> list[Kpi]:
    """The KPIs that a KPI is made of."""
    entry = kpi.entry
    names = [entry.growth.of] if entry.growth else re.findall(r"[a-z_][a-z0-9_]*", entry.formula or "")
    return [catalogue.kpis[each] for each in names if each in catalogue.kpis]


def loaded(engine: Engine, columns: Collection[str]) -> frozenset[str]:
    """Which of these `table.column` any row has a value in."""
    if not columns:
        return frozenset()
    kept = _knows(engine, "loaded")
    parts = [_has_value(column, kept=kept) for column in sorted(columns)]
    return frozenset(str(column) for column in engine.query(" union all ".join(parts)).column(0).to_pylist())


def _has_value(column: str, *, kept: bool) -> str:
    table, _, field = column.partition(".")
    if table == "prediction":
        return f"select '{column}' as known where exists (select 1 from main.{FILLED_BY[field]})"
    where = f"main.loaded where table_name = '{table}' and column_name = '{field}'"
    if not kept:
        where = f"main.{name(table)} where {name(field)} is not null"
    return f"select '{column}' as known where exists (select 1 from {where})"


def write_loaded(engine: Engine, *, source: str = "main", target: str = "main") -> None:
    """Keep in `target.loaded` which columns of the canonical tables in `source` have values: an edition leaves tables behind."""
    found = columns_with_values([table.name for table in TABLES], source=source)
    engine.execute(f"create or replace table {target}.loaded as {found}")


def columns_with_values(tables: Collection[str], *, source: str) -> str:
    """The query that finds the columns of these tables which have values."""
    parts = [
        f"select '{table.name}' as table_name, '{column.name}' as column_name where exists "
        f"(select 1 from {source}.{table.name} where {name(column.name)} is not null)"
        for table in TABLES
        for column in table.columns
        if table.name in tables
    ]
    return " union all ".join(parts)


def loaded_columns(engine: Engine) -> frozenset[tuple[str, str]]:
    """The columns that have values, as an edition keeps them."""
    rows = engine.query("select table_name, column_name from main.loaded").to_pylist()
    return frozenset((row["table_name"], row["column_name"]) for row in rows)


def _with_rows(engine: Engine) -> list[str]:
    if _knows(engine, "loaded"):
        return [str(table) for table in engine.query("select distinct table_name from main.loaded order by 1").column(0).to_pylist()]
    return [table.name for table in TABLES if engine.query(f"select 1 from main.{table.name} limit 1").num_rows]


def _knows(engine: Engine, table: str) -> bool:
    return table in engine.tables("main")
