"""All prediction tasks at a given size: time to learn and score, to score again with the stored fit, and memory; one process a task.

    python benchmarks/predictions.py [LINES …]                      (1,000,000; a demo company is made of each size)
    python benchmarks/predictions.py --workspace DIR [TASK …]       (an edition that is there already, as of its day)

CPU is user and system time of the process that learns, memory the peak of what it had in RAM. Tables and facts are not counted: they
are made once, in a process before.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import subprocess
import sys
import tempfile
from pathlib import Path

_ONE = """
import json, os, resource, sys, time
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
import datetime as dt
from pathlib import Path
from nextmove.engine import DuckDBEngine
from nextmove.predictions import task_called
path, as_of, name, limit = sys.argv[1:]
task, as_of = task_called(name)(), dt.date.fromisoformat(as_of)
with DuckDBEngine(Path(path), read_only=True, memory_limit=limit) as engine:
    engine.execute("set threads = 2")
    marks = [(time.perf_counter(), time.process_time())]
    fitted = task.fit(engine, as_of=as_of)
    rows = fitted.predict()
    marks.append((time.perf_counter(), time.process_time()))
    again = fitted.learnt and task.fit(engine, as_of=as_of, learnt=fitted.learnt).predict()
    marks.append((time.perf_counter(), time.process_time()))
wall, cpu = marks[1][0] - marks[0][0], marks[1][1] - marks[0][1]
scored = marks[2][1] - marks[1][1] if fitted.learnt else cpu
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps([wall, cpu, scored, peak, rows.num_rows, again is None or again.equals(rows)]))
"""


def main() -> None:
    from nextmove.predictions import TASKS

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="LINES or TASK")
    parser.add_argument("--workspace", type=Path, help="a workspace with an edition")
    parser.add_argument("--memory", default="2GB", help="what the database may take")
    given = parser.parse_args()
    tasks = [name for name in given.names if not name.isdigit()] or [kind.task for kind in TASKS]
    if given.workspace:
        path = _edition(given.workspace)
        tell(path, path.name[:10], tasks, given.memory)
        return
    for lines in [int(name) for name in given.names if name.isdigit()] or [1_000_000]:
        with tempfile.TemporaryDirectory() as folder:
            print(f"{lines:,} lines")
            path = facts_of_a_demo(Path(folder), lines)
            tell(path, "2026-09-30", tasks, given.memory)


def tell(path: Path, as_of: str, tasks: list[str], memory: str) -> None:
    """A line a task, and their sum."""
    total = [0.0, 0.0, 0.0, 0.0]
    for task in tasks:
        done = subprocess.run([sys.executable, "-c", _ONE, str(path), as_of, task, memory], capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(done.stderr)
        wall, cpu, scored, peak, rows, same = json.loads(done.stdout.splitlines()[-1])
        total = [total[0] + wall, total[1] + cpu, total[2] + scored, max(total[3], peak)]
        _line(task, wall, cpu, scored, peak, f"{rows:>9,} rows{'' if same else '   THE STORED FIT SCORES OTHERWISE'}")
    _line("together", *total, f"          {total[1] / 2:.1f} s on two cores")


def _line(task: str, wall: float, cpu: float, scored: float, peak: float, more: str) -> None:
    print(f"{task:12} wall {wall:7.1f} s   cpu {cpu:7.1f} s   scored again {scored:6.1f} s   {peak / 1024:5.2f} GiB {more}", flush=True)


def facts_of_a_demo(folder: Path, lines: int) -> Path:
    """An edition with tables and facts, and nothing drawn from them yet."""
    from nextmove.demo import Plan, make_demo
    from nextmove.editions.progress import Steps, quiet
    from nextmove.editions.publish import Build, take_rows
    from nextmove.editions.source import warehouse_attached
    from nextmove.engine import DuckDBEngine
    from nextmove.kpis import load_catalogue

    workspace, path = make_demo(folder / "company", Plan(lines=lines), tell=quiet), folder / "facts.duckdb"
    with DuckDBEngine(path, memory_limit="2GB") as engine:
        build = Build(engine, workspace.settings, load_catalogue(workspace), dt.date(2026, 9, 30), Steps(quiet))
        with warehouse_attached(engine, workspace.data / "warehouse.duckdb"):
            take_rows(build, None)
        engine.execute("checkpoint")
    return path


def _edition(workspace: Path) -> Path:
    from nextmove.editions.shelf import Shelf
    from nextmove.workspace import Workspace

    volume = Shelf(Workspace(workspace).editions).current()
    if volume is None:
        raise SystemExit(f"There is no edition in {workspace}: nextmove refresh")
    return volume.path


if __name__ == "__main__":
    main()
