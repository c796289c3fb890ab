"""A workspace on another engine is one line of `nextmove.toml`: the same loads, the same numbers, a local edition."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

import nextmove
from nextmove.company import open_answering
from nextmove.demo import Plan, clear_demo, demo_people, make_demo
from nextmove.editions import refresh
from nextmove.engine import DuckDBEngine
from nextmove.errors import UserError
from nextmove.ingest.batches import batches, warehouse_version
from nextmove.ingest.distant import can_undo, open_engine, tables_at_hand, whole_warehouse
from nextmove.ingest.load import load
from nextmove.ingest.plan import Options
from nextmove.ingest.targets import Key, Target, remove_targets, set_targets
from nextmove.ingest.undo import undo
from nextmove.kpis import load_catalogue
from nextmove.predictions.clv import CustomerValue
from nextmove.workspace import Workspace

from .conftest import DISTANT

COMPANY = Path(__file__).parents[1] / "company"
NOW = dt.datetime(2024, 9, 18, 8)
FILES = [COMPANY / f"{table}.csv" for table in ("accounts", "exchange_rates", "opportunities", "order_lines", "stage_changes")]
HEADER = "order_id,line_no,ordered_at,account_id,quantity,net_amount\n"
DEALS = "opportunity_id,created_at,stage,status,amount\nNEW,2024-09-01 08:00:00,{stage},open,{amount}\n"


@pytest.fixture(scope="module", params=("duckdb", *DISTANT))
def company(request: pytest.FixtureRequest, new_place: Callable[[str, str], str], tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace that loaded files, loaded them again, corrected a line and added one."""
    root = tmp_path_factory.mktemp(f"on-{request.param}")
    line = "" if request.param == "duckdb" else f'\n[warehouse]\nurl = "{new_place(request.param, "workspace")}"\n'
    (root / "nextmove.toml").write_text((COMPANY / "nextmove.toml").read_text(encoding="utf-8") + line, encoding="utf-8")
    workspace = Workspace(root)
    load(workspace, FILES, now=NOW)
    again = load(workspace, FILES[3:], now=NOW)
    assert {(one.loaded, one.replaced) for one in again} == {(0, 0)}
    _load(workspace, "order_lines", HEADER + "NEW,1,2024-09-10 10:00:00,A1,1,1000\nNEW,2,2024-09-10 10:00:00,A1,1,50\n")
    _load(workspace, "order_lines", HEADER + "NEW,2,2024-09-10 10:00:00,A1,1,60\n")
    _load(workspace, "opportunities", DEALS.format(stage="talks", amount=10))
    _load(workspace, "opportunities", DEALS.format(stage="offer", amount=20))
    return workspace


def _load(workspace: Workspace, table: str, text: str) -> None:
    file = workspace.root / f"{table}.csv"
    file.write_text(text, encoding="utf-8")
    load(workspace, [file], now=NOW, options=Options(yes=True))


@pytest.fixture(scope="module")
def told() -> dict[str, dict[str, object]]:
    """What each engine told before, DuckDB first."""
    return {}


def test_it_answers_as_duckdb_does(company: Workspace, told: dict[str, dict[str, object]]) -> None:
    asked = nextmove.open(company.root)
    ours: dict[str, object] = {}
    for kpi, by in (("net_sales", "region"), ("pipeline_value", "stage")):
        for row in asked.kpi(kpi, by=by, start=dt.date(2024, 8, 1)).rows:
            ours[f"{kpi} {row['period_start']} {row[by]}"] = round(float(row["value"]), 6)
    asked.close()
    told.setdefault("answers", dict(ours))
    assert ours == told["answers"]
    assert len(ours) > 6


def test_predictions_come_out_as_on_duckdb(company: Workspace, told: dict[str, dict[str, object]]) -> None:
    with closing(open_answering(company, load_catalogue(company))) as engine:
        ours: dict[str, object] = {"clv": CustomerValue().fit(engine, as_of=dt.date(2024, 9, 18)).predict().to_pylist()}
    told.setdefault("predicted", dict(ours))
    assert ours == told["predicted"] != {"clv": []}


def test_its_batches_are_told(company: Workspace, told: dict[str, dict[str, object]]) -> None:
    engine = open_engine(company)
    ours = {f"{one.batch} {one.table}": (one.kind, one.rows_read, one.loaded, one.replaced, one.unchanged) for one in batches(engine)}
    told.setdefault("batches", dict(ours))
    assert ours == told["batches"]
    assert ours["4 order_lines"] == ("load", 1, 0, 1, 0)
    engine.close()


def test_a_refresh_sees_the_same_tables(company: Workspace, told: dict[str, dict[str, object]]) -> None:
    with whole_warehouse(company) as path, DuckDBEngine(path) as engine:
        tables = ("batch_days", "batch_tables", *(file.stem for file in FILES))
        ours: dict[str, object] = {}
        for table in tables:
            left = {"batch_tables": "file, sha256", "batch_days": "batch"}.get(table, "_batch")
            rows = engine.query(f"select * exclude ({left}) from main.{table}").to_pylist()
            ours[table] = sorted(str(row) for row in rows)
    told.setdefault("tables", dict(ours))
    assert ours == told["tables"]


def test_the_last_load_is_taken_back_or_that_is_refused(company: Workspace, told: dict[str, dict[str, object]]) -> None:
    if company.settings.warehouse.url.startswith("spark"):
        with pytest.raises(UserError, match="A batch cannot be taken back on Spark: its tables are files"):
            undo(company, 4, now=NOW)
        return
    done = undo(company, 4, now=NOW)
    assert (done.removed, done.restored) == (1, 1)
    asked = nextmove.open(company.root)
    found = {str(row["account"]): float(row["value"]) for row in asked.kpi("net_sales", by="account", start=dt.date(2024, 9, 1)).rows}
    asked.close()
    told.setdefault("undone", dict(found))
    assert found == told["undone"]


def test_what_needs_a_duckdb_file_is_refused_elsewhere(company: Workspace) -> None:
    if company.settings.warehouse.url.startswith("duckdb"):
        assert company.warehouse.exists()
        return
    with pytest.raises(UserError, match="the tables of this workspace are not in a DuckDB file"):
        company.warehouse.exists()


def test_a_target_is_set_and_taken_away(company: Workspace) -> None:
    key = Key("net_sales", "month", dt.date(2024, 10, 1), "rep", "R1")
    set_targets(company, [Target(key, Decimal("1250.5"))], by="me", now=NOW)
    assert _targets(company) == [(key.member, Decimal("1250.5000"))]
    batch = remove_targets(company, [key], by="me", now=NOW)
    assert _targets(company) == []
    if can_undo(company):
        undo(company, batch, now=NOW)
        assert _targets(company) == [(key.member, Decimal("1250.5000"))]


def _targets(company: Workspace) -> list[tuple[str, Decimal]]:
    with tables_at_hand(company, ("targets",)) as engine:
        return [(row["member"], row["value"]) for row in engine.query("from main.targets").to_pylist()]


def test_its_edition_is_a_local_file(company: Workspace) -> None:
    if company.settings.warehouse.url.startswith("duckdb"):
        pytest.skip("tests/editions asks this")
    refresh(company, as_of=company.settings.today(), now=NOW)
    asked = nextmove.open(company.root)
    assert isinstance(asked.engine, DuckDBEngine)
    rows = asked.kpi("net_sales", by="account", start=dt.date(2024, 9, 1)).rows
    asked.close()
    with tables_at_hand(company, ("order_lines",)) as engine:
        sold = "select account_id, sum(net_amount) as net from main.order_lines where ordered_at >= '2024-09-01' group by all"
        theirs = {row["account_id"]: float(row["net"]) for row in engine.query(sold).to_pylist()}
    assert {row["account"]: float(row["value"]) for row in rows}["A1"] == theirs["A1"]


def test_the_demo_company_moves_in_and_out(company: Workspace, new_place: Callable[[str, str], str], tmp_path: Path) -> None:
    scheme = company.settings.warehouse.url.partition(":")[0]
    if scheme == "duckdb":
        pytest.skip("tests/demo asks this")
    line = f'[warehouse]\nurl = "{new_place(scheme.removesuffix("ql"), "demo")}"\n'
    (tmp_path / "nextmove.toml").write_text(line, encoding="utf-8")
    demo = make_demo(tmp_path, Plan(lines=2_000), tell=lambda line: None)
    with tables_at_hand(demo, ("order_lines", "batches")) as engine:
        assert engine.query("select count(*) as n, count(distinct _batch) as batches from main.order_lines").to_pylist() == [
            {"n": 2_000, "batches": 1}
        ]
    assert [person.role for person in demo_people(demo)][:3] == ["admin", "manager", "representative"]
    with pytest.raises(UserError, match="data of its own"):
        make_demo(company.root, Plan(lines=2_000), tell=lambda line: None)
    clear_demo(demo)
    with tables_at_hand(demo, ("order_lines", "batches")) as engine:
        assert warehouse_version(engine) == 0
        assert engine.query("from main.order_lines").num_rows == 0
    assert (tmp_path / "nextmove.toml").read_text(encoding="utf-8") == line
