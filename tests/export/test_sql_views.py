"""`nextmove export sql`: the views run in any DuckDB that holds the tables, and tell what `nextmove kpi` tells."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest
from typer.testing import CliRunner

import nextmove
from nextmove.cli import command_line
from nextmove.editions import current_edition
from nextmove.errors import UnknownName
from nextmove.tables import PREDICTED
from nextmove.workspace import Workspace


def run(*words: str) -> str:
    result = CliRunner().invoke(command_line(), list(words), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture(scope="module")
def elsewhere(workspace: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A plain database with only the canonical tables and the calendar, in which the exported files were run."""
    folder = tmp_path_factory.mktemp("sql")
    told = run("export", "sql", str(folder), "--workspace", str(workspace.root), "--by", "source")
    assert "KPIs" in told
    connection = duckdb.connect()
    connection.execute(f"attach '{workspace.data / 'warehouse.duckdb'}' as warehouse (read_only)")
    tables = connection.execute(
        "select table_name from duckdb_tables() where database_name = 'warehouse' and schema_name = 'main'"
    ).fetchall()
    for (table,) in tables:
        connection.execute(f"create table {table} as select * from warehouse.main.{table}")
    connection.execute("detach warehouse")
    connection.execute(f"attach '{current_edition(workspace).engine.path}' as edition (read_only)")
    for predicted in PREDICTED:
        connection.execute(f"insert into {predicted.name} select * from edition.main.{predicted.name}")
    connection.execute("detach edition")
    connection.execute((folder / "facts.sql").read_text(encoding="utf-8"))
    _keep_rows(connection)
    connection.execute((folder / "kpis.sql").read_text(encoding="utf-8"))
    yield connection
    connection.close()


def _keep_rows(connection: Any) -> None:
    """Each fact's rows as a table, in the order of the file: six hundred questions would work them out anew each time."""
    views = connection.execute("select view_name from duckdb_views() where schema_name = 'facts' order by view_oid").fetchall()
    for (fact,) in views:
        connection.execute(f'create table facts.rows as select * from facts."{fact}"')
        connection.execute(f'drop view facts."{fact}"')
        connection.execute(f'alter table facts.rows rename to "{fact}"')


def test_every_view_tells_what_the_product_tells(workspace: Workspace, elsewhere: Any) -> None:
    company = nextmove.open(workspace.root)
    try:
        for kpi in company.catalogue.kpis.values():
            for by in ((), *((name,) for name in ("source",) if name in kpi.entry.cut_by)):
                told = company.kpi(kpi.id, by=by).to_arrow()
                view = "_by_".join((kpi.id, *by))
                found = elsewhere.execute(f'select {", ".join(told.column_names)} from kpis."{view}"').fetchall()
                wanted = [tuple(map(_near, row.values())) for row in told.to_pylist()]
                assert [tuple(map(_near, row)) for row in found] == wanted, view
    finally:
        company.close()


def _near(value: Any) -> Any:  # Any: a cell; doubles are added in any order
    return pytest.approx(value, rel=1e-9) if isinstance(value, float) else value


def test_one_file_stands_alone(workspace: Workspace, tmp_path: Path) -> None:
    run("export", "sql", str(tmp_path), "--workspace", str(workspace.root), "--by", "", "--grain", "quarter", "--calendar", "jalali")
    text = (tmp_path / "kpis" / "win_rate.sql").read_text(encoding="utf-8")
    assert text.count("create or replace view") == 1
    assert "by quarter (jalali calendar)" in text
    assert "-- One row a deal that was won or lost" in (tmp_path / "facts" / "deals_decided.sql").read_text(encoding="utf-8")


def test_an_unknown_dimension_names_its_neighbours(workspace: Workspace, tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="regoin") as error:
        run("export", "sql", str(tmp_path), "--workspace", str(workspace.root), "--by", "regoin")
    assert "region" in error.value.nearest
