"""A workspace whose tables live in the company's own PostgreSQL or Spark.

What files say is judged in the same way as always, in a DuckDB of its own: it borrows what the load will meet (small tables whole, of the
long ones the rows that bear the coming keys), takes the load in, and gives back what has changed, in one transaction of the distant
engine. A refresh copies the canonical tables into the edition's machine and goes on as always: an edition is a local file.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from nextmove.engine import Distant, DuckDBEngine, Engine, distant_engine, is_distant, literal, name
from nextmove.errors import UserError
from nextmove.ingest.warehouse import LINEAGE, REPLACED_BY, SCHEMA_VERSION, create_tables, open_warehouse
from nextmove.tables import DATED_BY, TABLES, table
from nextmove.workspace import Workspace

LONG = frozenset({"order_lines", "web_sessions", "email_events"})  # of these only rows that a load meets are borrowed
_NOTES = ("batch_tables", "batch_days", "batch_confirmed")
_HISTORY_OF_DEALS = ("opportunities", "stage_changes")  # a load of one may change the other


def open_engine(workspace: Workspace, *, read_only: bool = False) -> Engine:
    """Where the workspace keeps its tables, near or far."""
    if not is_distant(workspace.settings.warehouse.url):
        return open_warehouse(workspace, read_only=read_only)
    return open_distant(workspace)


def open_distant(workspace: Workspace) -> Distant:
    """The distant engine of the workspace, with tables that were loaded."""
    engine = distant_engine(workspace.settings.warehouse.url)
    if "batches" not in engine.tables("main"):
        engine.close()
        raise UserError("There is no warehouse yet.", where="warehouse.url", hint="nextmove load FILE")
    return engine


def make_ready(workspace: Workspace) -> None:
    """Make the tables where they are missing or older than this program."""
    url = workspace.settings.warehouse.url
    if not is_distant(url):
        open_warehouse(workspace).close()
        return
    engine = distant_engine(url)
    try:
        if _version(engine) < SCHEMA_VERSION:
            with engine.transaction():
                _make_tables(engine)
    finally:
        engine.close()


def _version(engine: Engine) -> int:
    if "schema_version" not in engine.tables("main"):
        return 0
    return int(engine.query("select max(version) as version from main.schema_version")["version"][0].as_py() or 0)


def _make_tables(engine: Distant) -> None:
    """Every table as this program declares it; one that exists keeps its rows and gets the columns that it lacks."""
    with DuckDBEngine() as empty:
        create_tables(empty)
        for schema in ("main", "history"):
            there = engine.tables(schema)
            for each in empty.tables(schema):
                wanted = f"{schema}.{each}"
                if each in there:
                    one = f"select * from {wanted} limit 0"
                    if set(empty.query(one).column_names) == set(engine.query(one).column_names):
                        continue
                    _take(empty, wanted, engine.stream(f"select * from {wanted}"))
                engine.write(wanted, empty.query(f"from {wanted}"))
        engine.write("main.schema_version", empty.query(f"select {SCHEMA_VERSION} as version"))


@contextmanager
def opened_for_load(workspace: Workspace, coming: Mapping[str, Sequence[Path]], *, keep: bool) -> Iterator[DuckDBEngine]:
    """A DuckDB to bring rows into: the warehouse itself, or what the distant one lends. `coming` are the typed rows by table."""
    url = workspace.settings.warehouse.url
    if not is_distant(url):
        with open_warehouse(workspace) as engine:
            yield engine
        return
    related = _HISTORY_OF_DEALS if set(coming) & set(_HISTORY_OF_DEALS) else ()
    with _loan(workspace, sorted({*coming, *related})) as loan:
        for each in loan.tables:
            for file in coming.get(each, ()) if each in LONG else ():
                loan.borrow_met(each, file)
        yield loan.near
        if keep:
            loan.give_back()


@contextmanager
def opened_for_undo(workspace: Workspace, batch: int) -> Iterator[DuckDBEngine]:
    """A DuckDB to take a batch back in."""
    url = workspace.settings.warehouse.url
    if not is_distant(url):
        with open_warehouse(workspace) as engine:
            yield engine
        return
    if url.startswith("spark:"):
        raise UserError(
            "A batch cannot be taken back on Spark: its tables are files that are written whole or added to, never changed row by row.",
            where="warehouse.url",
            hint="load the right file again: rows of the same key are replaced",
        )
    far = open_distant(workspace)
    names = far.query(f"select distinct table_name from main.batch_tables where batch = {batch}").column(0).to_pylist()
    far.close()
    related = _HISTORY_OF_DEALS if set(names) & set(_HISTORY_OF_DEALS) else ()
    with _loan(workspace, sorted({*names, *related})) as loan:
        loan.borrow_batch(batch, sorted(set(names) & LONG))
        yield loan.near
        loan.give_back(undone=batch)


@contextmanager
def whole_warehouse(workspace: Workspace) -> Iterator[Path]:
    """The warehouse as a DuckDB file: itself, or a copy of the distant one's tables for as long as the block lasts."""
    if not is_distant(workspace.settings.warehouse.url):
        if workspace.warehouse.exists():
            open_warehouse(workspace, read_only=True).close()  # one of an older version is brought up to date
        yield workspace.warehouse
        return
    engine, folder = open_distant(workspace), Path(tempfile.mkdtemp(prefix="copy-", dir=_scratch(workspace)))
    try:
        with DuckDBEngine(folder / "warehouse.duckdb", memory_limit=workspace.settings.editions.memory_limit) as near:
            create_tables(near)
            with engine.transaction():
                for each in ("batches", *_NOTES, *(table.name for table in TABLES)):
                    _take(near, f"main.{each}", engine.stream(f"select * from main.{each}"))
        yield folder / "warehouse.duckdb"
    finally:
        engine.close()
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class Loan:
    """What a load borrows: `near` holds the rows of `tables` that it may meet."""

    far: Distant
    near: DuckDBEngine
    tables: Sequence[str]

    def borrow(self) -> None:
        """The batches, and small tables whole."""
        _take(self.near, "main.batches", self.far.stream("select * from main.batches"))
        for each in self.tables:
            if each not in LONG:
                for relation in (f"main.{each}", f"history.{each}"):
                    _take(self.near, relation, self.far.stream(f"select * from {relation}"))

    def borrow_met(self, long: str, rows: Path) -> None:
        """Rows of a long table that coming rows may replace: of their keys or, where those come from the content, of their days."""
        given = set(self.near.query(f"from read_parquet({literal(str(rows))}) limit 0").column_names)
        declared = table(long)
        known = [c.name for c in declared.columns if c.key and not c.numbered and c.name in given] or [DATED_BY[long]]
        listed = ", ".join(name(each) for each in known)
        same = " and ".join(f"met.{name(each)} = old.{name(each)}" for each in known)
        self.far.write("history.met", self.near.query(f"select distinct {listed} from read_parquet({literal(str(rows))})"))
        found = self.far.stream(f"select old.* from main.{long} as old where exists (select 1 from history.met as met where {same})")
        _take(self.near, f"main.{long}", found, new=True)
        self.far.execute("drop table history.met")

    def borrow_batch(self, batch: int, long: Sequence[str]) -> None:
        """What is noted of batches, and the rows of long tables that an undo of the batch moves."""
        slices = [(f"main.{each}", "true") for each in ("batch_tables", "batch_confirmed")]
        for relation, condition in [*slices, *(part for each in long for part in _slices(each, batch))]:
            _take(self.near, relation, self.far.stream(f"select * from {relation} where {condition}"))

    def give_back(self, *, undone: int | None = None) -> None:
        """Write what the load or the undo has changed."""
        number = int(self.near.connection.execute("select max(batch) from main.batches").fetchall()[0][0])
        for each in self.tables:
            if each not in LONG:
                self._give_whole(each, number, undone)
            elif undone is not None:
                self._give_slices(each, undone)
            else:
                self._give_new(each, number)
        for each in _NOTES:
            self.far.put(f"main.{each}", self.near.query(f"from main.{each} where batch = {number}"))
        self.far.write("main.batches", self.near.query("from main.batches"))

    def _give_whole(self, each: str, number: int, undone: int | None) -> None:
        met = ((f"main.{each}", f"abs({LINEAGE})"), (f"history.{each}", REPLACED_BY))
        if undone is None and not any(self.near.query(f"from {one} where {by} = {number} limit 1").num_rows for one, by in met):
            return
        for relation in (f"main.{each}", f"history.{each}"):
            self.far.write(relation, self.near.query(f"from {relation}"))

    def _give_new(self, long: str, number: int) -> None:
        new = self.near.query(f"from main.{long} where {LINEAGE} = {number}")
        if new.num_rows:
            self.far.put(f"main.{long}", new, key=table(long).key)
        replaced = self.near.query(f"from history.{long} where {REPLACED_BY} = {number}")
        if replaced.num_rows:
            self.far.put(f"history.{long}", replaced)

    def _give_slices(self, long: str, batch: int) -> None:
        for relation, condition in _slices(long, batch):
            self.far.execute(f"delete from {relation} where {condition}")
            self.far.put(relation, self.near.query(f"from {relation}"))


@contextmanager
def _loan(workspace: Workspace, tables: Sequence[str]) -> Iterator[Loan]:
    far = distant_engine(workspace.settings.warehouse.url)
    folder = Path(tempfile.mkdtemp(prefix="loan-", dir=_scratch(workspace)))
    try:
        with far.transaction(), DuckDBEngine(folder / "loan.duckdb") as near:
            create_tables(near)
            loan = Loan(far, near, tables)
            loan.borrow()
            yield loan
    finally:
        far.close()
        shutil.rmtree(folder, ignore_errors=True)


def _slices(long: str, batch: int) -> tuple[tuple[str, str], ...]:
    mine = f"{LINEAGE} = {batch}"
    return (f"main.{long}", mine), (f"history.{long}", f"({mine} or {REPLACED_BY} = {batch})")


def _take(near: DuckDBEngine, relation: str, rows: object, *, new: bool = False) -> None:
    """Bring Arrow rows into a table that stands; with `new`, only those that are not there yet."""
    near.connection.register("rows_to_take", rows)
    but = f" except select * from {relation}" if new else ""
    near.execute(f"insert into {relation} by name (select * from rows_to_take{but})")
    near.connection.unregister("rows_to_take")


def _scratch(workspace: Workspace) -> Path:
    folder = workspace.data / "scratch"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
