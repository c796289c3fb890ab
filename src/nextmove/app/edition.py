"""The current edition: the one consistent state of all numbers that pages and API read.

One process holds one read-only connection to it and gives each question a cursor of its own. When another edition is
published, the next request opens that one; answers under way finish on the one they began with. An edition never
changes, so what was once asked of it is kept.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections import OrderedDict
from collections.abc import Callable
from functools import cached_property
from typing import Any, TypeVar, cast

from nextmove.editions import Edition as Published
from nextmove.editions import current_edition
from nextmove.engine import DuckDBEngine
from nextmove.errors import MissingData
from nextmove.settings import Settings
from nextmove.workspace import Workspace

T = TypeVar("T")
Row = dict[str, Any]  # Any: a cell of a table
_KEPT = 2000  # answers kept per edition


class NoEdition(MissingData):
    """Nothing has been published yet."""


class Edition:
    """An open edition: `rows` asks it, `kept` asks once, `worked_out` keeps a table that pages search and sort."""

    def __init__(self, published: Published, settings: Settings) -> None:
        self.published = published
        self.settings = settings
        self.engine = published.engine
        self._side = DuckDBEngine()
        self._kept: OrderedDict[object, Any] = OrderedDict()  # Any: whatever was asked
        self._worked_out: set[str] = set()
        self._lock = threading.Lock()
        self._making = threading.Lock()

    @property
    def as_of(self) -> dt.date:
        return self.published.meta.as_of

    def rows(self, sql: str) -> list[Row]:
        return cast("list[Row]", self.engine.query(sql).to_pylist())

    def row(self, sql: str) -> Row | None:
        found = self.rows(sql)
        return found[0] if found else None

    def worked_out(self, name: str, sql: str) -> Callable[[str], list[Row]]:
        """A table worked out once per edition and kept in memory; returns how to ask it."""
        with self._making:
            if name not in self._worked_out:
                self._side.write(name, self.engine.query(sql))
                self._worked_out.add(name)
        return lambda question: self._side.query(question).to_pylist()

    def kept(self, key: object, ask: Callable[[], T]) -> T:
        """The answer to `ask`, asked once per edition; two threads may ask at once, which does no harm."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return cast("T", self._kept[key])
        answer = ask()
        with self._lock:
            self._kept[key] = answer
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return answer

    @cached_property
    def tables(self) -> frozenset[str]:
        """What is in it, as `schema.table`."""
        found = self.rows("select table_schema as s, table_name as t from information_schema.tables")
        return frozenset(f"{row['s']}.{row['t']}" for row in found)

    def has_rows(self, table: str) -> bool:
        return self.kept(("has rows", table), lambda: table in self.tables and bool(self.rows(f"select 1 as one from {table} limit 1")))


class Shelf:
    """Where a workspace's current edition is found.

    With `warm`, a new edition is made ready beside the old one: its most asked numbers are asked before anybody waits for
    them, and readers change over when it is done; `warm_the_rest` goes on from there.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.warm: Callable[[Edition], None] | None = None
        self.warm_the_rest: Callable[[Edition, Callable[[], bool]], None] | None = None
        self._open: Edition | None = None
        self._name = ""
        self._preparing = ""
        self._lock = threading.Lock()

    def current(self) -> Edition:
        name = self._published()
        with self._lock:
            if self._open is not None and name in (self._name, self._preparing):
                return self._open
            if self._open is None or self.warm is None:
                self._take(name)
            if self.warm is not None:
                self._preparing = name
                threading.Thread(target=self._prepare, args=(name,), name="next-edition", daemon=True).start()
            return cast("Edition", self._open)

    def _published(self) -> str:
        try:
            return (self.workspace.editions / "current").read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            raise NoEdition("No numbers have been published yet.", where=str(self.workspace.root), hint="nextmove refresh") from None

    def _take(self, name: str) -> None:
        self._open = Edition(current_edition(self.workspace), self.workspace.settings)
        self._name = name

    def _prepare(self, name: str) -> None:
        edition = self._open if name == self._name else Edition(current_edition(self.workspace), self.workspace.settings)
        try:
            if edition is not None and self.warm is not None:
                self.warm(edition)
        finally:
            with self._lock:
                self._open, self._name, self._preparing = edition, name, ""
        if edition is not None and self.warm_the_rest is not None:
            self.warm_the_rest(edition, lambda: self._open is edition)
