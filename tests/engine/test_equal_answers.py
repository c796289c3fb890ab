"""Every fact and every KPI, on every engine, equal to DuckDB's to six digits, on the reference company."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from functools import cache
from typing import Any

import pytest

from nextmove.engine import Distant, DuckDBEngine, Engine, distant_engine
from nextmove.facts import load_facts, prepare
from nextmove.facts.catalogue import fill
from nextmove.facts.views import parameters
from nextmove.kpis import Question, compiled_sql, load_catalogue
from nextmove.kpis.priced import priced_facts
from nextmove.tables import PREDICTED, TABLES
from nextmove.tables.calendar import write_calendar

from .conftest import DISTANT

CATALOGUE = load_catalogue()
FACTS = {name: fact for name, fact in load_facts().items() if not fact.per_period}
KPIS = list(CATALOGUE.kpis.values())
AT_ONCE = 6  # KPIs a statement: planning one costs Spark more than running it
CHUNKS = [KPIS[n : n + AT_ONCE] for n in range(0, len(KPIS), AT_ONCE)]
WAYS = {"month": ("month", "gregorian", False), "member": ("month", "gregorian", True), "fiscal": ("quarter", "fiscal", False)}

Row = tuple[Any, ...]  # Any: a cell


@pytest.fixture(scope="module", params=DISTANT)
def engine(request: pytest.FixtureRequest, new_place: Callable[[str, str], str], reference: Any) -> Iterator[Distant]:
    engine = distant_engine(new_place(request.param, "equal"))
    with engine.transaction():
        for table in ("batches", *(table.name for table in (*TABLES, *PREDICTED))):
            engine.write(f"main.{table}", reference.engine.query(f"from main.{table}"))
        prepare(engine, reference.settings, load_facts())
    yield engine
    engine.close()


@pytest.mark.parametrize("fact", FACTS)
def test_every_fact(fact: str, engine: Distant, reference: Any) -> None:
    columns = ", ".join(FACTS[fact].columns)
    ours, theirs = (_sorted(each.query(f"select {columns} from facts.{fact}").to_pylist()) for each in (reference.engine, engine))
    assert len(theirs) == len(ours)
    assert not [pair for pair in zip(ours, theirs, strict=True) if not _same(*pair)]


def test_response_times_in_working_hours(engine: Distant, reference: Any) -> None:
    """Where the company has set them, which the reference company has not."""
    company = reference.settings.company.model_copy(update={"working_hours": ("09:00", "17:00")})
    hours = reference.settings.model_copy(update={"company": company})
    query = f"select lead_id, response_hours, response_band from ({fill(FACTS['leads'].query, parameters(hours))}) as leads"
    with DuckDBEngine() as near:
        for table in ("batches", *(table.name for table in (*TABLES, *PREDICTED))):
            near.write(f"main.{table}", reference.engine.query(f"from main.{table}"))
        prepare(near, hours, load_facts())
        ours = _sorted(near.query(query).to_pylist())
    write_calendar(engine, hours)
    theirs = _sorted(engine.query(query).to_pylist())
    write_calendar(engine, reference.settings)
    unset = _sorted(reference.engine.query("select lead_id, response_hours, response_band from facts.leads").to_pylist())
    assert ours != unset, "the reference company has no answer over closed hours"
    assert len(theirs) == len(ours)
    assert not [pair for pair in zip(ours, theirs, strict=True) if not _same(*pair)]


def test_a_pipeline_weighed_by_chances_told_on_several_days(engine: Distant, reference: Any) -> None:
    """Only an edition holds chances, so the reference company has none."""
    told = """select opportunity_id, scored_on, cast(length(opportunity_id) + (scored_on - date '2024-01-01') as double) / 1000 as chance
    from main.opportunities cross join (values (date '2024-02-10'), (date '2024-02-20'), (date '2024-06-30')) as days (scored_on)"""
    question = Question("weighted_pipeline_value", grain="week", by=("stage",), options={"weight": "model"})
    asked = compiled_sql(question, reference.settings, as_of=reference.as_of, catalogue=CATALOGUE, priced=_priced(engine))
    query = f"select period_start, stage, cast(value as double) as value, cast(coverage as double) as coverage from (\n{asked}\n) as t"
    near: Engine = reference.engine
    chances = near.query(told)
    unsaid = _sorted(near.query(query).to_pylist())
    try:
        for each in (near, engine):
            each.write("main.deal_chances", chances)
        ours, theirs = (_sorted(each.query(query).to_pylist()) for each in (near, engine))
    finally:
        for each in (near, engine):
            each.write("main.deal_chances", chances.slice(0, 0))
    assert ours != unsaid
    assert len(theirs) == len(ours)
    assert not [pair for pair in zip(ours, theirs, strict=True) if not _same(*pair)]


@pytest.fixture(scope="module")
def by_duckdb(reference: Any) -> Callable[[int, str], list[Row]]:
    """What DuckDB answers, asked once for all engines."""
    known: dict[tuple[int, str], list[Row]] = {}

    def ask(chunk: int, way: str) -> list[Row]:
        if (chunk, way) not in known:
            known[chunk, way] = _values(reference.engine, CHUNKS[chunk], way, reference)
        return known[chunk, way]

    return ask


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("chunk", range(len(CHUNKS)), ids=lambda n: CHUNKS[n][0].id)
def test_every_kpi(chunk: int, way: str, engine: Distant, by_duckdb: Callable[[int, str], list[Row]], reference: Any) -> None:
    ours, theirs = by_duckdb(chunk, way), _values(engine, CHUNKS[chunk], way, reference)
    assert [row[:3] for row in theirs] == [row[:3] for row in ours]
    assert not [pair for pair in zip(ours, theirs, strict=True) if not _same(*pair)]


def test_the_reference_company_has_something_to_say_about_every_kpi(by_duckdb: Callable[[int, str], list[Row]]) -> None:
    told = {row[0] for n in range(len(CHUNKS)) for row in by_duckdb(n, "month")}
    assert {kpi.id for kpi in KPIS} == told


@cache
def _priced(engine: Engine) -> frozenset[str]:
    return priced_facts(engine, CATALOGUE)


def _values(engine: Engine, kpis: Sequence[Any], way: str, reference: Any) -> list[Row]:
    """The values of several KPIs as one statement, in the order of KPI, period and member."""
    grain, calendar, cut = WAYS[way]
    asked, priced = [], _priced(engine)
    for kpi in kpis:
        by = kpi.entry.cut_by[:1] if cut else ()
        question = Question(kpi.id, grain=grain, calendar=calendar, by=by)
        sql = compiled_sql(question, reference.settings, as_of=reference.as_of, catalogue=CATALOGUE, priced=priced)
        sides = ", ".join(f"cast({each} as double) as {each}" for each in ("value", "numerator", "denominator", "coverage"))
        member = by[0] if by else "''"
        asked.append(
            f"select kpi, period_start, {member} as member, {sides}, cast(rows as bigint) as rows, complete, immature from (\n{sql}\n) as t"
        )
    return _sorted(engine.query("\nunion all\n".join(asked)).to_pylist())


def _sorted(rows: list[dict[str, Any]]) -> list[Row]:
    """Rows in one order on every engine: by what is no fraction, then by the fractions, rounded."""
    cells = [tuple(row.values()) for row in rows]
    return sorted(cells, key=lambda row: ([str(c) for c in row if not _fraction(c)], [round(float(c), 3) for c in row if _fraction(c)]))


def _fraction(cell: Any) -> bool:
    return isinstance(cell, float | Decimal)


def _same(ours: Row, theirs: Row) -> bool:
    return all(_same_cell(*pair) for pair in zip(ours, theirs, strict=True))


def _same_cell(ours: Any, theirs: Any) -> bool:
    if isinstance(ours, float | Decimal | int) and not isinstance(ours, bool) and theirs is not None:
        return math.isclose(float(ours), float(theirs), rel_tol=1e-6, abs_tol=1e-9)
    assert not isinstance(theirs, dt.datetime) or theirs.tzinfo is None
    return bool(ours == theirs)
