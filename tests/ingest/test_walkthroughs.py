"""The walk-throughs of docs/ run as they are printed, on the samples beside this file."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest
from typer.testing import CliRunner

from nextmove.cli import command_line

HERE = Path(__file__).parent
DOCS = HERE.parents[1] / "docs"

app = command_line()


def blocks(document: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (DOCS / document).read_text(encoding="utf-8"), flags=re.DOTALL)


def run(commands: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    for line in commands.strip().splitlines():
        result = CliRunner().invoke(app, shlex.split(line)[1:], catch_exceptions=False)
        assert result.exit_code == 0, result.output


def ask(workspace: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(workspace / "data/warehouse.duckdb"), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_online_retail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for sample in HERE.glob("samples/online_retail_*.csv"):
        shutil.copy(sample, tmp_path)
    make, load, again = blocks("walkthrough-online-retail.md", "console")
    run(make, tmp_path, monkeypatch)
    (tmp_path / "wholesaler/mappings/online-retail.toml").write_text(blocks("walkthrough-online-retail.md", "toml")[0], encoding="utf-8")
    run(load, tmp_path, monkeypatch)
    workspace = tmp_path / "wholesaler"
    files = [str(path) for path in sorted(tmp_path.glob("online_retail_*.csv"))]
    # by hand: per invoice and content as often as in the sheet that has it most often
    by_hand = duckdb.execute(
        f"""select sum(n), sum(n * Quantity * Price), count(distinct Invoice) from (
            select Invoice, Quantity, Price, max(n) as n from (
                select filename, Invoice, StockCode, Description, Quantity, InvoiceDate, Price, "Customer ID", Country, count(*) as n
                from read_csv({files}, filename = true,
                    types = {{'Price': 'DECIMAL(18,4)', 'Invoice': 'VARCHAR', 'StockCode': 'VARCHAR'}}) group by all)
            group by Invoice, StockCode, Quantity, InvoiceDate, Price, "Customer ID", Country)"""
    ).fetchall()
    assert ask(workspace, "select count(*), sum(net_amount), count(distinct order_id) from order_lines") == by_hand
    assert ask(workspace, "select unchanged from batch_tables order by file desc limit 1")[0][0] > 100
    assert ask(workspace, "select count(*) from order_lines where order_id like 'C%' and status = 'returned' and net_amount < 0")[0][0] > 10
    assert ask(workspace, "select count(*) from order_lines where account_id is null")[0][0] > 10
    before = ask(workspace, "select * from order_lines order by all")
    run(again, tmp_path, monkeypatch)
    assert ask(workspace, "select sum(loaded + replaced), sum(rejected) from batch_tables where batch = 2") == [(0, 0)]
    assert ask(workspace, "select * from order_lines order by all") == before


def test_adventureworks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make, load = blocks("walkthrough-adventureworks.md", "console")
    run(make, tmp_path, monkeypatch)
    (tmp_path / "prepared").mkdir()
    names: dict[str, Any] = {}
    exec(blocks("walkthrough-adventureworks.md", "python")[0], names)
    raw = HERE / "samples/adventureworks"
    names["prepare"](str(raw), str(tmp_path / "prepared"))
    run(load, tmp_path, monkeypatch)
    workspace = tmp_path / "bicycles"
    sales = duckdb.execute(
        f"select count(*), sum(SalesAmount::decimal(18,4)), sum(TotalProductCost::decimal(18,4)) from '{raw}/FactResellerSales.csv'"
    ).fetchall()
    assert ask(workspace, "select count(*), sum(net_amount), sum(cost_amount) from order_lines") == sales
    assert ask(workspace, "select sum(value), count(*) from targets") == [(95714000, 163)]
    assert ask(workspace, "select count(*) from order_lines where rep_id not in (select rep_id from reps)") == [(0,)]
    assert ask(workspace, "select sum(rejected) from batch_tables") == [(0,)]
