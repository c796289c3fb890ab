"""`nextmove export tables`: what the edition holds, as Parquet that any tool reads."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from nextmove.cli import command_line
from nextmove.editions import current_edition
from nextmove.engine import DuckDBEngine
from nextmove.export.marts import marts
from nextmove.workspace import Workspace


@pytest.fixture(scope="module")
def folder(workspace: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("marts")
    result = CliRunner().invoke(command_line(), ["export", "tables", str(path), "--workspace", str(workspace.root)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return path


def test_every_mart_has_the_rows_of_the_edition(workspace: Workspace, folder: Path) -> None:
    edition = current_edition(workspace)
    found = marts(edition.engine)
    assert {(mart.schema, mart.name) for mart in found} >= {
        ("facts", "sales"),
        ("facts", "placed"),  # a view of the edition leaves as a table
        ("dimensions", "accounts"),
        ("dimensions", "calendar"),
        ("marts", "kpi_values"),
        ("marts", "targets"),
    }
    for mart in found:
        path = folder / mart.schema / f"{mart.name}.parquet"
        inside = edition.query(f"select count(*) as n from {mart.source}")["n"][0].as_py()
        assert duckdb.sql(f"select count(*) from '{path}'").fetchall() == [(inside,)], mart.name


def test_money_stays_exact_and_joins_hold(folder: Path) -> None:
    kinds = dict(duckdb.sql(f"select column_name, column_type from (describe select * from '{folder}/facts/sales.parquet')").fetchall())
    assert kinds["net"].startswith("DECIMAL")
    products = f"'{folder}/dimensions/products.parquet'"
    by_category = duckdb.sql(f"select sum(net) from '{folder}/facts/sales.parquet' left join {products} using (product_id)")
    assert by_category.fetchall() == duckdb.sql(f"select sum(net) from '{folder}/facts/sales.parquet'").fetchall()


def test_a_kpi_value_says_what_it_is(folder: Path) -> None:
    row = duckdb.sql(
        f"""select k.name, k.unit, v.value from '{folder}/marts/kpi_values.parquet' as v
            join '{folder}/dimensions/kpis.parquet' as k using (kpi)
            where kpi = 'net_sales' and grain = 'month' and calendar = 'gregorian' and dimension = '' and period_start = '2024-08-01'"""
    ).fetchall()
    net = duckdb.sql(f"select sum(net) from '{folder}/facts/sales.parquet' where day >= '2024-08-01' and day < '2024-09-01'").fetchall()
    assert row == [("Net sales", "money", pytest.approx(float(net[0][0])))]


def test_predictions_leave_and_stored_models_do_not() -> None:
    with DuckDBEngine() as engine:
        engine.execute("create schema predictions; create table predictions.clv (a int); create table predictions.learnt (b int)")
        engine.execute("create table predictions.norms_90 (c int)")
        engine.execute("create table main.actions (c int); create table main.batches (d int)")
        assert [(mart.schema, mart.name) for mart in marts(engine)] == [("marts", "actions"), ("predictions", "clv")]
