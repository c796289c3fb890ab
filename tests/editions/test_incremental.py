"""Bringing an edition forward gives the same tables as making it anew, whatever came, changed or went in between."""

from __future__ import annotations

import datetime as dt
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from nextmove.editions import refresh
from nextmove.editions.asof import BORN, LATER
from nextmove.editions.incremental import Move, look_closely
from nextmove.editions.meta import Meta
from nextmove.editions.progress import Steps, quiet
from nextmove.editions.publish import Build, take_rows
from nextmove.editions.shelf import Shelf, Volume
from nextmove.editions.source import State, show_source, state_of_warehouse, warehouse_attached
from nextmove.editions.tables import LEFT_BEHIND
from nextmove.editions.way import Before, choose
from nextmove.engine import DuckDBEngine
from nextmove.ingest.batches import Changed
from nextmove.kpis import load_catalogue
from nextmove.workspace import Workspace

NOW = dt.datetime(2025, 1, 2, 3, 4, 5)
DAY = dt.date(2024, 12, 20)
LINE = "order_id,line_no,ordered_at,account_id,product_id,quantity,net_amount\n"
Load = Callable[[str, str], None]
LoadInto = Callable[[Workspace], Load]


class Shelves:
    """Tables and facts of one company, made anew or brought forward, side by side."""

    def __init__(self, company: Workspace, folder: Path, begun: Path | None = None) -> None:
        """`begun` holds the tables and facts of the company as it is now, where they were made already."""
        self.company, self.folder, self.as_of = company, folder, DAY
        self.forward = shutil.copyfile(begun, folder / "forward.duckdb") if begun else take(company, folder / "forward.duckdb", None)
        self.version = self._state(0).version

    def check(self, as_of: dt.date) -> None:
        """Bring forward what was there, make it anew beside it, compare every table."""
        state = self._state(self.version)
        take(self.company, self.forward, Move(self.as_of, as_of, state.changed), as_of)
        anew = take(self.company, self.folder / "anew.duckdb", None, as_of)
        self.version, self.as_of = state.version, as_of
        assert different(self.forward, anew) == {}

    def _state(self, since: int) -> State:
        return state_of_warehouse(self.company.data / "warehouse.duckdb", since=since)


def take(company: Workspace, path: Path, move: Move | None, as_of: dt.date = DAY) -> Path:
    """Tables and facts of an edition, without what is concluded from them."""
    if move is None:
        path.unlink(missing_ok=True)
    with DuckDBEngine(path) as engine, warehouse_attached(engine, company.data / "warehouse.duckdb"):
        take_rows(Build(engine, company.settings, load_catalogue(company), as_of, Steps(quiet)), move)
    return path


@pytest.fixture(scope="module")
def begun(loaded: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return take(Workspace(loaded), tmp_path_factory.mktemp("begun") / "edition.duckdb", None)


@pytest.fixture
def shelves(company: Workspace, tmp_path: Path, begun: Path) -> Shelves:
    return Shelves(company, tmp_path, begun)


@pytest.fixture
def load_rows(company: Workspace, load_into: LoadInto) -> Load:
    return load_into(company)


def different(first: Path, second: Path) -> dict[str, int]:
    """Tables of two editions that do not hold the same rows, with the number of rows that differ."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{first}' as a (read_only); attach '{second}' as b (read_only)")
        listed = "select schema_name || '.' || table_name from duckdb_tables() where database_name = ? and table_name <> 'meta' order by 1"
        tables = [row[0] for row in connection.execute(listed, ["a"]).fetchall()]
        assert tables == [row[0] for row in connection.execute(listed, ["b"]).fetchall()]
        return {table: rows for table in tables if (rows := _differing(connection, table))}


def _differing(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    """Doubles are compared to nine digits: a sum of them differs in the last bit from run to run."""
    described = connection.execute(f"describe a.{table}").fetchall()
    columns = ", ".join(f'round("{row[0]}", 9)' if row[1] == "DOUBLE" else f'"{row[0]}"' for row in described)
    one, other = f"select {columns} from a.{table}", f"select {columns} from b.{table}"
    found = connection.execute(f"select count(*) from (({one} except all {other}) union all ({other} except all {one}))").fetchone()
    assert found
    return int(found[0])


def test_a_new_day_of_lines(shelves: Shelves, load_rows: Load) -> None:
    load_rows("order_lines", LINE + "".join(f"N{n},1,2024-12-21T10:00:00Z,A{n},P{1 + n % 5},3,{n}.50\n" for n in range(1, 9)))
    shelves.check(DAY + dt.timedelta(days=1))


def test_nothing_new_but_the_day(shelves: Shelves) -> None:
    shelves.check(DAY + dt.timedelta(days=3))


def test_only_what_came_into_sight_is_taken_again(company: Workspace, tmp_path: Path, begun: Path) -> None:
    """A lead was answered on the 22nd and a deal won on the 23rd; no invoice, activity or visit ever came."""
    path = shutil.copyfile(begun, tmp_path / "edition.duckdb")
    with DuckDBEngine(path) as engine, warehouse_attached(engine, company.data / "warehouse.duckdb"):

        def altered(as_of: dt.date) -> set[str]:
            show_source(engine, company.settings, as_of=as_of)
            move = look_closely(engine, company.settings, Move(DAY, as_of, {}))
            engine.execute("detach source")
            return {table for table in {*BORN, *LATER} - LEFT_BEHIND if move.alters(table)}

        assert altered(DAY) == set()
        assert altered(DAY + dt.timedelta(days=1)) == set()
        assert altered(DAY + dt.timedelta(days=2)) == {"leads"}
        assert altered(DAY + dt.timedelta(days=3)) == {"leads", "opportunities", "stage_changes"}


def test_a_line_that_moves_to_another_day_and_customer(shelves: Shelves, load_rows: Load) -> None:
    load_rows("order_lines", LINE + "O6-10,1,2023-05-05T08:00:00Z,A9,P2,1,99\n")
    shelves.check(DAY)


def test_attributes_of_customers_products_and_representatives(shelves: Shelves, load_rows: Load) -> None:
    load_rows("accounts", "account_id,segment,rep_id\nA5,hospital,R2\nNEW,hospital,R1\n")
    load_rows("products", "product_id,category,unit_cost\nP5,glue,4\nP4,glue,6\n")
    shelves.check(DAY)
    load_rows("reps", "rep_id,team\nR2,south\n")
    shelves.check(DAY)


def test_a_rate_of_exchange_that_comes_late(company: Workspace, load_rows: Load, tmp_path: Path) -> None:
    header = "order_id,line_no,ordered_at,account_id,product_id,quantity,net_amount,currency\n"
    load_rows("order_lines", header + "U1,1,2024-11-05T10:00:00Z,A2,P1,1,10,USD\n")
    load_rows("exchange_rates", "day,currency,rate\n2024-11-01,USD,0.9\n")
    shelves = Shelves(company, tmp_path)
    load_rows("exchange_rates", "day,currency,rate\n2024-11-04,USD,0.8\n")
    shelves.check(DAY)


def test_leads_deals_and_activities(shelves: Shelves, load_rows: Load) -> None:
    load_rows("activities", "activity_id,rep_id,opportunity_id,kind,started_at\nV1,R1,D1,call,2024-12-20T09:00:00Z\n")
    load_rows("opportunities", "opportunity_id,created_at,stage,status,amount\nD1,2024-10-01T09:00:00Z,offer,open,7000\n")
    shelves.check(DAY + dt.timedelta(days=4))


@pytest.mark.parametrize("seed", range(2))
def test_random_loads_one_after_the_other(shelves: Shelves, load_rows: Load, seed: int) -> None:
    chance, day = random.Random(seed), DAY
    for _ in range(2):
        load_rows("order_lines", LINE + "".join(_random_lines(chance, day)))
        if chance.random() < 0.5:
            load_rows("accounts", f"account_id,segment,rep_id\nA{chance.randint(1, 60)},{chance.choice(['retail', 'trade'])},R1\n")
        day += dt.timedelta(days=chance.randint(0, 2))
        shelves.check(day)


def _random_lines(chance: random.Random, day: dt.date) -> list[str]:
    """New lines, replaced ones, lines of unknown customers, lines of days that are not over yet."""
    lines = {}
    for n in range(40):
        old = chance.random() < 0.4
        order = f"O{chance.randint(1, 60)}-{chance.randint(0, 103)}" if old else f"R{chance.randint(0, 10_000)}-{n}"
        moment = dt.datetime.combine(day, dt.time(chance.randint(0, 23), 30)) + dt.timedelta(days=chance.randint(-400 if old else -3, 3))
        account = chance.choice(["", f"A{chance.randint(1, 62)}"])
        what = f"{account},P{chance.randint(1, 6)},{chance.randint(1, 9)},{chance.randint(1, 99)}.25"
        lines[order] = f"{order},1,{moment:%Y-%m-%dT%H:%M:%SZ},{what}\n"
    return list(lines.values())


def test_the_whole_edition_both_ways(published: Workspace, load_into: LoadInto) -> None:
    load_into(published)("order_lines", LINE + "N1,1,2024-12-21T10:00:00Z,A2,P1,3,50\nO6-10,1,2024-11-05T08:00:00Z,A9,P2,1,99\n")
    after = DAY + dt.timedelta(days=1)
    assert refresh(published, as_of=after, now=NOW).incremental
    assert not refresh(published, as_of=after, now=NOW, full=True).incremental
    first, second = (volume.path for volume in Shelf(published.editions).volumes()[-2:])
    assert different(first, second) == {}


def test_nothing_later_than_as_of_is_taken(company: Workspace, load_rows: Load, tmp_path: Path) -> None:
    """The company's day ends at its own midnight, 23:00 UTC in winter."""
    load_rows("order_lines", LINE + "X1,1,2024-12-20T22:59:59Z,A1,P1,1,7\nX2,1,2024-12-20T23:00:00Z,A1,P1,1,7\n")
    shelves = Shelves(company, tmp_path)
    with DuckDBEngine(shelves.forward, read_only=True) as engine:
        assert engine.query("select max(day) as day from facts.sales")["day"].to_pylist() == [DAY]
        assert engine.query("select order_id from facts.sales where order_id in ('X1', 'X2')")["order_id"].to_pylist() == ["X1"]
        deal = engine.query("select status, stage, amount::integer as amount from main.opportunities where opportunity_id = 'D2'")
        assert deal.to_pylist() == [{"status": "open", "stage": "proposal", "amount": 8000}]
        assert engine.query("select first_response_at as at from main.leads")["at"].to_pylist() == [None, None]


META = Meta("2024-12-20.0001", DAY, NOW, 7, "Small", "EUR", "UTC", "same", DAY, "", 1.0)
EMPTY = duckdb.sql("select 1 as nothing where false").to_arrow_table()


def way(*, as_of: dt.date = DAY, definitions: str = "same", version: int = 7, lines: int = 0, full: bool = False) -> bool:
    """Whether the edition before, of 1000 lines, is brought forward."""
    changed = {"order_lines": Changed("order_lines", lines, (DAY,), False)} if lines else {}
    before = Before(Volume(Path("x"), DAY, 1), META, 1000, EMPTY)
    return choose(before, State(version, changed), definitions=definitions, as_of=as_of, full=full).move is not None


def test_which_way_a_refresh_goes() -> None:
    assert way()
    assert way(lines=100, version=8)
    assert not way(full=True)
    assert not way(definitions="others")
    assert not way(as_of=DAY - dt.timedelta(days=1))
    assert not way(version=6)
    assert not way(lines=300)
    assert not way(as_of=DAY + dt.timedelta(days=30))
    assert choose(None, State(1, {}), definitions="same", as_of=DAY, full=False).move is None
