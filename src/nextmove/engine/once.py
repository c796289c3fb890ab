"""What needs to be found only once in a database that nobody writes while it is open: an edition, a warehouse opened for reading.

`once` is for small answers and lasts as long as the engine. `shared` is for large ones that several readers want one after the other:
it lasts as long as the block `sharing`, within which nobody writes what is asked, and does nothing outside of one.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import TypeVar, cast
from weakref import WeakKeyDictionary

from nextmove.engine.contract import Engine

Found = TypeVar("Found")


@dataclass(frozen=True)
class Kept:
    """What was found, and a lock for each question, so that two who ask at the same time wait for one answer."""

    found: dict[Hashable, object] = field(default_factory=dict)
    locks: dict[Hashable, Lock] = field(default_factory=dict)

    def get(self, key: Hashable, find: Callable[[], Found]) -> Found:
        with self.locks.setdefault(key, Lock()):
            if key not in self.found:
                self.found[key] = find()
        return cast(Found, self.found[key])


_found: WeakKeyDictionary[Engine, dict[Hashable, object]] = WeakKeyDictionary()
_sharing: WeakKeyDictionary[Engine, Kept] = WeakKeyDictionary()


def once(engine: Engine, key: Hashable, find: Callable[[], Found]) -> Found:
    """What `find` returns; asked again only where the database can have changed."""
    if not getattr(engine, "read_only", False):
        return find()
    found = _found.setdefault(engine, {})
    if key not in found:
        found[key] = find()
    return cast(Found, found[key])


@contextmanager
def sharing(engine: Engine) -> Iterator[None]:
    """Within the block `shared` answers are kept; one within another adds nothing."""
    if engine in _sharing:
        yield
        return
    _sharing[engine] = Kept()
    try:
        yield
    finally:
        del _sharing[engine]


def shared(engine: Engine, key: Hashable, find: Callable[[], Found]) -> Found:
    """What `find` returns; within `sharing`, the same object for all who ask."""
    shelf = _sharing.get(engine)
    return find() if shelf is None else shelf.get(key, find)
