"""Every KPI against a query by hand: monthly, in total and cut by one dimension, on the reference company.

The queries in `golden/` read the raw tables in their own way (`_prelude.sql`), not the product's facts or calendar.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nextmove.engine import DuckDBEngine
from nextmove.kpis import Question, answer, load_catalogue

GOLDEN = Path(__file__).parent / "golden"
CATALOGUE = load_catalogue()
HEADS = ("-- by:", "-- options:", "-- persona:")
QUERIES = sorted(path.stem for path in GOLDEN.glob("[a-z]*.sql"))  # a KPI's id, and maybe `.variant` of it

Values = dict[tuple[dt.date, str], float | None]


@pytest.fixture(scope="module")
def golden(reference: Any) -> Iterator[DuckDBEngine]:
    reference.engine.execute((GOLDEN / "_prelude.sql").read_text(encoding="utf-8"))
    yield reference.engine
    reference.engine.execute("drop schema golden cascade")


def test_every_kpi_has_a_golden_query() -> None:
    assert {name.split(".")[0] for name in QUERIES} == set(CATALOGUE.kpis)


@pytest.mark.parametrize("name", QUERIES)
def test_golden(name: str, golden: DuckDBEngine, reference: Any) -> None:
    """A query opens with the dimension that it cuts by, and maybe the options and the persona that it is under."""
    text = (GOLDEN / f"{name}.sql").read_text(encoding="utf-8")
    said = dict(line.removeprefix("-- ").split(": ", 1) for line in text.splitlines() if line.startswith(HEADS))
    dimension, options = said["by"], _pairs(said.get("options", ""))
    persona = {attribute: tuple(accepted.split(",")) for attribute, accepted in _pairs(said.get("persona", "")).items()}
    settings = reference.settings.model_copy(update={"persona": persona})
    by_hand = golden.query(text).to_pylist()
    assert by_hand, "the reference company has nothing to say about it"
    for by in ((), (dimension,)):
        expected = {
            (row["period_start"], row["member"] or ""): _number(row["value"]) for row in by_hand if (row["member"] is None) == (not by)
        }
        question = Question(name.split(".")[0], grain="month", by=by, options=options)
        found = answer(reference.engine, question, settings, as_of=reference.as_of, catalogue=CATALOGUE).to_pylist()
        told = {(row["period_start"], row[dimension] if by else ""): _number(row["value"]) for row in found}
        assert _different(told, expected) == {}


def _pairs(said: str) -> dict[str, str]:
    return dict(pair.split("=") for pair in said.split("; ") if pair)


def _number(value: Any) -> float | None:  # Any: a cell
    return None if value is None else float(value)


def _different(told: Values, expected: Values) -> dict[tuple[dt.date, str], tuple[object, object]]:
    keys = told.keys() | expected.keys()
    pairs = {key: (told.get(key, "no row"), expected.get(key, "no row")) for key in sorted(keys)}
    return {key: pair for key, pair in pairs.items() if not _equal(*pair)}


def _equal(one: object, other: object) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
    return one == other
