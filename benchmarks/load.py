"""Load of a CSV of order lines ÷ bare DuckDB `create table as select * from read_csv` of the same file.

    python benchmarks/load.py [--lines 1000000] [--times 5]

Each round makes both, one after the other, from a fresh workspace and a fresh database file; medians and their ratio
are printed, by the clock and by processor time (which a busy machine does not distort), with the memory of the largest
process.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

LINES = """
    select 'SO' || (100000 + i // 4) as order_id, i % 4 + 1 as line_no,
           strftime(timestamp '2022-01-01' + to_seconds(i * 90), '%Y-%m-%d %H:%M:%S') as ordered_at,
           'C' || hash(i // 4) % 5000 as account_id, 'R' || hash(i // 4) % 40 as rep_id, 'P' || hash(i) % 3000 as product_id,
           case hash(i) % 3 when 0 then 'web' when 1 then 'phone' else 'field' end as channel, 1 + hash(i * 7) % 50 as quantity,
           cast((hash(i) % 1000000) / 100.0 as decimal(18,2)) as net_amount,
           cast((hash(i) % 1000000) / 130.0 as decimal(18,2)) as cost_amount,
           'EUR' as currency, 'completed' as status
    from range({lines}) as t(i)"""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "order_lines.csv"
        duckdb.sql(f"copy ({LINES.format(lines=arguments.lines)}) to '{file}' (header)")
        rounds = [(_bare(file), _load(file)) for _ in range(arguments.times)]
    for number, told in enumerate(("clock", "processor")):
        bare, ours = (statistics.median(took[number] for took in times) for times in zip(*rounds, strict=True))
        print(f"{arguments.lines:,} lines, {told}: bare {bare:.2f} s, nextmove load {ours:.2f} s, ratio {ours / bare:.2f}")
    print(f"largest process {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024:,.0f} MiB")


def _bare(file: Path) -> tuple[float, float]:
    database = file.parent / "bare.duckdb"
    code = f'import duckdb; duckdb.connect({str(database)!r}).execute("create table t as select * from read_csv({str(file)!r})")'
    took = _run([sys.executable, "-c", code])
    database.unlink()
    return took


def _load(file: Path) -> tuple[float, float]:
    workspace = file.parent / "company"
    nextmove = [sys.executable, "-c", "from nextmove.cli import main; main()"]
    _run([*nextmove, "init", str(workspace)])
    took = _run([*nextmove, "load", str(file), "--workspace", str(workspace)])
    shutil.rmtree(workspace)
    return took


def _run(command: list[str]) -> tuple[float, float]:
    """Seconds by the clock and of processor, children of the command included."""
    start, used = time.perf_counter(), _used()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start, _used() - used


def _used() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
