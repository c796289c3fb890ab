"""What needs to be found only once in a database that nobody writes while it is open: an edition, a warehouse opened for reading."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeVar, cast
from weakref import WeakKeyDictionary

from nextmove.engine.contract import Engine

Found = TypeVar("Found")

_found: WeakKeyDictionary[Engine, dict[Hashable, object]] = WeakKeyDictionary()


def once(engine: Engine, key: Hashable, find: Callable[[], Found]) -> Found:
    """What `find` returns; asked again only where the database can have changed."""
    if not getattr(engine, "read_only", False):
        return find()
    found = _found.setdefault(engine, {})
    if key not in found:
        found[key] = find()
    return cast(Found, found[key])
