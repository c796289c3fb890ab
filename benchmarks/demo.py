"""How fast a demo company is made, and in how much memory.

    python benchmarks/demo.py [LINES …]        default: 80000 1000000

Each size runs in a process of its own. `lines/s` counts order lines over the whole time from the start of the process to the
finished warehouse (all tables, about twice as many rows as order lines, checkpoint included); `memory` is the process's peak.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def measure(lines: int) -> None:
    """Make one company and print a row."""
    from nextmove.demo import Plan, make_demo

    with tempfile.TemporaryDirectory() as folder:
        workspace = make_demo(Path(folder) / "demo", Plan(lines=lines), tell=lambda _: None)
        size = (workspace.data / "warehouse.duckdb").stat().st_size / 2**20
    seconds, processor = time.perf_counter() - STARTED, time.process_time()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{lines:>12,} {seconds:>8.1f} {processor:>10.1f} {lines / seconds:>10,.0f} {memory:>10,.0f} {size:>10,.0f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lines", nargs="*", type=int, default=[80_000, 1_000_000])
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        measure(asked.lines[0])
        return
    print(f"{'order lines':>12} {'seconds':>8} {'processor':>10} {'lines/s':>10} {'MiB memory':>10} {'MiB file':>10}")
    for lines in asked.lines:
        subprocess.run([sys.executable, __file__, "--one", str(lines)], check=True)


STARTED = time.perf_counter()
if __name__ == "__main__":
    main()
