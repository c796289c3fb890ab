"""What is written once keeps to the SQL that every engine can carry; what does not is refused by name."""

from __future__ import annotations

from typing import Any

import pytest
from sqlglot import parse_one

from nextmove.engine.postgres import DIALECT as POSTGRES
from nextmove.engine.spark import DIALECT as SPARK
from nextmove.engine.subset import outside
from nextmove.engine.translate import translated
from nextmove.errors import UserError
from nextmove.facts import fill, load_facts, parameters
from nextmove.kpis import Question, compiled_sql, load_catalogue

CATALOGUE = load_catalogue()
FACTS = {name: fact for name, fact in load_facts().items() if not fact.per_period}


@pytest.mark.parametrize("fact", FACTS)
def test_every_fact_keeps_to_the_common_part(fact: str, reference: Any) -> None:
    assert outside(parse_one(fill(FACTS[fact].query, parameters(reference.settings)), dialect="duckdb")) == []


@pytest.mark.parametrize("kpi", CATALOGUE.kpis)
def test_every_kpi_keeps_to_the_common_part(kpi: str, reference: Any) -> None:
    question = Question(kpi, grain="month", by=CATALOGUE.kpi(kpi).entry.cut_by[:1], versus="year_ago")
    sql = compiled_sql(question, reference.settings, as_of=reference.as_of, catalogue=CATALOGUE)
    assert outside(parse_one(sql, dialect="duckdb")) == []


@pytest.mark.parametrize(
    "foreign",
    [
        "median(x)",
        "stddev(x)",
        "mode(x)",
        "list(x)",
        "arg_max(x, y)",
        "date_trunc('month', x)",
        "extract(month from x)",
        "extract(dow from cast(x as date))",
        "x // 2",
        "row_number() over ()",
        "dense_rank() over ()",
        "regexp_matches(x, '^a|b$')",
        "* exclude (x)",
        "no_such_function(x)",
    ],
)
@pytest.mark.parametrize("dialect", [POSTGRES, SPARK], ids=lambda d: d.name)
def test_what_engines_do_not_share_is_refused_by_name(foreign: str, dialect: Any) -> None:
    with pytest.raises(UserError, match="another number"):
        translated(f"select {foreign} from t", dialect)


@pytest.mark.parametrize(
    ("duckdb", "postgres", "spark"),
    [
        ("quantile_cont(x, 0.5)", "PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY x)", "PERCENTILE(x, 0.5)"),
        ("extract(epoch from a - b)", "EXTRACT(EPOCH FROM a - b)", "UNIX_MICROS(CAST(a AS TIMESTAMP_LTZ)) - UNIX_MICROS(CAST(b"),
        (
            "extract(month from cast(a as date))",
            "CAST(EXTRACT(MONTH FROM CAST(a AS DATE)) AS BIGINT)",
            "EXTRACT(MONTH FROM CAST(a AS DATE))",
        ),
        ("a / b", "CAST(a AS DOUBLE PRECISION) / b", "a / b"),
        ("date_diff('day', a, b)", "CAST(b AS DATE) - CAST(a AS DATE)", "DATEDIFF(DAY, a, b)"),
        ("row_number() over (order by a desc)", "a DESC NULLS LAST", "a DESC"),
        ("regexp_matches(x, '^[0-9]{1,9}$')", "x ~ '^[0-9]{1,9}$'", "x RLIKE '^[0-9]{1,9}$'"),
    ],
)
def test_what_an_engine_puts_differently(duckdb: str, postgres: str, spark: str) -> None:
    assert postgres in translated(f"select {duckdb} as x from t", POSTGRES)[0]
    assert spark in translated(f"select {duckdb} as x from t", SPARK)[0]
