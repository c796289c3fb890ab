"""Batches: all or nothing, repeatable, and taken back with what they replaced; also under kill -9."""

from __future__ import annotations

import datetime as dt
import os
import random
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nextmove.engine import DuckDBEngine
from nextmove.errors import Busy, UserError
from nextmove.ingest.batches import changed_since, warehouse_version
from nextmove.ingest.load import load
from nextmove.ingest.plan import Options
from nextmove.ingest.sandbox import Reader
from nextmove.ingest.undo import undo
from nextmove.ingest.warehouse import FILE, SCHEMA_VERSION, open_warehouse
from nextmove.workspace import Workspace

NOW = dt.datetime(2026, 1, 15, 12)
HEAD = b"account_id,name,segment\n"
ALL = "select account_id, name, segment from accounts order by 1"


@pytest.mark.usefixtures("near")
def test_loading_twice_changes_nothing(load_bytes: Callable[..., Any], rows: Callable[[str], Any]) -> None:
    content = HEAD + b"C1,a,x\nC2,b,\n"
    load_bytes("accounts.csv", content)
    before = rows("select * from accounts order by 1")
    again = load_bytes("accounts.csv", content)[0]
    assert (again.loaded, again.replaced, again.unchanged) == (0, 0, 2)
    assert rows("select * from accounts order by 1") == before


@pytest.mark.usefixtures("near")
def test_a_missing_column_keeps_its_values_and_an_empty_one_does_not(load_bytes: Callable[..., Any], rows: Callable[[str], Any]) -> None:
    load_bytes("accounts.csv", HEAD + b"C1,a,x\n")
    assert load_bytes("accounts.csv", b"account_id,name\nC1,\n")[0].replaced == 1
    assert rows(ALL) == [("C1", None, "x")]


@pytest.mark.usefixtures("near")
@pytest.mark.parametrize("order", [(2, 3), (3, 2), (1,), (2,), (1, 2, 3), (3, 2, 1)])
def test_undo_restores_whatever_the_order(
    order: tuple[int, ...], load_bytes: Callable[..., Any], rows: Callable[[str], Any], workspace: Workspace
) -> None:
    versions = {1: b"one", 2: b"two", 3: b"three"}
    for batch, name in versions.items():
        load_bytes("accounts.csv", HEAD + b"C1," + name + b",x\nN%d,new,y\n" % batch)
    for batch in order:
        undo(workspace, batch, now=NOW)
    left = [batch for batch in versions if batch not in order]
    expected = [("C1", versions[left[-1]].decode(), "x")] if left else []
    assert rows(ALL) == expected + [(f"N{batch}", "new", "y") for batch in left]


@pytest.mark.usefixtures("near")
def test_what_changed_since_a_version(load_bytes: Callable[..., Any], workspace: Workspace) -> None:
    head = b"order_id,line_no,ordered_at,quantity,net_amount\n"
    load_bytes("order_lines.csv", head + b"A,1,2025-03-01,1,2\nA,2,2025-03-05,1,2\n")
    load_bytes("order_lines.csv", head + b"A,1,2025-04-01,1,2\n")
    undo(workspace, 2, now=NOW)
    with open_warehouse(workspace) as engine:
        assert warehouse_version(engine) == 3
        assert changed_since(engine, 0)["order_lines"].days == (dt.date(2025, 3, 1), dt.date(2025, 3, 5), dt.date(2025, 4, 1))
        assert changed_since(engine, 1)["order_lines"].days == (dt.date(2025, 3, 1), dt.date(2025, 4, 1))
        assert changed_since(engine, 3) == {}


@pytest.mark.usefixtures("near")
def test_keys_twice_in_a_file(load_bytes: Callable[..., Any], rows: Callable[[str], Any], rejected: Callable[..., Any]) -> None:
    result = load_bytes("accounts.csv", HEAD + b"C1,old,x\nC2,b,x\nC1,new,x\nC2,b,x\n")[0]
    assert (result.rows_read, result.loaded, result.unchanged, result.rejected) == (4, 2, 1, 1)
    assert rows(ALL) == [("C1", "new", "x"), ("C2", "b", "x")]
    assert rejected()[0][1] == "2" and "old" in rejected()[0][4]


@pytest.mark.usefixtures("near")
def test_an_order_that_two_files_share_loses_nothing(load_bytes: Callable[..., Any], rows: Callable[[str], Any]) -> None:
    head = b"order_id,ordered_at,quantity,net_amount\n"
    load_bytes("order_lines.csv", head + b"A,2025-01-31 23:50:00,1,10\nA,2025-01-31 23:50:00,1,20\n")
    load_bytes("order_lines.csv", head + b"A,2025-02-01 00:10:00,1,30\n")
    corrected = load_bytes("order_lines.csv", head + b"A,2025-01-31 23:50:00,1,10\nA,2025-01-31 23:50:00,1,25\n")[0]
    assert (corrected.replaced, corrected.unchanged) == (1, 1)
    assert rows("select line_no, net_amount::int from order_lines order by 1") == [(1, 10), (2, 25), (3, 30)]


@pytest.mark.usefixtures("near")
def test_numbered_ids_are_those_of_the_content(load_bytes: Callable[..., Any], rows: Callable[[str], Any]) -> None:
    content = b"spent_on,department,amount\n2025-01-01,sales,5\n2025-01-01,sales,5\n2025-01-02,sales,5\n"
    load_bytes("spend.csv", content)
    assert load_bytes("spend.csv", content)[0].unchanged == 3
    assert rows("select count(distinct spend_id), sum(amount)::int from spend") == [(3, 15)]


@pytest.mark.usefixtures("near")
def test_a_day_is_the_local_day(tmp_path: Path, rows: Callable[[str], Any], workspace: Workspace) -> None:
    settings_file = workspace.root / "nextmove.toml"
    settings_file.write_text(settings_file.read_text().replace('# time_zone = "UTC"', 'time_zone = "America/New_York"'))
    file = tmp_path / "order_lines.csv"
    file.write_text(
        "order_id,line_no,ordered_at,quantity,net_amount,promised_on\nA,1,2025-07-01,1,2,2025-07-03\nA,2,2025-07-01T02:00:00Z,1,2,\n"
    )
    load(Workspace(workspace.root), [file], now=NOW)
    assert rows("select strftime(ordered_at, '%d %H:%M'), promised_on from order_lines order by line_no") == [
        ("01 04:00", dt.date(2025, 7, 3)), ("01 02:00", None)]  # fmt: skip
    with open_warehouse(workspace) as engine:
        assert changed_since(engine, 0)["order_lines"].days == (dt.date(2025, 6, 30), dt.date(2025, 7, 1))


def test_a_workbook_of_two_sheets(tmp_path: Path, workspace: Workspace, rows: Callable[[str], Any]) -> None:
    path = tmp_path / "order_lines.xlsx"
    book = xlsxwriter.Workbook(str(path), {"default_date_format": "yyyy-mm-dd hh:mm"})
    for sheet, values in {"2024": [(1, 10.5), (2, 1.234)], "2025": [(2, 1.234), (3, 7)]}.items():
        page = book.add_worksheet(sheet)
        page.write_row(0, 0, ["order_id", "line_no", "ordered_at", "quantity", "net_amount"])
        for row, (number, amount) in enumerate(values, 1):
            page.write_row(row, 0, [4711, number])
            page.write_datetime(row, 2, dt.datetime(2025, 1, 31, 10, 15))
            page.write_row(row, 3, [1, amount])
    book.add_worksheet("notes").write(0, 0, "hello")
    book.close()
    results = load(workspace, [path], now=NOW)
    assert [(r.part, r.loaded, r.unchanged) for r in results] == [("2024", 2, 0), ("2025", 1, 1)]
    assert rows("select order_id, net_amount from order_lines order by line_no") == [("4711", Decimal(x)) for x in ("10.5", "1.234", "7")]


def test_a_workbook_that_asks_for_400_gigabytes(tmp_path: Path, workspace: Workspace) -> None:
    path = tmp_path / "accounts.xlsx"
    book = xlsxwriter.Workbook(str(path))
    page = book.add_worksheet()
    page.write(0, 0, "account_id")
    page.write(1048575, 16383, "far")
    book.close()
    with pytest.raises(UserError, match=r"cannot be read|memory"):
        load(workspace, [path], now=NOW)


@pytest.mark.usefixtures("near")
def test_a_zip_bomb(tmp_path: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nextmove.ingest.workbooks.LARGEST_SHEETS", 64 << 20)
    path = tmp_path / "accounts.xlsx"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as entry,
    ):
        for _ in range(5):
            entry.write(bytes(1 << 24))
    with pytest.raises(UserError, match="unpacks to"):
        load(workspace, [path], now=NOW)


def test_a_second_writer_is_told(workspace: Workspace, tmp_path: Path) -> None:
    holder = f"import duckdb, time; c = duckdb.connect({str(workspace.data / FILE)!r}); print('held', flush=True); time.sleep(60)"
    child = subprocess.Popen([sys.executable, "-c", holder], stdout=subprocess.PIPE)
    assert child.stdout and child.stdout.readline()
    file = tmp_path / "accounts.csv"
    file.write_bytes(HEAD + b"C1,a,x\n")
    try:
        with pytest.raises(Busy, match="Another process"):
            load(workspace, [file], now=NOW)
    finally:
        child.kill()
        child.wait()


def test_an_older_warehouse_is_brought_up_to_date(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "old", settings="")
    with duckdb.connect(str(workspace.data / FILE)) as old:
        old.execute("create table accounts (account_id varchar)")
        old.execute("drop table accounts")
    with open_warehouse(workspace) as engine:
        assert isinstance(engine, DuckDBEngine)
        assert engine.query("select version from main.schema_version")["version"][0].as_py() == SCHEMA_VERSION
    with duckdb.connect(str(workspace.data / FILE)) as newer:
        newer.execute("update schema_version set version = 99")
    with pytest.raises(UserError, match="newer nextmove"):
        open_warehouse(workspace)


def test_kill_in_the_middle_leaves_nothing_half(workspace: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "order_lines.csv"
    duckdb.sql(
        f"copy (select i as order_id, 1 as line_no, '2025-01-01' as ordered_at, 1 as quantity, 2 as net_amount"
        f" from range(60000) t(i)) to '{file}'"
    )
    command = [sys.executable, "-m", "nextmove.cli", "load", str(file), "--workspace", str(workspace.root)]
    code = f"import sys; sys.argv = {command[2:]!r}; from nextmove.cli import main; main()"
    seed = random.Random(7)
    for _ in range(4):
        child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        time.sleep(seed.uniform(0.3, 3.0))
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        with open_warehouse(workspace) as engine:
            count, noted = engine.connection.execute(
                "select (select count(*) from order_lines), (select count(*) from batch_tables)"
            ).fetchall()[0]
            assert (count == 60000) == (noted > 0) and count in (0, 60000)
    load(workspace, [file], now=NOW)
    with open_warehouse(workspace) as engine:
        assert engine.connection.execute("select count(*), count(distinct order_id) from order_lines").fetchall() == [(60000, 60000)]


WORDS = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp", "Cf"), exclude_characters="\x02"), min_size=1, max_size=12)


@pytest.mark.usefixtures("near")
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(products=st.dictionaries(WORDS, st.tuples(WORDS, st.decimals(-(10**9), 10**9, places=4)), min_size=1, max_size=8))
def test_what_goes_in_comes_out(
    products: dict[str, tuple[str, Decimal]], tmp_path_factory: pytest.TempPathFactory, workspace: Workspace
) -> None:
    import csv

    file = tmp_path_factory.mktemp("round") / "products.csv"
    with file.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow(["product_id", "name", "unit_cost"])
        writer.writerows([key, name, cost] for key, (name, cost) in products.items())
    with open_warehouse(workspace) as engine:
        engine.execute("delete from main.products")
    load(workspace, [file], now=NOW, options=Options(decimal="point"))
    with open_warehouse(workspace) as engine:
        found = engine.connection.execute("select product_id, name, unit_cost from products").fetchall()
    assert {key: (name, cost) for key, name, cost in found} == products


def test_a_file_that_ends_its_child_ends_no_other(tmp_path: Path) -> None:
    far, good = tmp_path / "far.xlsx", tmp_path / "accounts.csv"
    book = xlsxwriter.Workbook(str(far))
    page = book.add_worksheet()
    page.write(0, 0, "account_id")
    page.write(1048575, 16383, "far")
    book.close()
    good.write_bytes(HEAD + b"C1,a,x\n")
    with Reader(tmp_path / "scratch") as reader:
        first = reader.open(good, tmp_path / "scratch/1", {})
        with pytest.raises(UserError, match=r"cannot be read|memory"):
            reader.open(far, tmp_path / "scratch/2", {})
        assert reader.open(good, tmp_path / "scratch/3", {}) == first
        assert reader.ask("query", sql="select account_id, name from source") == [["C1", "a"]]


@pytest.mark.usefixtures("near")
def test_blanks_at_the_edges_of_fields_are_seen_wherever_they_stand(load_bytes: Callable[..., Any], rows: Callable[[str], Any]) -> None:
    """The look at the bytes decides for a whole file whether text needs trimming: each edge that could hide a blank, once."""
    for edge in (b"K, x", b"K,x ", b"K,\tx", b'K,"x "', b'K," x"', "K,x\u00a0".encode(), "K,\ufeffx".encode(), b" K,x"):
        for newline in (b"\n", b"\r\n"):
            load_bytes("accounts.csv", b"account_id,name" + newline + edge + newline)
            assert rows("select account_id, name from accounts") == [("K", "x")], edge


@pytest.mark.usefixtures("near")
@pytest.mark.parametrize(("day", "told"), [("1969-12-31", 1), ("1970-01-02", 0), ("2069-12-30", 0), ("2070-01-01", 1)])
def test_a_day_outside_the_calendar_is_rejected_in_words(
    day: str, told: int, load_bytes: Callable[..., Any], rejected: Callable[..., Any]
) -> None:
    """It would fall out of every number in silence. A plan may lie beyond the calendar."""
    order = load_bytes("order_lines.csv", f"order_id,line_no,ordered_at,quantity,net_amount\nA,1,{day},1,2\n".encode())[0]
    spent = load_bytes("spend.csv", f"spent_on,department,amount\n{day},sales,5\n".encode())[0]
    assert (order.rejected, spent.rejected) == (told, told)
    for batch in (1, 2) if told else ():
        assert rejected(batch)[0][3] == "outside the calendar, 1970 to 2069"
    plan = load_bytes("opportunities.csv", f"opportunity_id,created_at,status,expected_close_on\nD,2025-01-01,open,{day}\n".encode())[0]
    assert plan.rejected == 0
