"""The SQL that is printed runs as it stands, says what it is, and gives the numbers that the product gives."""

from __future__ import annotations

from typing import Any

import pytest

from nextmove.kpis import Question, answer, compiled_sql, load_catalogue
from nextmove.kpis.readable import readable

CATALOGUE = load_catalogue()


@pytest.mark.parametrize("identifier", list(CATALOGUE.kpis))
def test_the_printed_sql_gives_the_same_values(identifier: str, reference: Any) -> None:
    kpi = CATALOGUE.kpi(identifier)
    settings = reference.settings.model_copy(update={"persona": {"segment": ("retail", "wholesale")}})
    asked = Question(identifier, grain="month", by=kpi.entry.cut_by[-1:])
    printed = readable(compiled_sql(asked, settings, as_of=reference.as_of, catalogue=CATALOGUE))
    found = reference.engine.connection.cursor().sql(printed).to_arrow_table()
    told = answer(reference.engine, asked, settings, as_of=reference.as_of, catalogue=CATALOGUE)
    assert told.num_rows, "the reference company has nothing to say about it"
    assert found.num_rows == told.num_rows
    for one, other in zip(found.to_pylist(), told.to_pylist(), strict=True):
        assert {key: _near(one[key]) for key in other} == {key: _near(value) for key, value in other.items()}


def _near(value: Any) -> Any:  # Any: a cell
    """Doubles are added in any order."""
    return pytest.approx(value, rel=1e-12) if isinstance(value, float) else value


@pytest.mark.parametrize("identifier", ["churn_rate", "pipeline_coverage", "net_revenue_retention"])
def test_every_step_is_commented(identifier: str, reference: Any) -> None:
    lines = readable(compiled_sql(Question(identifier), reference.settings, as_of=reference.as_of)).splitlines()
    assert lines[0].startswith(f"-- {identifier}")
    steps = [n for n, line in enumerate(lines) if line.endswith(" as (") and not line.startswith(" ")]
    assert len(steps) > 2
    assert all(lines[n - 1].startswith("-- ") for n in steps)


def test_brackets_and_lists_set_a_line_in() -> None:
    assert readable("select\na,\n b\nfrom (\n select 1 as a, '(' as b\n) as t\nwhere a = 1\nand b = '('").splitlines() == [
        "select",
        "    a,",
        "    b",
        "from (",
        "    select 1 as a, '(' as b",
        ") as t",
        "where a = 1",
        "    and b = '('",
    ]


def test_a_text_over_two_lines_is_left_alone() -> None:
    sql = "select 'one\n   two' as a"
    assert readable(sql) == sql
