"""`nextmove export ossie`: valid against the published schema, whole in itself, and its expressions give the product's numbers."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from nextmove.cli import command_line
from nextmove.editions import current_edition
from nextmove.kpis import Question, answer, load_catalogue
from nextmove.workspace import Workspace

from .json_schema import faults

SCHEMA = json.loads((Path(__file__).parent / "ossie" / "osi-schema.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def document(workspace: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("ossie")
    words = ["export", "ossie", str(folder), "--workspace", str(workspace.root)]
    result = CliRunner().invoke(command_line(), words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return yaml.safe_load((folder / "nextmove.ossie.yaml").read_text(encoding="utf-8"))


def test_it_fits_the_published_schema(document: Any) -> None:
    assert list(faults(document, SCHEMA, SCHEMA)) == []


def test_the_schema_refuses_what_is_wrong(document: Any) -> None:
    for spoil, said in (
        (lambda d: d.update(version="1.0"), "is not '0.2.0.dev0'"),
        (lambda d: d["semantic_model"][0].pop("datasets"), "lacks datasets"),
        (lambda d: d["semantic_model"][0]["metrics"][0].update(owner="me"), "may not have owner"),
        (lambda d: d["semantic_model"][0]["datasets"][0]["fields"][0].update(datatype="Money"), "is none of"),
        (lambda d: d["semantic_model"][0]["metrics"][0].update(ai_context=3), "fits 0 of its forms"),
    ):
        broken = copy.deepcopy(document)
        spoil(broken)
        assert any(said in fault for fault in faults(broken, SCHEMA, SCHEMA))


def test_names_are_unique_and_relationships_lead_somewhere(document: Any) -> None:
    model = document["semantic_model"][0]
    fields = {dataset["name"]: [field["name"] for field in dataset["fields"]] for dataset in model["datasets"]}
    for names in (list(fields), [m["name"] for m in model["metrics"]], [r["name"] for r in model["relationships"]], *fields.values()):
        assert len(names) == len(set(names))
    for link in model["relationships"]:
        assert set(link["from_columns"]) <= set(fields[link["from"]])
        assert set(link["to_columns"]) <= set(fields[link["to"]])
    assert {(link["from"], link["to"]) for link in model["relationships"]} >= {("fact_sales", "accounts"), ("fact_sales", "calendar")}


def _extension(part: Any) -> Any:
    (found,) = part["custom_extensions"]
    assert found["vendor_name"] == "NEXTMOVE"
    return json.loads(found["data"])


def test_calendar_direction_and_target_stand_in_extensions(document: Any) -> None:
    model = document["semantic_model"][0]
    assert _extension(model)["calendar"]["fiscal_year_start_month"] == 4
    metrics = {metric["name"]: _extension(metric) for metric in model["metrics"]}
    assert (metrics["churn_rate"]["better"], metrics["churn_rate"]["definition"]) == (
        "lower",
        {"churn_window_months": 6, "denominator": "start"},
    ) or metrics["churn_rate"]["definition"]["denominator"] == "start"
    assert {(each["grain"], each["dimension"]) for each in metrics["net_sales"]["target"]["set_for"]} == {
        ("month", ""),
        ("month", "rep"),
        ("month", "region"),
        ("year", ""),
    }
    assert metrics["net_sales"]["precomputed"] is False
    assert metrics["pipeline_value"]["precomputed"] is True


def test_expressions_give_the_numbers_of_the_product(workspace: Workspace, document: Any) -> None:
    """Over one finished quarter: the aggregate of the fact on its time field, or the computed value."""
    model = document["semantic_model"][0]
    sources = {dataset["name"]: dataset["source"] for dataset in model["datasets"]}
    edition, catalogue = current_edition(workspace), load_catalogue(workspace)
    seen = 0
    for metric in model["metrics"]:
        told = _extension(metric)
        dataset = told["time_field"].partition(".")[0]
        where = f"{told['time_field']} >= date '2024-04-01' and {told['time_field']} < date '2024-07-01'"
        if told["precomputed"]:
            where = "period_start = date '2024-04-01' and calendar = 'gregorian' and grain = 'quarter' and dimension = ''"
        expression = metric["expression"]["dialects"][0]["expression"]
        found = edition.query(f"select {expression} as value from {sources[dataset]} as {dataset} where {where}")["value"][0].as_py()
        asked = Question(metric["name"], grain="quarter")
        rows = answer(edition.engine, asked, workspace.settings, as_of=workspace.settings.today(), catalogue=catalogue).to_pylist()
        wanted = next((row["value"] for row in rows if row["period_start"].isoformat() == "2024-04-01"), None)
        if wanted is None:
            assert not found, metric["name"]
        else:
            assert float(found) == pytest.approx(float(wanted), rel=1e-6), metric["name"]
            seen += 1
    assert seen > 75
