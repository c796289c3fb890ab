"""Targets that a person sets are batches: listed, taken back, refused while another process writes."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from nextmove.errors import Busy
from nextmove.ingest.batches import batches, changed_since
from nextmove.ingest.load import load
from nextmove.ingest.targets import Key, Target, remove_targets, set_targets
from nextmove.ingest.undo import undo
from nextmove.ingest.warehouse import open_warehouse
from nextmove.workspace import Workspace

NOW = dt.datetime(2025, 7, 1, 9)
JULY = Key("net_sales", "month", dt.date(2025, 7, 1))
ANA = Key("net_sales", "month", dt.date(2025, 7, 1), "rep", "R1")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    made = Workspace.create(tmp_path / "co", settings='[company]\nname = "A"\n')
    file = tmp_path / "targets.csv"
    file.write_text("kpi,grain,period_start,dimension,member,value\nnet_sales,month,2025-07-01,,,1000\norders,month,2025-07-01,,,30\n")
    load(made, [file], now=NOW)
    return made


def values(workspace: Workspace) -> dict[tuple[str, str], Decimal]:
    with open_warehouse(workspace, read_only=True) as engine:
        rows = engine.query("select kpi, coalesce(member, '') as member, value from main.targets order by 1, 2").to_pylist()
    return {(row["kpi"], row["member"]): row["value"] for row in rows}


LOADED = {("net_sales", ""): Decimal(1000), ("orders", ""): Decimal(30)}


def test_setting_joins_and_replaces_what_was_loaded(workspace: Workspace) -> None:
    batch = set_targets(workspace, [Target(JULY, Decimal("1200.5")), Target(ANA, Decimal(400))], by="ana", now=NOW)
    assert values(workspace) == {**LOADED, ("net_sales", ""): Decimal("1200.5"), ("net_sales", "R1"): Decimal(400)}
    with open_warehouse(workspace, read_only=True) as engine:
        line = batches(engine)[0]
        assert (line.batch, line.file, line.loaded, line.replaced) == (batch, "targets page: ana", 1, 1)
        assert changed_since(engine, 1)["targets"].days == (dt.date(2025, 7, 1),)
    undo(workspace, batch, now=NOW)
    assert values(workspace) == LOADED


def test_what_was_taken_away_comes_back_by_an_undo(workspace: Workspace) -> None:
    batch = remove_targets(workspace, [JULY], by="ana", now=NOW)
    assert values(workspace) == {("orders", ""): Decimal(30)}
    undone = undo(workspace, batch, now=NOW)
    assert (undone.removed, undone.restored) == (0, 1)
    assert values(workspace) == LOADED
    with open_warehouse(workspace, read_only=True) as engine:
        assert engine.query("select * from history.targets").num_rows == 0


def test_undoing_a_removal_leaves_what_was_set_since(workspace: Workspace) -> None:
    removal = remove_targets(workspace, [JULY], by="ana", now=NOW)
    later = set_targets(workspace, [Target(JULY, Decimal(5))], by="ana", now=NOW)
    undo(workspace, removal, now=NOW)
    assert values(workspace)[("net_sales", "")] == Decimal(5)
    undo(workspace, later, now=NOW)
    assert values(workspace) == LOADED


def test_undoing_what_was_replaced_since_is_no_removal(workspace: Workspace) -> None:
    first = set_targets(workspace, [Target(JULY, Decimal(5))], by="ana", now=NOW)
    second = set_targets(workspace, [Target(JULY, Decimal(6))], by="ana", now=NOW)
    undo(workspace, first, now=NOW)
    assert values(workspace)[("net_sales", "")] == Decimal(6)
    undo(workspace, second, now=NOW)
    assert values(workspace) == LOADED


def test_while_another_process_writes_nothing_waits(workspace: Workspace) -> None:
    program = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    path = str(workspace.data / "warehouse.duckdb")
    other = subprocess.Popen([sys.executable, "-c", program, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert other.stdout is not None
        assert other.stdout.readline() == "open\n"
        with pytest.raises(Busy):
            set_targets(workspace, [Target(JULY, Decimal(5))], by="ana", now=NOW)
    finally:
        other.communicate("")
    assert values(workspace) == LOADED
