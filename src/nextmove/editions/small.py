"""Work in many small statements: threads that share each of them mostly wait for each other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from nextmove.engine import DuckDBEngine

_LARGE = 4_000_000  # lines: from here on a statement is long enough to be shared


@contextmanager
def one_thread(engine: DuckDBEngine, *, where: bool) -> Iterator[None]:
    """Within the block statements run in one thread, where asked and in no large company: it takes a third less of the processor."""
    lines = engine.query("select count(*) as lines from facts.sales")["lines"][0].as_py() if where else _LARGE
    if lines >= _LARGE:
        yield
        return
    engine.execute("set threads = 1")
    try:
        yield
    finally:
        engine.execute("reset threads")
