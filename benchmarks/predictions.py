"""All prediction tasks at a given size: time to learn and score, to score again with the stored fit, and memory; one process a task.

    python benchmarks/predictions.py [LINES …] [TASK …]             (1,000,000; a demo company is made of each size)
    python benchmarks/predictions.py --workspace DIR [TASK …]       (an edition that is there already, as of its day)
    python benchmarks/predictions.py --facts FILE … [TASK …]        (databases with tables and facts, as of their last sale)

CPU is user and system time of the process that learns, memory the peak of what it had in RAM. Tables and facts are not counted: they
are made once, in a process before. `in a refresh` is all tasks as a refresh learns them, two at a time in one process that shares what they
read. Of several companies the growth is told: how much more time a task takes, beside how many more customers there are.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import subprocess
import sys
import tempfile
from itertools import pairwise
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


_ALL = """
import datetime as dt, json, os, resource, shutil, sys, tempfile, time
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
from pathlib import Path
from nextmove.editions.predicting import Past, predict_all
from nextmove.editions.progress import Steps
from nextmove.engine import DuckDBEngine
path, as_of, limit = sys.argv[1:]
with tempfile.TemporaryDirectory(dir=Path(path).parent) as folder:
    copy = shutil.copy(path, Path(folder) / "edition.duckdb")
    with DuckDBEngine(Path(copy), memory_limit=limit) as engine:
        engine.execute("set threads = 2")
        begun = time.perf_counter(), time.process_time()
        predict_all(engine, as_of=dt.date.fromisoformat(as_of), past=Past({}, 7), steps=Steps(lambda said: None))
        wall, cpu = time.perf_counter() - begun[0], time.process_time() - begun[1]
print(json.dumps([wall, cpu, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
"""
Times = dict[str, float]  # task → seconds of the processor, to learn and score


def main() -> None:
    from nextmove.predictions import TASKS

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="LINES or TASK")
    parser.add_argument("--workspace", type=Path, help="a workspace with an edition")
    parser.add_argument("--facts", type=Path, nargs="+", default=[], help="databases with tables and facts")
    parser.add_argument("--memory", default="2GB", help="what the database may take")
    given = parser.parse_args()
    tasks = [name for name in given.names if not name.isdigit()] or [kind.task for kind in TASKS]
    files = [_edition(given.workspace)] if given.workspace else given.facts
    found = [measured(path, tasks, given.memory) for path in files]
    for lines in [] if files else [int(name) for name in given.names if name.isdigit()] or [1_000_000]:
        with tempfile.TemporaryDirectory() as folder:
            found.append(measured(facts_of_a_demo(Path(folder), lines), tasks, given.memory))
    for (few, before), (many, after) in pairwise(found):
        growth(few, before, many, after)


def measured(path: Path, tasks: list[str], memory: str) -> tuple[int, Times]:
    """A line a task, their sum, and all of them as in a refresh; how many customers there are, and the times."""
    as_of, lines, customers, products = size_of(path)
    print(f"{lines:,} lines, {customers:,} customers, {products:,} products", flush=True)
    times = tell(path, as_of, tasks, memory)
    if len(tasks) > 1:
        wall, cpu, peak = run(_ALL, str(path), as_of, memory)
        print(
            f"in a refresh wall {wall:7.1f} s   cpu {cpu:7.1f} s   {peak / 1024:27.2f} GiB          {cpu / 2:.1f} s on two cores",
            flush=True,
        )
    return customers, times


def size_of(path: Path) -> tuple[str, int, int, int]:
    """The day of the last sale, lines, customers and products."""
    from nextmove.engine import DuckDBEngine

    asked = "select max(day) as day, count(*) as lines, count(distinct account_id) as customers, count(distinct product_id) as products"
    with DuckDBEngine(path, read_only=True) as engine:
        row = engine.query(f"{asked} from facts.sales").to_pylist()[0]
    return row["day"].isoformat(), row["lines"], row["customers"], row["products"]


def tell(path: Path, as_of: str, tasks: list[str], memory: str) -> Times:
    """A line a task, and their sum."""
    times, total = Times(), [0.0, 0.0, 0.0, 0.0]
    for task in tasks:
        wall, cpu, scored, peak, rows, same = run(_ONE, str(path), as_of, task, memory)
        times[task] = cpu
        total = [total[0] + wall, total[1] + cpu, total[2] + scored, max(total[3], peak)]
        _line(task, wall, cpu, scored, peak, f"{rows:>9,} rows{'' if same else '   THE STORED FIT SCORES OTHERWISE'}")
    _line("together", *total, f"          {total[1] / 2:.1f} s on two cores")
    return times | {"together": total[1]}


def run(script: str, *arguments: str) -> list[float]:
    done = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    figures: list[float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def growth(few: int, before: Times, many: int, after: Times) -> None:
    """At most linear: no task takes more times longer than there are times more customers."""
    print(f"{many / few:.1f} times the customers ({few:,} to {many:,}) take")
    for task, seconds in after.items():
        print(f"{task:12} {seconds / before[task]:6.1f} times the processor's time")


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
