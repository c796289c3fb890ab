"""What a load, an undo or a target borrows from a distant engine, and what it gives back.

What files say is judged in the same way as always, in a DuckDB of its own: it borrows what the load will meet (small tables whole, of the
long ones the rows that bear the coming keys), takes the load in, and gives back what has changed, in one transaction of the distant
engine.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from nextmove.engine import Distant, DuckDBEngine, distant_engine, is_distant, literal, name
from nextmove.errors import UserError
from nextmove.ingest.distant import NOTES, can_undo, open_distant, scratch, take
from nextmove.ingest.warehouse import LINEAGE, REPLACED_BY, create_tables, open_warehouse
from nextmove.tables import DATED_BY, table
from nextmove.workspace import Workspace

LONG = frozenset({"order_lines", "web_sessions", "email_events"})  # of these only rows that a load meets are borrowed
_HISTORY_OF_DEALS = ("opportunities", "stage_changes")  # a load of one may change the other


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
    if not can_undo(workspace):
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


@dataclass(frozen=True)
class Loan:
    """What a load borrows: `near` holds the rows of `tables` that it may meet."""

    far: Distant
    near: DuckDBEngine
    tables: Sequence[str]

    def borrow(self) -> None:
        """The batches, and small tables whole."""
        take(self.near, "main.batches", self.far.stream("select * from main.batches"))
        for each in self.tables:
            if each not in LONG:
                for relation in (f"main.{each}", f"history.{each}"):
                    take(self.near, relation, self.far.stream(f"select * from {relation}"))

    def borrow_met(self, long: str, rows: Path) -> None:
        """Rows of a long table that coming rows may replace: of their keys or, where those come from the content, of their days."""
        given = set(self.near.query(f"from read_parquet({literal(str(rows))}) limit 0").column_names)
        declared = table(long)
        known = [c.name for c in declared.columns if c.key and not c.numbered and c.name in given] or [DATED_BY[long]]
        listed = ", ".join(name(each) for each in known)
        same = " and ".join(f"met.{name(each)} = old.{name(each)}" for each in known)
        self.far.write("history.met", self.near.query(f"select distinct {listed} from read_parquet({literal(str(rows))})"))
        found = self.far.stream(f"select old.* from main.{long} as old where exists (select 1 from history.met as met where {same})")
        take(self.near, f"main.{long}", found, new=True)
        self.far.execute("drop table history.met")

    def borrow_batch(self, batch: int, long: Sequence[str]) -> None:
        """What is noted of batches, and the rows of long tables that an undo of the batch moves."""
        slices = [(f"main.{each}", "true") for each in ("batch_tables", "batch_confirmed")]
        for relation, condition in [*slices, *(part for each in long for part in _slices(each, batch))]:
            take(self.near, relation, self.far.stream(f"select * from {relation} where {condition}"))

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
        for each in NOTES:
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
    folder = Path(tempfile.mkdtemp(prefix="loan-", dir=scratch(workspace)))
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
