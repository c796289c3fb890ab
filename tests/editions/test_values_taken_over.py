"""The values of an edition that was brought forward are those of one made anew, whatever came in between, day after day."""

from __future__ import annotations

import datetime as dt
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from nextmove.editions.incremental import Move
from nextmove.editions.progress import Steps, quiet
from nextmove.editions.publish import Build, take_rows
from nextmove.editions.source import state_of_warehouse, warehouse_attached
from nextmove.engine import DuckDBEngine
from nextmove.facts import create_predicted
from nextmove.ingest.load import load
from nextmove.ingest.undo import undo
from nextmove.ingest.warehouse import open_warehouse
from nextmove.kpis import load_catalogue
from nextmove.kpis.batch import compute_values
from nextmove.workspace import Workspace
from tests.conftest import COMPANY, load_company

NOW = dt.datetime(2025, 1, 2, 3, 4, 5)
ONE_DAY = dt.timedelta(days=1)
LINE = "order_id,line_no,ordered_at,account_id,product_id,quantity,net_amount,currency\n"
DEAL = "opportunity_id,created_at,stage,status,amount,expected_close_on,closed_at\n"
VALUES = "kpi, grain, calendar, dimension, member, period_start, period_end, rows, complete, immature"
NUMBERS = ", ".join(f"round({name}, 7) as {name}" for name in ("value", "numerator", "denominator", "coverage"))


@pytest.fixture(scope="module")
def reference_company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reference company as a workspace: every table, two currencies, two years."""
    settings = (COMPANY / "nextmove.toml").read_text(encoding="utf-8")
    workspace = Workspace.create(tmp_path_factory.mktemp("reference") / "company", settings=settings)
    with open_warehouse(workspace) as engine:
        engine.execute("drop schema if exists facts cascade")
        load_company(engine)
    return workspace.root


class Forward:
    """The values of one company, brought forward from day to day."""

    def __init__(self, company: Path, folder: Path, as_of: dt.date) -> None:
        self.company = Workspace(Path(shutil.copytree(company, folder / "company")))
        self.folder, self.as_of, self.files = folder, as_of, 0
        self.forward = self._made(folder / "forward.duckdb", None)
        self.version = self._version()

    def loaded(self, table: str, text: str) -> int:
        """Load a CSV text as a user does; returns the batch."""
        self.files += 1
        file = self.folder / str(self.files) / f"{table}.csv"
        file.parent.mkdir()
        file.write_text(text, encoding="utf-8")
        load(self.company, [file], now=NOW)
        return self._version()

    def to(self, as_of: dt.date) -> None:
        """Bring the values forward, make them anew beside, and compare."""
        changed = state_of_warehouse(self.company.data / "warehouse.duckdb", since=self.version).changed
        before, self.as_of, self.version = self.as_of, as_of, self._version()
        self._made(self.forward, Move(before, as_of, changed))
        anew = self._made(self.folder / "anew.duckdb", None)
        assert differing(self.forward, anew) == []

    def _version(self) -> int:
        return state_of_warehouse(self.company.data / "warehouse.duckdb", since=0).version

    def _made(self, path: Path, move: Move | None) -> Path:
        if move is None:
            path.unlink(missing_ok=True)
        catalogue = load_catalogue(self.company)
        with DuckDBEngine(path) as engine:
            engine.execute("set threads = 1")
            with warehouse_attached(engine, self.company.data / "warehouse.duckdb"):
                since = take_rows(Build(engine, self.company.settings, catalogue, self.as_of, Steps(quiet)), move)
            create_predicted(engine)
            compute_values(engine, catalogue, self.company.settings, as_of=self.as_of, since=since)
        return path


def differing(forward: Path, anew: Path) -> list[tuple[object, ...]]:
    """KPIs, grains and dimensions of which values differ, with how many and where the first stands."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{forward}' as forward (read_only); attach '{anew}' as anew (read_only)")
        one, other = (f"select {VALUES}, {NUMBERS} from {each}.main.kpi_values" for each in ("forward", "anew"))
        return connection.execute(
            "select kpi, grain, dimension, count(*), min(period_start)\n"
            f"from (({one} except all {other}) union all ({other} except all {one})) group by all order by all"
        ).fetchall()


@pytest.fixture
def begin(reference_company: Path, tmp_path: Path) -> Callable[[dt.date], Forward]:
    return lambda as_of: Forward(reference_company, tmp_path, as_of)


def test_days_on_which_all_kinds_of_things_happen(begin: Callable[[dt.date], Forward]) -> None:
    """Into another week, month and quarter; and a day again on which nothing was loaded."""
    values = begin(dt.date(2023, 12, 29))
    for days in (2, 1, 0):
        values.to(values.as_of + days * ONE_DAY)


def test_orders_that_come_late_are_replaced_and_taken_back(begin: Callable[[dt.date], Forward]) -> None:
    values = begin(dt.date(2024, 5, 14))
    late = values.loaded("order_lines", LINE + "N1,1,2023-06-07T10:00:00Z,A03,P01,3,500,EUR\nN2,1,2024-02-02T10:00:00Z,A29,P02,1,70,USD\n")
    values.to(dt.date(2024, 5, 14))
    values.loaded("order_lines", LINE + "N1,1,2023-06-08T10:00:00Z,A04,P03,2,300,EUR\nN3,1,2024-05-15T08:00:00Z,A03,P01,1,20,EUR\n")
    values.to(dt.date(2024, 5, 15))
    undo(values.company, late, now=NOW)
    values.to(dt.date(2024, 5, 16))


def test_deals_leads_and_invoices_that_change_without_an_order(begin: Callable[[dt.date], Forward]) -> None:
    values = begin(dt.date(2024, 3, 30))
    values.loaded("opportunities", DEAL + "D01,2023-11-28T05:30:00Z,talks,lost,1700,2024-05-07,2024-01-28T00:30:00Z\n")
    values.loaded("leads", "lead_id,created_at,mql_at,sql_at\nL60,2023-03-30T13:00:00Z,2023-04-14T19:00:00Z,2024-03-29T08:00:00Z\n")
    values.to(dt.date(2024, 3, 30))
    values.loaded("invoices", "invoice_id,account_id,issued_on,due_on,amount,paid_on\nI001,A14,2023-03-27,2023-04-27,250.5,2024-02-01\n")
    values.loaded("activities", "activity_id,rep_id,account_id,kind,started_at\nV200,R2,A30,call,2023-10-10T10:00:00Z\n")
    values.loaded("surveys", "account_id,responded_at,kind,score\nA05,2023-10-10T10:00:00Z,nps,9\n")
    values.to(dt.date(2024, 4, 2))


def test_a_column_and_an_attribute_that_were_not_known(begin: Callable[[dt.date], Forward]) -> None:
    values = begin(dt.date(2024, 5, 14))
    values.loaded("accounts", "account_id,segment,rep_id\nA05,hospital,R2\n")
    values.loaded("targets", "kpi,dimension,member,grain,period_start,value\nnet_sales,,,month,2024-02-01,1000\n")
    values.to(dt.date(2024, 5, 15))


@pytest.mark.parametrize("seed", range(1))
def test_random_days(begin: Callable[[dt.date], Forward], seed: int) -> None:
    chance = random.Random(seed)
    values = begin(dt.date(2023, 10, 1) + chance.randint(0, 300) * ONE_DAY)
    for _ in range(2):
        for _ in range(chance.randint(0, 2)):
            values.loaded("order_lines", LINE + "".join(_lines(chance, values.as_of)))
        if chance.random() < 0.5:
            deals = {f"D{chance.randint(1, 50):02}" for _ in range(3)}
            values.loaded("opportunities", DEAL + "".join(_deal(chance, deal, values.as_of) for deal in sorted(deals)))
        values.to(values.as_of + chance.randint(0, 9) * ONE_DAY)


def _lines(chance: random.Random, day: dt.date) -> list[str]:
    lines = {}
    for n in range(6):
        order = f"O{chance.randint(1, 900):04}" if chance.random() < 0.3 else f"R{chance.randint(0, 10_000)}-{n}"
        moment = dt.datetime.combine(day, dt.time(chance.randint(0, 23))) + dt.timedelta(days=chance.choice([-200, -40, 0, 0, 1, 2]))
        what = f"A{chance.randint(1, 32):02},P{chance.randint(1, 12):02},{chance.randint(1, 9)},{chance.randint(1, 99)}.25"
        lines[order] = f"{order},1,{moment:%Y-%m-%dT%H:%M:%SZ},{what},{chance.choice(['EUR', 'USD'])}\n"
    return list(lines.values())


def _deal(chance: random.Random, deal: str, day: dt.date) -> str:
    created = dt.datetime.combine(day, dt.time(9)) - dt.timedelta(days=chance.randint(0, 150))
    closed = created + dt.timedelta(days=chance.randint(1, 60))
    status = chance.choice(["open", "won", "lost"])
    expected, end = (created + dt.timedelta(days=chance.randint(10, 90))).date(), "" if status == "open" else f"{closed:%Y-%m-%dT%H:%M:%SZ}"
    stage = chance.choice(["talks", "offer"])
    return f"{deal},{created:%Y-%m-%dT%H:%M:%SZ},{stage},{status},{chance.randint(100, 9000)},{expected},{end}\n"
