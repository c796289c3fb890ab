"""The marts in a database of the company's own: every table with the edition's rows, money exact, replaced when exported again."""

from __future__ import annotations

from decimal import Decimal

import pytest
from typer.testing import CliRunner

from nextmove.cli import command_line
from nextmove.editions import current_edition
from nextmove.export.marts import marts
from nextmove.workspace import Workspace


def test_every_mart_stands_in_the_database_with_its_rows(workspace: Workspace, postgres_url: str) -> None:
    import psycopg

    edition = current_edition(workspace).engine
    for _ in range(2):  # the second time replaces the first
        done = CliRunner().invoke(command_line(), ["export", "tables", "--to", postgres_url, "--workspace", str(workspace.root)])
        assert done.exit_code == 0, done.output
    with psycopg.connect(postgres_url) as connection:
        for mart in marts(edition):
            rows = edition.query(f"select count(*) as n from {mart.source}")["n"][0].as_py()
            assert connection.execute(f'select count(*) from {mart.schema}."{mart.name}"').fetchone() == (rows,), mart.name
        theirs = connection.execute("select sum(net) from facts.sales").fetchone()
        ours = edition.query("select sum(net) as net from facts.sales")["net"][0].as_py()
        assert theirs is not None
        assert Decimal(theirs[0]) == ours


@pytest.mark.parametrize("arguments", [[], ["marts", "--to", "postgresql://localhost/x"], ["--to", "mysql://localhost/x"]])
def test_where_the_tables_go_must_be_clear(workspace: Workspace, arguments: list[str]) -> None:
    from nextmove.errors import UserError

    done = CliRunner().invoke(command_line(), ["export", "tables", *arguments, "--workspace", str(workspace.root)])
    assert isinstance(done.exception, UserError)
    assert "postgresql://" in str(done.exception)
