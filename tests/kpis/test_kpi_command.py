"""`nextmove kpi` and `nextmove.open` on a workspace whose files were loaded in the usual way."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import nextmove
from nextmove.cli import command_line
from nextmove.errors import UserError
from nextmove.kpis import Question, answer

app = command_line()
COMPANY = Path(__file__).parent.parent / "company"
COLUMNS = ["value", "numerator", "denominator", "rows", "complete", "immature", "coverage", "unit"]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("kpi") / "company"
    run("init", str(root))
    shutil.copy(COMPANY / "nextmove.toml", root / "nextmove.toml")
    run("load", str(COMPANY), "--workspace", str(root))
    return root


def run(*words: str) -> str:
    result = CliRunner().invoke(app, list(words), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def ask(workspace: Path, *words: str) -> list[dict[str, Any]]:
    return list(json.loads(run("kpi", *words, "--format", "json", "--workspace", str(workspace))))


def test_loaded_files_answer_like_the_tables_themselves(workspace: Path, reference: Any) -> None:
    asked = Question("net_sales", grain="month", by=("region",))
    direct = answer(reference.engine, asked, reference.settings, as_of=reference.as_of).to_pylist()
    told = ask(workspace, "net_sales", "--grain", "month", "--by", "region")
    assert [(row["period_start"], row["region"], row["value"]) for row in told] == [
        (row["period_start"].isoformat(), row["region"], pytest.approx(float(row["value"]))) for row in direct
    ]


def test_the_columns_are_those_of_the_design(workspace: Path) -> None:
    row = ask(workspace, "average_order_value", "--by", "rep,channel", "--from", "2024-03-01", "--to", "2024-04-01")[0]
    assert list(row) == ["kpi", "period_start", "period_end", "rep", "channel", *COLUMNS]
    assert (row["kpi"], row["unit"], row["complete"], row["immature"]) == ("average_order_value", "money", True, False)


def test_a_range_takes_whole_periods(workspace: Path) -> None:
    rows = ask(workspace, "orders", "--grain", "quarter", "--from", "2023-05-20", "--to", "2023-07-02", "--calendar", "fiscal")
    assert [(row["period_start"], row["period_end"]) for row in rows] == [("2023-04-01", "2023-07-01"), ("2023-07-01", "2023-10-01")]


def test_the_list_says_what_can_be_computed(workspace: Path) -> None:
    listed = {row["kpi"]: row for row in ask(workspace)}
    assert listed["net_sales"]["computable"] is True
    assert "order_lines.cost_amount or products.unit_cost" in listed["gross_profit"]["needs"]


def test_sql_runs_as_it_stands(workspace: Path) -> None:
    sql = run("kpi", "churn_rate", "--by", "rep", "--sql", "--workspace", str(workspace))
    company = nextmove.open(workspace)
    try:
        assert company.engine.query(sql).num_rows == company.kpi("churn_rate", by="rep").table.num_rows
    finally:
        company.close()


def test_wrong_ranges_and_words_get_a_sentence(workspace: Path) -> None:
    for words in (["--from", "2024-02-01", "--to", "2024-01-01"], ["--from", "soon"], ["--where", "region"], ["--basis", "cohort"]):
        with pytest.raises(UserError):
            ask(workspace, "net_sales", *words)


def test_own_kpi_and_fact_of_a_workspace(workspace: Path) -> None:
    (workspace / "facts").mkdir(exist_ok=True)
    (workspace / "kpis").mkdir(exist_ok=True)
    (workspace / "facts" / "big_lines.sql").write_text("-- Lines over 200.\nselect day, rep_id, net from facts.sales where net > 200\n")
    own = workspace / "kpis" / "own.yaml"
    entry = "- id: big_lines\n  measure: {fact: big_lines, count: '*'}\n  unit: count\n  cut_by: [rep, team]\n"
    own.write_text(entry)
    assert {row["team"] for row in ask(workspace, "big_lines", "--grain", "year", "--by", "team")} <= {"alpha", "beta", "(unknown)"}
    for wrong, where, nearest in [
        ("count", "cuont", "count"),
        ("big_lines, ", "big_line, ", "big_lines"),
        ("team]", "taem]", "team"),
    ]:
        own.write_text("\n" + entry.replace(wrong, where, 1))
        with pytest.raises(UserError) as error:
            ask(workspace, "big_lines")
        assert "own.yaml:" in str(error.value.where)
        assert nearest in str(error.value)
    own.unlink()


def test_the_definition_stands_beside_the_number(workspace: Path) -> None:
    told = run("kpi", "cac", "--option", "cac_includes_overhead=true", "--workspace", str(workspace)).splitlines()[-1]
    assert told.startswith("pools = marketing_and_sales (spend that counts) · cac_includes_overhead = true (")
    told = run("kpi", "win_rate", "--basis", "cohort", "--workspace", str(workspace)).splitlines()[-1]
    assert told.startswith("basis = cohort (counted by: those who began in the period) · counts = deals (")
    told = run("kpi", "net_sales", "--versus", "target", "--workspace", str(workspace)).splitlines()[-1]
    assert told == "pace = working_days (plan so far: by working days)"
    assert "look-alikes buy at the 80th percentile" in run("kpi", "share_of_wallet", "--workspace", str(workspace)).splitlines()[-1]
