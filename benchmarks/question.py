"""How long one question through the Python API takes: every KPI, as a whole and by each of its dimensions, on an edition.

    python benchmarks/question.py [WORKSPACE] [--times 3]        (a demo company of 60,000 order lines, made and refreshed for it)

A question's time is the best of its `--times`, after one that is not counted, since a page or a script asks an edition that is open.
Processor time stands beside it, which other programs on the machine disturb less.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

import nextmove
from nextmove.errors import MissingData

Seconds = tuple[float, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workspace", nargs="?", type=Path)
    parser.add_argument("--times", type=int, default=3)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        report(measured(asked.workspace or made(Path(folder) / "demo"), asked.times))


def made(workspace: Path) -> Path:
    """A demo company with an edition."""
    for arguments in (["demo", str(workspace)], ["refresh", "--workspace", str(workspace)]):
        subprocess.run([sys.executable, "-m", "nextmove", *arguments], check=True, stdout=subprocess.DEVNULL)
    return workspace


def measured(workspace: Path, times: int) -> dict[tuple[str, str], Seconds]:
    """Wall and processor seconds of each question that the company has data for."""
    found = {}
    with closing(nextmove.open(workspace)) as company:
        for kpi in company.catalogue.kpis.values():
            for cut in ("", *kpi.entry.cut_by):
                by = [cut] if cut else []
                try:
                    company.kpi(kpi.id, by=by)
                except MissingData:
                    break
                rounds = [_seconds(company, kpi.id, by) for _ in range(times)]
                wall, processor = (min(side) for side in zip(*rounds, strict=True))
                found[kpi.id, cut] = (wall, processor)
    return found


def _seconds(company: nextmove.company.Company, kpi: str, by: list[str]) -> Seconds:
    wall, processor = time.perf_counter(), time.process_time()
    company.kpi(kpi, by=by)
    return time.perf_counter() - wall, time.process_time() - processor


def report(found: dict[tuple[str, str], Seconds]) -> None:
    walls, processors = zip(*found.values(), strict=True)
    print(f"{len(found)} questions, milliseconds")
    for name, side in (("wall", walls), ("processor", processors)):
        median, late, most = (1000 * value for value in (statistics.median(side), statistics.quantiles(side, n=20)[18], max(side)))
        print(f"{name:10} median {median:6.1f}   95th percentile {late:6.1f}   most {most:6.1f}")
    for (kpi, cut), slow in sorted(found.items(), key=lambda item: -item[1][1])[:8]:
        print(f"slowest    {kpi:28}{cut:14} wall {1000 * slow[0]:6.1f}   processor {1000 * slow[1]:6.1f}")
    print("at most 30 ms at the median")


if __name__ == "__main__":
    main()
