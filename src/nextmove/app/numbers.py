"""KPI values for pages: asked of the edition within a person's reach, each question once per edition.

The running period is compared like for like (`versus` does that), and a person's target is that of their own
representative or team, or the company's; none is derived.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from functools import cache
from typing import cast

from nextmove.app import telling
from nextmove.app.edition import Row
from nextmove.app.visit import Visit, shelf
from nextmove.editions.definitions import definitions
from nextmove.errors import MissingData, UnknownName
from nextmove.kpis import Catalogue, Kpi, Question, answer, load_catalogue
from nextmove.kpis.needs import missing, others
from nextmove.tables.calendar import calendar_of
from nextmove.words import text

UNKNOWN = "(unknown)"
_COST_WORDS = ("cost", "profit")


@cache
def catalogue() -> Catalogue:
    """The KPIs of this workspace."""
    return load_catalogue(shelf().workspace)


@dataclass(frozen=True)
class Value:
    """One value of a KPI: a period, maybe of one member, with what it is held against."""

    start: dt.date
    end: dt.date
    value: float | None
    complete: bool
    immature: bool = False
    member: str = ""
    numerator: float | None = None
    denominator: float | None = None
    rows: int | None = None
    coverage: float | None = None
    versus: float | None = None
    change: float | None = None
    target: float | None = None
    required: float | None = None  # what each working day that is left must bring to reach the target


def kpi_within_reach(visit: Visit, identifier: str) -> Kpi:
    """The KPI, where it may be seen: one that reveals cost may be hidden, one without representatives has no part of theirs."""
    kpi = catalogue().kpi(identifier)
    if not may_see(visit, kpi):
        raise UnknownName("KPI", identifier, [each.id for each in kpis_within_reach(visit)])
    return kpi


def kpis_within_reach(visit: Visit) -> list[Kpi]:
    return [kpi for kpi in catalogue().kpis.values() if may_see(visit, kpi)]


def may_see(visit: Visit, kpi: Kpi) -> bool:
    if visit.reach.hides_cost and reveals_cost(kpi):
        return False
    return visit.reach.scope.everything or bool({"rep", "team"} & set(kpi.entry.cut_by))


def reveals_cost(kpi: Kpi) -> bool:
    """Whether cost or profit goes into it, directly or through a KPI that it is made of."""
    texts = [formula for measure in kpi.entry.all_measures().values() for formula in measure.expressions()]
    own = any(word in formula for formula in texts for word in _COST_WORDS)
    return own or any(reveals_cost(other) for other in others(catalogue(), kpi))


def lacking(visit: Visit, kpi: Kpi) -> tuple[str, ...]:
    """Columns that the KPI needs and nobody loaded; facts that an edition of an older version does not have."""

    def ask() -> tuple[str, ...]:
        facts = {f"facts.{name}" for name in _facts(kpi) if not catalogue().fact(name).per_period}
        return (*missing(visit.edition.engine, catalogue(), kpi), *sorted(facts - visit.edition.tables))

    return visit.edition.kept(("lacking", kpi.id), ask)


def _facts(kpi: Kpi) -> set[str]:
    """The facts that go into a KPI, its own and those of the KPIs that it is made of."""
    measures = kpi.entry.all_measures().values()
    own = {name for measure in measures for name in (measure.fact, *measure.join)}
    own |= {kpi.entry.retained.fact} if kpi.entry.retained else set()
    return own.union(*(_facts(other) for other in others(catalogue(), kpi)))


def values(visit: Visit, question: Question) -> list[Value]:
    """The values of a question within reach, oldest first."""
    asked = replace(question, scope=visit.reach.scope)
    key = ("values", asked.kpi, asked.grain, asked.by, asked.where, asked.start, asked.end, asked.calendar, asked.basis, asked.versus)
    options = tuple(sorted(asked.options.items()))
    return visit.edition.kept((*key, options, asked.scope), lambda: _ask(visit, asked))


def flat(visit: Visit, question: Question) -> list[Row]:
    """The rows of an answer as the command line prints them."""
    asked = replace(question, scope=visit.reach.scope)
    if lacks := lacking(visit, catalogue().kpi(asked.kpi)):
        raise MissingData(f"{asked.kpi} needs {' and '.join(lacks)}, which is not loaded.", hint="nextmove load FILE")
    return _rows(visit, asked)


def _ask(visit: Visit, question: Question) -> list[Value]:
    return [_value(row, question) for row in _rows(visit, question)]


def _rows(visit: Visit, question: Question) -> list[Row]:
    import duckdb

    try:
        found = answer(visit.edition.engine, question, visit.settings, as_of=visit.edition.as_of, catalogue=catalogue())
    except (duckdb.BinderException, duckdb.CatalogException):
        if not outdated(visit):
            raise
        raise MissingData("These numbers were published by another version or with other definitions.", hint="nextmove refresh") from None
    return cast("list[Row]", found.to_pylist())


def outdated(visit: Visit) -> bool:
    """Whether the edition was made by other definitions than those that are asked now."""
    now = definitions(visit.settings, catalogue())
    return visit.edition.published.meta.definitions != now


def _value(row: Row, question: Question) -> Value:
    return Value(
        start=row["period_start"],
        end=row["period_end"],
        value=_number(row["value"]),
        complete=row["complete"],
        immature=bool(row["immature"]),
        member=row[question.by[0]] if question.by else "",
        numerator=_number(row["numerator"]),
        denominator=_number(row["denominator"]),
        rows=row["rows"],
        coverage=_number(row["coverage"]),
        versus=_number(row.get("versus_value")),
        change=_number(row.get("change")),
        target=_number(row.get("target")),
        required=_number(row.get("required_per_day")),
    )


def _number(value: object) -> float | None:
    return None if value is None else float(value)  # type: ignore[arg-type]  # a number of some kind


def periods_back(visit: Visit, *, calendar: str, grain: str, count: int) -> dt.date:
    """The first day of the period `count` periods before the one that runs."""
    grid = calendar_of(visit.settings).grid(calendar, grain)
    return grid.period(grid.holding(visit.edition.as_of).id - count).start


def member_name(visit: Visit, dimension: str, member: str) -> str:
    """What a member of a dimension is called: its name in the data, ours where we have one, else as it stands."""
    if member == UNKNOWN:
        return text("app.kpi.unknown")
    return member_names(visit, dimension).get(member) or telling.named(f"app.member.{dimension}.", member)


def member_names(visit: Visit, dimension: str) -> dict[str, str]:
    """Id → name of the members of a dimension that has names."""
    table, key = {
        "rep": ("reps", "rep_id"),
        "product": ("products", "product_id"),
        "account": ("accounts", "account_id"),
        "campaign": ("campaigns", "campaign_id"),
    }.get(dimension, ("", ""))
    if not table:
        return {}
    ask = f"select {key} as id, name from main.{table} where name is not null"
    return visit.edition.kept(("names", dimension), lambda: {row["id"]: row["name"] for row in visit.edition.rows(ask)})
