"""A company's own KPIs, as docs/adding-your-own-kpi.md tells them: each example runs, and they appear wherever ours do."""

from __future__ import annotations

import datetime as dt
import json
import re
import shlex
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

import nextmove
from nextmove.cli import command_line
from nextmove.editions import current_edition, publish
from nextmove.errors import UserError
from nextmove.export.ossie import document_of
from nextmove.kpis import load_catalogue
from nextmove.workspace import Workspace

from .conftest import NOW

PAGE = (Path(__file__).parents[2] / "docs" / "adding-your-own-kpi.md").read_text(encoding="utf-8")
OWN = ["large_line_sales", "large_line_share", "large_orders", "orders"]


def blocks(language: str) -> list[str]:
    found = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    return [block for kind, block in found if kind == language]


def run(*words: str) -> str:
    result = CliRunner().invoke(command_line(), list(words), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture
def own(own_copy: Workspace) -> Workspace:
    """The workspace with all that the page writes into it."""
    (own_copy.root / "kpis").mkdir()
    (own_copy.root / "facts").mkdir()
    (own_copy.root / "kpis" / "ours.yaml").write_text("".join(blocks("yaml")), encoding="utf-8")
    for block in blocks("sql"):
        first, rest = block.split("\n", 1)
        (own_copy.root / first.removeprefix("-- ")).write_text(rest, encoding="utf-8")
    return Workspace.find(own_copy.root)


def test_every_command_of_the_page_runs(own: Workspace) -> None:
    commands = [line for block in blocks("") for line in block.splitlines() if line.startswith("nextmove kpi")]
    assert len(commands) == 6
    for command in commands:
        assert run(*shlex.split(command)[1:], "--workspace", str(own.root)).strip()


def test_they_are_right(own: Workspace) -> None:
    company = nextmove.open(own.root)
    try:
        sales = "select sum(net) filter (where net > 150) as large, sum(net) as net from facts.sales where year(day) = 2023"
        by_hand = company.engine.query(sales).to_pylist()[0]
        (row,) = company.kpi("large_line_share", grain="year", options={"limit": "150"}, start=by_day(2023), end=by_day(2024)).rows
        assert row["value"] == pytest.approx(float(by_hand["large"] / by_hand["net"]))
        teams = {row["team"] for row in company.kpi("large_orders", grain="year", by="team").rows}
        assert teams, "team is looked up over rep_id, which the fact has"
        assert {row["kpi"] for row in company.kpi("orders").rows} == {"orders"}
        assert company.catalogue.kpi("orders").entry.name == "Orders with a value"
    finally:
        company.close()


def by_day(year: int) -> dt.date:
    return dt.date(year, 1, 1)


def test_they_appear_wherever_ours_do(own: Workspace, tmp_path: Path) -> None:
    listed = {row["kpi"]: row for row in json.loads(run("kpi", "--format", "json", "--workspace", str(own.root)))}
    assert {listed[name]["name"] for name in OWN} == {"Sales in large lines", "Share of large lines", "Large orders", "Orders with a value"}
    run("export", "sql", str(tmp_path / "sql"), "--by", "", "--workspace", str(own.root))
    assert "facts.large_orders" in (tmp_path / "sql" / "kpis" / "large_orders.sql").read_text(encoding="utf-8")
    run("export", "docs", str(tmp_path / "docs"), "--workspace", str(own.root))
    assert "Net sales of order lines above 200." in (tmp_path / "docs" / "ours.md").read_text(encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("predict_all", "find_actions", "detect_changes"):
            patch.setattr(publish, name, lambda *_, **__: {})
        keep = load_catalogue(own)
        patch.setattr(publish, "load_catalogue", lambda _: type(keep)({name: keep.kpis[name] for name in OWN}, keep.facts))
        publish.refresh(own, as_of=own.settings.today(), now=NOW)
    run("export", "tables", str(tmp_path / "marts"), "--workspace", str(own.root))
    kept = duckdb.sql(f"select distinct kpi from '{tmp_path}/marts/marts/kpi_values.parquet' order by 1").fetchall()
    assert [name for (name,) in kept] == sorted(OWN)
    model = document_of(current_edition(own).engine, keep, own.settings)["semantic_model"][0]
    metrics = {metric["name"]: metric["expression"]["dialects"][0]["expression"] for metric in model["metrics"]}
    assert metrics["large_orders"] == "COUNT(*)"
    assert "fact_sales.net > CAST(200" in metrics["large_line_share"]


@pytest.mark.parametrize(
    ("right", "wrong", "nearest"),
    [
        ("sum: net, where: net > 200", "sum: nett, where: net > 200", "net"),
        ("fact: large_orders", "fact: large_order", "large_orders"),
        ("[rep, team, account]", "[rep, taem, account]", "team"),
        ("better: higher\n  cadence", "beter: higher\n  cadence", "better"),
        ("where: net > :limit", "where: net > :limt", "limit"),
        ("where: net > 200", "where: lenght(order_id) > 2", "length"),
        ("{default: value}", "{default: valu}", "value"),
        ("{counts: {", "{cuonts: {", "counts"),
        ("- id: win_rate\n", "- id: win_rat\n", "win_rate"),
        ("[rep, team, account]", "[rep, team, stage]", "cannot be cut by stage"),
        ('measure: {fact: large_orders, count: "*"}', "formula: win_rat * 2", "win_rate"),
    ],
)
def test_what_is_wrong_names_file_line_and_neighbour(own: Workspace, right: str, wrong: str, nearest: str) -> None:
    path = own.root / "kpis" / "ours.yaml"
    text = path.read_text(encoding="utf-8")
    assert right in text
    path.write_text(text.replace(right, wrong, 1), encoding="utf-8")
    with pytest.raises(UserError) as error:
        load_catalogue(own)
    assert nearest in str(error.value)
    line = int(str(error.value.where).rpartition(":")[2])
    assert wrong.split("\n")[0] in path.read_text(encoding="utf-8").splitlines()[line - 1]


@pytest.mark.parametrize(
    ("right", "wrong", "said", "line"),
    [
        ("from facts.sales", "from facts.sale", "sales", 4),
        ("max(account_id)", "max(acount_id)", "account_id", 3),
        ("sum(net) > 500", "smu(net) > 500", "smu", 7),
    ],
)
def test_what_is_wrong_in_a_fact_names_file_and_line(own: Workspace, right: str, wrong: str, said: str, line: int) -> None:
    path = own.root / "facts" / "large_orders.sql"
    text = path.read_text(encoding="utf-8")
    assert right in text
    path.write_text(text.replace(right, wrong, 1), encoding="utf-8")
    company = nextmove.open(own.root)
    with pytest.raises(UserError, match=said) as error:
        company.kpi("large_orders")
    assert error.value.where == f"{path}:{line}"


def test_an_option_of_ours_is_overridden(own: Workspace) -> None:
    company = nextmove.open(own.root)
    try:
        plain = company.kpi("win_rate_value", grain="year").rows
        assert company.kpi("win_rate", grain="year").rows == [{**row, "kpi": "win_rate"} for row in plain]
        counted = company.kpi("win_rate", grain="year", options={"counts": "deals"}).rows
        assert [row["value"] for row in counted] != [row["value"] for row in plain]
    finally:
        company.close()
