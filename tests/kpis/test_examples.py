"""Every worked example of the KPI reference: the tiny company's rows in, the number on paper out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from nextmove.export.examples import Example, read_company, read_examples
from nextmove.facts import prepare
from nextmove.ingest.load import load
from nextmove.ingest.warehouse import open_warehouse
from nextmove.kpis import load_catalogue
from nextmove.workspace import Workspace

FOLDER = Path(__file__).parent / "examples"
EXAMPLES = read_examples(FOLDER)
OURS_AND_FACTS = load_catalogue()
OURS = OURS_AND_FACTS.kpis


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    import nextmove

    root, files = tmp_path_factory.mktemp("tiny") / "company", tmp_path_factory.mktemp("rows")
    company = read_company(FOLDER)
    for table, rows in company.tables.items():
        (files / f"{table}.csv").write_text(rows, encoding="utf-8")
    workspace = Workspace.create(root, settings=company.settings)
    load(workspace, [files], now=dt.datetime(2025, 7, 1))
    with open_warehouse(workspace) as engine:
        prepare(engine, workspace.settings, OURS_AND_FACTS.facts)
        for table, rows in company.predicted.items():
            (files / "predicted.csv").write_text(rows, encoding="utf-8")
            engine.execute(f"insert into main.{table} by name select * from read_csv('{files / 'predicted.csv'}')")
    opened = nextmove.open(root)
    yield opened
    opened.close()


def test_every_kpi_has_an_example() -> None:
    assert {example.kpi for example in EXAMPLES} == set(OURS)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.kpi)
def test_the_number_on_paper_is_the_number_of_the_product(example: Example, tiny: Any) -> None:
    by = (example.by,) if example.by else ()
    found = [
        row["value"]
        for row in tiny.kpi(example.kpi, grain=example.grain, by=by).rows
        if row["period_start"] == example.period and (not by or row[example.by] == example.member)
    ]
    assert len(found) == 1, "the tiny company has nothing to say about it"
    assert float(found[0]) == pytest.approx(float(Fraction(example.value)), rel=1e-9)
