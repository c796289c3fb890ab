"""The demo workspace: made, made again, exported, loaded elsewhere, and taken away in one step."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from nextmove.demo import Plan, clear_demo, demo_people, export_tables, make_demo
from nextmove.engine import DuckDBEngine
from nextmove.errors import UserError
from nextmove.ingest.warehouse import open_warehouse
from nextmove.tables import TABLES
from nextmove.workspace import Workspace

from .conftest import silent

SMALL = Plan(lines=3_000)


def _nextmove(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from nextmove.cli import main; main()", *map(str, arguments)], capture_output=True, text=True
    )


def test_the_demo_is_one_batch(tmp_path: Path) -> None:
    workspace = make_demo(tmp_path / "demo", SMALL, tell=silent)
    with open_warehouse(workspace) as engine:
        assert engine.query("select batch, kind from main.batches").to_pylist() == [{"batch": 1, "kind": "demo"}]
        for table in TABLES:
            recorded = engine.query(f"select loaded from main.batch_tables where table_name = '{table.name}'")["loaded"][0].as_py()
            touched = engine.query(f"select sum(rows_touched)::bigint as n from main.batch_days where table_name = '{table.name}'")["n"][
                0
            ].as_py()
            written = engine.query(f"select count(*) as n from main.{table.name} where _batch = 1")["n"][0].as_py()
            assert recorded == touched == written, table.name
        days = engine.query("select count(distinct day) as n from main.batch_days where table_name = 'order_lines'")["n"][0].as_py()
        assert days > 500


def test_clearing_leaves_a_workspace_for_real_data(tmp_path: Path) -> None:
    workspace = make_demo(tmp_path / "demo", SMALL, tell=silent)
    (workspace.editions / "old.duckdb").write_bytes(b"")
    clear_demo(workspace)
    assert list(workspace.editions.iterdir()) == []
    with open_warehouse(workspace) as engine:
        for table in TABLES:
            assert engine.query(f"select count(*) as n from main.{table.name}")["n"][0].as_py() == 0
        assert engine.query("select count(*) as n from main.batches")["n"][0].as_py() == 0
    assert Workspace(workspace.root).settings.company.as_of == "today"
    with pytest.raises(UserError, match="no demo company"):
        clear_demo(workspace)


def test_a_second_demo_replaces_the_first(tmp_path: Path) -> None:
    make_demo(tmp_path / "demo", SMALL, tell=silent)
    workspace = make_demo(tmp_path / "demo", Plan(lines=2_500), tell=silent)
    with open_warehouse(workspace) as engine:
        assert engine.query("select count(*) as n from main.order_lines")["n"][0].as_py() == 2_500


def test_an_empty_workspace_gets_its_settings_back(tmp_path: Path) -> None:
    own = '[company]\nname = "Ours"\nreporting_currency = "PLN"\n'
    Workspace.create(tmp_path / "ours", settings=own)
    workspace = make_demo(tmp_path / "ours", SMALL, tell=silent)
    assert workspace.settings.company.reporting_currency == "EUR"
    clear_demo(workspace)
    assert (tmp_path / "ours" / "nextmove.toml").read_text(encoding="utf-8") == own


def test_one_that_was_broken_off_is_begun_anew(tmp_path: Path) -> None:
    def break_off(_: str) -> None:
        raise KeyboardInterrupt

    own = '[company]\nname = "Ours"\n'
    Workspace.create(tmp_path / "ours", settings=own)
    with pytest.raises(KeyboardInterrupt):
        make_demo(tmp_path / "ours", SMALL, tell=break_off)
    workspace = make_demo(tmp_path / "ours", SMALL, tell=silent)
    with open_warehouse(workspace) as engine:
        assert engine.query("select count(*) as n from main.order_lines")["n"][0].as_py() == SMALL.lines
    assert {path.name for path in workspace.data.iterdir() if path.is_file()} == {"warehouse.duckdb", "stories.json"}
    clear_demo(workspace)
    assert (tmp_path / "ours" / "nextmove.toml").read_text(encoding="utf-8") == own


def test_own_data_are_never_thrown_away(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "ours", settings='[company]\nname = "Ours"\n')
    with open_warehouse(workspace) as engine:
        engine.execute("insert into main.batches (batch, kind) values (1, 'load')")
    with pytest.raises(UserError, match="data of its own"):
        make_demo(tmp_path / "ours", SMALL, tell=silent)
    mixed = make_demo(tmp_path / "mixed", SMALL, tell=silent)
    with open_warehouse(mixed) as engine:
        engine.execute("insert into main.batches (batch, kind) values (2, 'load')")
    for attempt in (lambda: clear_demo(mixed), lambda: make_demo(mixed.root, SMALL, tell=silent)):
        with pytest.raises(UserError, match="loads of its own") as refused:
            attempt()
        assert refused.value.hint.endswith(": nextmove undo 2")
    with open_warehouse(mixed) as engine:
        assert engine.query("select count(*) as n from main.order_lines")["n"][0].as_py() == SMALL.lines
        engine.execute("update main.batches set undone_by = 3 where batch = 2")
        engine.execute("insert into main.batches (batch, kind, undoes) values (3, 'undo', 2)")
    clear_demo(mixed)


def test_its_export_loads_without_a_reject(tmp_path: Path) -> None:
    demo = make_demo(tmp_path / "demo", SMALL, tell=silent)
    export_tables(demo, tmp_path / "files")
    other = Workspace.create(tmp_path / "other", settings=(demo.root / "nextmove.toml").read_text(encoding="utf-8"))
    loaded = _nextmove("load", tmp_path / "files", "--workspace", other.root)
    assert loaded.returncode == 0, loaded.stderr
    with (
        DuckDBEngine(demo.data / "warehouse.duckdb", read_only=True) as one,
        DuckDBEngine(other.data / "warehouse.duckdb", read_only=True) as two,
    ):
        assert two.query("select sum(rejected)::bigint as n from main.batch_tables")["n"][0].as_py() == 0
        for table in TABLES:
            listed = f"select {', '.join(column.name for column in table.columns)} from main.{table.name} order by {', '.join(table.key)}"
            assert one.query(listed) == two.query(listed), table.name


def test_the_people_of_the_demo(tmp_path: Path) -> None:
    people = demo_people(make_demo(tmp_path / "demo", SMALL, tell=silent))
    assert [person.role for person in people] == ["admin", "manager", "representative", "analyst", "marketing"]
    assert people[1].teams and people[2].rep_id and people[1].name != people[2].name


def test_the_command(tmp_path: Path) -> None:
    made = _nextmove("demo", tmp_path / "demo", "--lines", "2000", "--as-of", "2025-03-31", "--export", tmp_path / "files")
    assert made.returncode == 0, made.stderr
    assert "2,000 of 2,000 order lines" in made.stderr
    assert Workspace(tmp_path / "demo").settings.today().isoformat() == "2025-03-31"
    assert {path.stem for path in (tmp_path / "files").glob("*.csv")} == {table.name for table in TABLES}
    cleared = _nextmove("demo", tmp_path / "demo", "--clear")
    assert cleared.returncode == 0 and "ready for your own data" in cleared.stdout


@pytest.mark.parametrize(("arguments", "told"), [(["--lines", "10"], "2,000 to 100,000,000"), (["--as-of", "soon"], "is not a day")])
def test_wrong_arguments_get_a_sentence(tmp_path: Path, arguments: list[str], told: str) -> None:
    failed = _nextmove("demo", tmp_path / "demo", *arguments)
    assert failed.returncode == 1
    assert told in failed.stderr and "Traceback" not in failed.stderr
    assert not (tmp_path / "demo").exists()
