"""A workspace whose tables live in the company's own PostgreSQL or Spark.

A refresh copies the canonical tables into the edition's machine and goes on as always: an edition is a local file. What a load borrows
from there stands in `loan.py`.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from nextmove.engine import Distant, DuckDBEngine, Engine, distant_engine, is_distant, name
from nextmove.errors import Busy, UserError
from nextmove.ingest.batches import warehouse_version
from nextmove.ingest.warehouse import SCHEMA_VERSION, create_tables, open_file, open_warehouse
from nextmove.tables import TABLES
from nextmove.workspace import Workspace

DRAFT = "warehouse.draft.duckdb"
AT_ONCE = 100_000  # rows that are held in memory on their way
NOTES = ("batch_tables", "batch_days", "batch_confirmed")


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
                    take(empty, wanted, engine.stream(f"select * from {wanted}"))
                engine.write(wanted, empty.query(f"from {wanted}"))
        engine.write("main.schema_version", empty.query(f"select {SCHEMA_VERSION} as version"))


@contextmanager
def tables_at_hand(workspace: Workspace, tables: Sequence[str]) -> Iterator[DuckDBEngine]:
    """A DuckDB in which these tables of the warehouse can be read: itself, or memory with a copy of them."""
    if not is_distant(workspace.settings.warehouse.url):
        with open_warehouse(workspace, read_only=True) as engine:
            yield engine
        return
    with closing(open_distant(workspace)) as far, DuckDBEngine() as near:
        create_tables(near)
        for each in tables:
            take(near, f"main.{each}", far.stream(f"select * from main.{each}"))
        yield near


@dataclass(frozen=True)
class AtHand:
    """The warehouse as a DuckDB file: itself, or a copy of the distant one's tables, in which those `left` there are empty."""

    path: Path
    far: Distant | None = None
    left: tuple[str, ...] = ()

    def bring_left(self) -> None:
        """Copy what was left there too."""
        if self.far is None or not self.left:
            return
        with DuckDBEngine(self.path) as near, self.far.transaction():
            for each in self.left:
                take(near, f"main.{each}", self.far.stream(f"select * from main.{each}"))
        self.check_unchanged()

    def check_unchanged(self) -> None:
        """Refuse to go on where something was loaded there since the tables were copied."""
        with DuckDBEngine(self.path, read_only=True) as near:
            copied = warehouse_version(near)
        if self.far is not None and warehouse_version(self.far) != copied:
            raise Busy("The warehouse was loaded in this moment.", hint="nextmove refresh")


@contextmanager
def whole_warehouse(workspace: Workspace) -> Iterator[Path]:
    """The warehouse as a DuckDB file: itself, or a copy of the distant one's tables for as long as the block lasts."""
    with warehouse_at_hand(workspace) as hand:
        yield hand.path


@contextmanager
def warehouse_at_hand(workspace: Workspace, *, leaving: Collection[str] = ()) -> Iterator[AtHand]:
    """The same, where a distant warehouse keeps the tables `leaving` until they are wanted."""
    if not is_distant(workspace.settings.warehouse.url):
        if workspace.warehouse.exists():
            open_warehouse(workspace, read_only=True).close()  # one of an older version is brought up to date
        yield AtHand(workspace.warehouse)
        return
    engine, folder = open_distant(workspace), Path(tempfile.mkdtemp(prefix="copy-", dir=scratch(workspace)))
    try:
        with DuckDBEngine(folder / "warehouse.duckdb", memory_limit=workspace.settings.editions.memory_limit) as near:
            create_tables(near)
            with engine.transaction():
                for each in ("batches", *NOTES, *(table.name for table in TABLES if table.name not in leaving)):
                    take(near, f"main.{each}", engine.stream(f"select * from main.{each}"))
        yield AtHand(folder / "warehouse.duckdb", engine, tuple(sorted(leaving)))
    finally:
        engine.close()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def new_warehouse(workspace: Workspace) -> Iterator[DuckDBEngine]:
    """A file of its own to fill, with empty tables; whole, it takes the place of the warehouse, or its rows that of the distant one's."""
    draft = workspace.data / DRAFT
    with open_file(draft, memory_limit=workspace.settings.editions.memory_limit) as engine:
        yield engine
        if is_distant(workspace.settings.warehouse.url):
            with closing(distant_engine(workspace.settings.warehouse.url)) as far, far.transaction():
                _replace_all(far, engine)
    if is_distant(workspace.settings.warehouse.url):
        draft.unlink()
    else:
        draft.replace(workspace.warehouse)


def _replace_all(far: Distant, near: DuckDBEngine) -> None:
    """Put the tables there in the place of those that stand; facts that were made from them go."""
    for fact, kind in far.tables("facts").items():
        far.execute(f"drop {kind} if exists facts.{name(fact)} cascade")
    far.execute("drop table if exists main.prepared")
    for schema in ("main", "history"):
        for each in near.tables(schema):
            far.write(f"{schema}.{each}", near.connection.cursor().sql(f"from {schema}.{each}").to_arrow_reader(AT_ONCE))


def can_undo(workspace: Workspace) -> bool:
    """Whether batches can be taken back where the tables are."""
    return not workspace.settings.warehouse.url.startswith("spark:")


def take(near: DuckDBEngine, relation: str, rows: object, *, new: bool = False) -> None:
    """Bring Arrow rows into a table that stands; with `new`, only those that are not there yet."""
    near.connection.register("rows_to_take", rows)
    but = f" except select * from {relation}" if new else ""
    near.execute(f"insert into {relation} by name (select * from rows_to_take{but})")
    near.connection.unregister("rows_to_take")


def scratch(workspace: Workspace) -> Path:
    folder = workspace.data / "scratch"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
