"""All KPIs as SQL views, each readable by itself and running as it stands.

    DIR/kpis.sql            every view of every KPI, for a database that holds the facts (a warehouse does)
    DIR/facts.sql           the facts, for a database that holds the canonical tables, `main.calendar` and `main.periods`; what
                            predictions fill in an edition (`main.account_values`, …) is made empty where it is missing
    DIR/kpis/ID.sql         the views of one KPI: `kpis.ID`, and `kpis.ID_by_DIMENSION` for each of its dimensions
    DIR/facts/NAME.sql      one fact

A view tells the numbers as they stood at the end of the day on which it was exported, which its first line names.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from nextmove.engine import name
from nextmove.errors import UnknownName
from nextmove.facts import fill, parameters, predicted_tables
from nextmove.kpis import Catalogue, Kpi, Question, compiled_sql
from nextmove.kpis.dimensions import DIMENSIONS
from nextmove.kpis.readable import readable
from nextmove.settings import Settings

_SCHEMAS = "create schema if not exists {schema};\n\n"


@dataclass(frozen=True)
class Wanted:
    """Which views are written. `by` None: every dimension of each KPI; empty: in total only."""

    grain: str | None = None
    calendar: str = "gregorian"
    by: tuple[str, ...] | None = None


def export_sql(folder: Path, catalogue: Catalogue, settings: Settings, *, as_of: dt.date, wanted: Wanted = Wanted()) -> int:
    """Write the views; returns how many there are."""
    _check(wanted)
    (folder / "kpis").mkdir(parents=True, exist_ok=True)
    (folder / "facts").mkdir(exist_ok=True)
    facts = {fact.name: fact_view(catalogue, settings, fact.name) for fact in catalogue.facts.values() if not fact.per_period}
    kpis = {kpi.id: list(kpi_views(catalogue, settings, kpi, as_of=as_of, wanted=wanted)) for kpi in catalogue.kpis.values()}
    for identifier, sql in facts.items():
        _write(folder / "facts" / f"{identifier}.sql", sql)
    for identifier, views in kpis.items():
        _write(folder / "kpis" / f"{identifier}.sql", _SCHEMAS.format(schema="kpis") + "\n".join(views))
    predicted = "".join(f"{statement};\n" for statement in predicted_tables()) + "\n"
    _write(folder / "facts.sql", _SCHEMAS.format(schema="facts") + predicted + "\n".join(facts.values()))
    _write(folder / "kpis.sql", _SCHEMAS.format(schema="kpis") + "\n".join(view for views in kpis.values() for view in views))
    return sum(map(len, kpis.values()))


def fact_view(catalogue: Catalogue, settings: Settings, identifier: str) -> str:
    """One fact as a view, under the comments that tell what a row is."""
    fact = catalogue.fact(identifier)
    comments = [line for line in fact.text.splitlines() if line.startswith("--")]
    query = fill(fact.query, parameters(settings))
    return "\n".join([*comments, f"create or replace view facts.{name(identifier)} as", query]) + ";\n"


def kpi_views(catalogue: Catalogue, settings: Settings, kpi: Kpi, *, as_of: dt.date, wanted: Wanted) -> Iterable[str]:
    """The views of one KPI: in total, then cut by each dimension that is wanted."""
    dimensions = [each for each in kpi.entry.cut_by if wanted.by is None or each in wanted.by]
    for by in ((), *((each,) for each in dimensions)):
        question = Question(kpi.id, wanted.grain, by=by, calendar=wanted.calendar)
        sql = readable(compiled_sql(question, settings, as_of=as_of, catalogue=catalogue))
        comments, body = _parted(sql)
        yield f"{comments}create or replace view kpis.{name('_by_'.join((kpi.id, *by)))} as\n{body.rstrip()};\n"


def _parted(sql: str) -> tuple[str, str]:
    """The comments at the top, and the query."""
    lines = sql.splitlines(keepends=True)
    first = next(n for n, line in enumerate(lines) if not line.startswith("--"))
    return "".join(lines[:first]), "".join(lines[first:])


def _check(wanted: Wanted) -> None:
    known = [dimension.name for dimension in DIMENSIONS]
    for each in wanted.by or ():
        if each not in known:
            raise UnknownName("dimension", each, known)


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
