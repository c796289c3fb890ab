"""How long a refresh takes, how much memory, how both grow, and what a load of one day costs.

    python benchmarks/refresh.py [LINES …]      (1,000,000 and 10,000,000)

Each refresh runs in a process of its own, whose wall time and peak memory (resident) are printed. The day that is loaded is a copy of
the last day's lines under new order numbers, one day later.
"""

from __future__ import annotations

import datetime as dt
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

NOW = dt.datetime(2026, 10, 2)


def main() -> None:
    sizes = [int(text) for text in sys.argv[1:]] or [1_000_000, 10_000_000]
    results = {lines: measured(lines) for lines in sizes}
    for lines, (full, memory, forward, more) in results.items():
        print(f"{lines:>12,} lines   full {full:8.1f} s  {memory / 1024:6.2f} GiB", end="")
        print(f"   a day later {forward:7.1f} s  {more / 1024:6.2f} GiB   ratio {forward / full:.3f} (at most 0.1)")
    if len(sizes) == 2:
        small, large = sizes
        times = results[large][0] / results[small][0]
        print(f"growth: {large / small:.0f} times the lines, {times:.1f} times the time (at most {large / small:.0f})")


def measured(lines: int) -> tuple[float, float, float, float]:
    """Seconds and MiB of the full refresh, then of the one after a load of a day."""
    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder) / "company"
        _run("demo", str(workspace), "--lines", str(lines))
        full, memory = _run("refresh", "--workspace", str(workspace))
        _load_a_day(workspace, Path(folder))
        forward, more = _run("refresh", "--workspace", str(workspace), "--as-of", "2026-10-01")
    return full, memory, forward, more


def _run(*arguments: str) -> tuple[float, float]:
    """Run the command line; its seconds and the peak of its memory in MiB."""
    told = "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    script = f"import resource\nfrom nextmove.cli import main\ntry:\n    main()\nfinally:\n    {told}"
    started = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", script, *arguments], check=True, stdout=subprocess.PIPE, text=True)
    return time.perf_counter() - started, int(done.stdout.split()[-1]) / 1024


def _load_a_day(workspace: Path, folder: Path) -> None:
    from nextmove.ingest.load import load
    from nextmove.ingest.warehouse import open_warehouse
    from nextmove.tables import table
    from nextmove.workspace import Workspace

    company, file = Workspace(workspace), folder / "order_lines.parquet"
    own = {"order_id": "concat('day-', order_id)", "ordered_at": "ordered_at + interval 1 day"}
    columns = ", ".join(f"{own.get(column.name, column.name)} as {column.name}" for column in table("order_lines").columns)
    last = "select max(cast(ordered_at as date)) - 1 from order_lines"
    with open_warehouse(company) as engine:
        engine.execute(f"copy (select {columns} from order_lines where cast(ordered_at as date) = ({last})) to '{file}'")
    load(company, [file], now=NOW)


if __name__ == "__main__":
    main()
    print(f"peak of this process {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")
