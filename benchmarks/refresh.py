"""How long a refresh takes, how much memory, how both grow, and what a load of one day costs.

    python benchmarks/refresh.py [LINES …] [--of COMPANY]… [--keep DIR]      (1,000,000 and 10,000,000)

Each refresh runs in a process of its own, whose wall time, processor time (user and system) and peak memory (resident) are printed when
it ends; what each step took by the wall clock goes to standard error as it goes. After the full refresh, days are loaded one after the
other, each followed by a refresh: every one is a copy of the last whole day's lines under new order numbers. The first of them opens a
month and a quarter, so it costs more than most; the ratio is that of the median day. --of takes the warehouse of a demo company that is
there already, which is only read. With --keep the company of each size stays in DIR, with its full refresh and what that took, and both
are used again.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

LAST = dt.date(2026, 9, 30)  # the demo company's last day
DAYS = 5
ONE_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Run:
    """One process: seconds by the wall clock and of the processor, and MiB."""

    wall: float
    cpu: float
    memory: float

    def __str__(self) -> str:
        return f"wall {self.wall:8.1f} s   cpu {self.cpu:8.1f} s   {self.memory / 1024:5.2f} GiB"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("lines", nargs="*", type=int)
    parser.add_argument("--of", action="append", type=Path, default=[], help="a demo company whose warehouse is taken")
    parser.add_argument("--keep", type=Path, help="where the companies stay")
    given = parser.parse_args()
    made: dict[int, Path | None] = dict.fromkeys(given.lines or ([] if given.of else [1_000_000, 10_000_000]))
    made |= {_lines_of(company): company for company in given.of}
    results = {lines: measured(lines, company, given.keep) for lines, company in sorted(made.items())}
    if len(results) == 2:
        small, large = results
        times = results[large].cpu / results[small].cpu
        print(f"growth: {large / small:.1f} times the lines, {times:.1f} times the time (at most {large / small:.1f})")


def measured(lines: int, company: Path | None, keep: Path | None) -> Run:
    """The full refresh; then days, each loaded and refreshed."""
    with tempfile.TemporaryDirectory() as folder:
        made, workspace = (keep or Path(folder)) / f"company_{lines}", Path(folder) / "company"
        if not made.exists():
            _make(made, lines, company)
        full = _full(made)
        _say(f"{lines:>12,} lines   full         {full}")
        shutil.copytree(made, workspace)
        days = [_a_day_later(workspace, Path(folder), LAST + each * ONE_DAY) for each in range(1, DAYS + 1)]
        cpu, wall = (statistics.median(getattr(day, what) for day in days) / getattr(full, what) for what in ("cpu", "wall"))
        _say(f"{'':18}   the median day: {cpu:.3f} of the processor, {wall:.3f} by the wall clock (at most 0.1)")
    return full


def _a_day_later(workspace: Path, folder: Path, day: dt.date) -> Run:
    _load_a_day(workspace, folder, day)
    forward = _run("refresh", "--workspace", str(workspace), "--as-of", str(day))
    _say(f"{'':18}   {day}   {forward}")
    return forward


def _say(line: str) -> None:
    print(line, flush=True)


def _make(company: Path, lines: int, source: Path | None) -> None:
    """A demo company: a new one, or one with the settings and the warehouse of another."""
    if source is None:
        _run("demo", str(company), "--lines", str(lines))
        return
    shutil.copytree(source, company, ignore=shutil.ignore_patterns("editions", "full_refresh.json"))


def _lines_of(company: Path) -> int:
    from nextmove.engine import DuckDBEngine

    with DuckDBEngine(company / "data" / "warehouse.duckdb", read_only=True) as engine:
        return int(engine.query("select count(*) as lines from main.order_lines")["lines"][0].as_py())


def _full(company: Path) -> Run:
    """The full refresh of a company, or what it took where it was made before."""
    noted = company / "full_refresh.json"
    if noted.exists():
        return Run(**json.loads(noted.read_text(encoding="utf-8")))
    full = _run("refresh", "--workspace", str(company), "--as-of", str(LAST), "--full")
    noted.write_text(json.dumps(asdict(full)), encoding="utf-8")
    return full


def _run(*arguments: str) -> Run:
    """Run the command line."""
    told = "print(time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    script = f"import resource, time\nfrom nextmove.cli import main\ntry:\n    main()\nfinally:\n    {told}"
    started = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", script, *arguments], check=True, stdout=subprocess.PIPE, text=True)
    cpu, memory = done.stdout.split()[-2:]
    return Run(time.perf_counter() - started, float(cpu), int(memory) / 1024)


def _load_a_day(workspace: Path, folder: Path, day: dt.date) -> None:
    from nextmove.ingest.load import load
    from nextmove.ingest.warehouse import open_warehouse
    from nextmove.tables import table
    from nextmove.workspace import Workspace

    company, file = Workspace(workspace), folder / "order_lines.parquet"
    whole = LAST - ONE_DAY  # the demo's last day ends in the afternoon
    own = {"order_id": f"concat('{day}-', order_id)", "ordered_at": f"ordered_at + interval {(day - whole).days} day"}
    columns = ", ".join(f"{own.get(column.name, column.name)} as {column.name}" for column in table("order_lines").columns)
    with open_warehouse(company) as engine:
        engine.execute(f"copy (select {columns} from order_lines where cast(ordered_at as date) = '{whole}') to '{file}'")
    load(company, [file], now=dt.datetime.combine(day + ONE_DAY, dt.time()))


if __name__ == "__main__":
    main()
