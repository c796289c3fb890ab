"""Work in many small statements, after a small load: threads that share each of them mostly wait for each other.

So each statement takes one thread, or in a large company its line's share of the cores, and two lines of work go on side by side instead.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from nextmove.engine import DuckDBEngine

_TURN = 0.0002  # seconds; Python's own 5 ms cost half a second in 750 statements
_LARGE = 4_000_000  # lines: from here on a statement is long enough to be shared


@contextmanager
def few_threads(engine: DuckDBEngine, *, side_by_side: int, where: bool) -> Iterator[None]:
    """Within the block, where asked, a statement takes few threads: on two cores this takes a sixth to a third less of the processor.

    `side_by_side` is how many lines of work go on in it."""
    if not where:
        yield
        return
    lines = engine.query("select count(*) as lines from facts.sales")["lines"][0].as_py()
    threads = 1 if lines < _LARGE else max(1, (os.cpu_count() or 1) // side_by_side)
    engine.execute(f"set threads = {threads}")
    try:
        yield
    finally:
        engine.execute("reset threads")


@contextmanager
def taking_turns(*, where: bool) -> Iterator[None]:
    """Within the block, where asked, a thread that computes makes way sooner: else each statement of the other waits for it."""
    before = sys.getswitchinterval()
    if where:
        sys.setswitchinterval(_TURN)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


@contextmanager
def loading_libraries(*, where: bool) -> Iterator[None]:
    """Meanwhile, where asked, load what predictions will need: while the database reads, a core is free."""
    with ThreadPoolExecutor(1) as worker:
        if where:
            worker.submit(_load_libraries)
        yield


def _load_libraries() -> None:
    import lightgbm  # noqa: F401
    import scipy.stats  # noqa: F401
