"""Reading the current edition: opened once, read-only, shared by all threads until the next one is published."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from threading import Lock

import duckdb
import pyarrow as pa

from nextmove.actions.journal import Journal
from nextmove.actions.listing import Action, action_called, list_actions
from nextmove.editions.definitions import definitions
from nextmove.editions.meta import Meta, read_meta, verify
from nextmove.editions.shelf import Shelf, Volume
from nextmove.engine import DuckDBEngine
from nextmove.errors import OlderNumbers, UserError
from nextmove.kpis import load_catalogue
from nextmove.kpis.scope import EVERYTHING, Scope
from nextmove.workspace import Workspace


@dataclass(frozen=True)
class Edition:
    """A published state of all numbers."""

    engine: DuckDBEngine
    meta: Meta

    def query(self, sql: str) -> pa.Table:
        """Run one `select` on it; each call has a cursor of its own, so any thread may ask."""
        return self.engine.query(sql)

    def actions(
        self, journal: Journal, *, day: dt.date, most: int, scope: Scope = EVERYTHING, rep: str | None = None, kind: str | None = None
    ) -> list[Action]:
        """The open actions in scope on `day`, best first; of each representative at most `most`."""
        return list_actions(self.engine, journal, scope=scope, day=day, most=most, rep=rep, kind=kind)

    def action(self, journal: Journal, key: str, *, scope: Scope = EVERYTHING) -> Action:
        """One action by its key, or by as much of it as is unique."""
        return action_called(self.engine, journal, key, scope=scope)


@dataclass(frozen=True)
class Reader:
    """Whose edition is read, and by which definitions it was made."""

    workspace: Workspace
    meta: Meta

    def made_otherwise(self) -> bool:
        """Whether the definitions are others now; looked at only where something is missing."""
        return definitions(self.workspace.settings, load_catalogue(self.workspace)) != self.meta.definitions


class EditionEngine(DuckDBEngine):
    """An edition's file: what one that an older version made does not have yet is told in a sentence, and the rest is served."""

    reader: Reader | None = None

    def query(self, sql: str) -> pa.Table:
        try:
            return super().query(sql)
        except (duckdb.CatalogException, duckdb.BinderException) as error:
            if self.reader is None or not self.reader.made_otherwise():
                raise
            raise OlderNumbers(
                "The published numbers were made by another version or with other settings, and lack what is asked here.",
                where=f"edition {self.reader.meta.edition}",
                hint="nextmove refresh",
            ) from error


_open: dict[str, tuple[Volume, Edition]] = {}
_opening = Lock()


def current_edition(workspace: Workspace) -> Edition:
    """The edition that is published now."""
    shelf = Shelf(workspace.editions)
    volume = shelf.current()
    if volume is None:
        raise UserError("Nothing has been published yet.", where=str(workspace.root), hint="nextmove refresh")
    held = _open.get(str(shelf.folder))
    if held and held[0] == volume:
        return held[1]
    with _opening:
        return _opened(shelf, workspace)


def _opened(shelf: Shelf, workspace: Workspace) -> Edition:
    """Open what is current now; a reader that still holds the edition before keeps it until it lets go."""
    for _ in range(3):
        volume = shelf.current()
        assert volume is not None
        held = _open.get(str(shelf.folder))
        if held and held[0] == volume:
            return held[1]
        if volume.path.exists():
            edition = open_edition(volume, workspace)
            _open[str(shelf.folder)] = (volume, edition)
            return edition
    raise UserError("The current edition is missing.", where=str(shelf.folder), hint="nextmove refresh")


def open_edition(volume: Volume, workspace: Workspace | None = None) -> Edition:
    """Open one edition and check that it is whole."""
    engine = EditionEngine(volume.path, read_only=True)
    verify(engine)
    meta = read_meta(engine)
    if workspace is not None:
        engine.reader = Reader(workspace, meta)
    return Edition(engine, meta)
