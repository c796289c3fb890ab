"""How long one explanation takes by the wall clock: several KPIs, on an edition that exists.

    python benchmarks/explain.py WORKSPACE [--period 2026-08] [--bar 0.3]

Each KPI is explained against the period before, the year before and what was to be expected, for the company and for its largest
representative, `ROUNDS` times; the first round fills the caches that an edition keeps and is left out. Of each question the median of
its rounds counts; told are the middle and the slowest question of each KPI and of all. The slowest is held against the bar.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

from nextmove.editions import current_edition
from nextmove.insights.explain.compare import Asked
from nextmove.insights.explain.tables import tables
from nextmove.insights.explain.why import explain
from nextmove.kpis import load_catalogue
from nextmove.workspace import Workspace

KPIS = (
    *("net_sales", "gross_profit", "gross_margin", "units_sold", "orders", "active_customers", "skus_per_customer", "discount_rate"),
    *("leads", "mql_to_sql_rate", "win_rate", "stage_duration", "response_time", "churn_rate", "marketing_spend", "on_time_in_full"),
)
VERSUS = ("previous", "year_ago", "expected")
ROUNDS = 4


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--period", default="2026-08")
    parser.add_argument("--bar", type=float, default=0.3, help="seconds")
    given = parser.parse_args()
    workspace = Workspace.find(given.workspace)
    edition, catalogue = current_edition(workspace), load_catalogue(workspace)
    rep = edition.engine.query("select rep_id from facts.sales group by rep_id order by sum(net) desc limit 1")["rep_id"][0].as_py()
    everything: list[float] = []
    for kpi in KPIS:
        questions: list[float] = []
        for where in ((), (("rep", rep),)) if "rep" in catalogue.kpi(kpi).entry.cut_by else ((),):
            asked = Asked(edition.engine, catalogue, workspace.settings, edition.meta.as_of, kpi, where)
            rounds = [[seconds(asked, given.period, versus) for versus in VERSUS] for _ in range(ROUNDS)][1:]
            questions += [statistics.median(times) for times in zip(*rounds, strict=True)]
        everything += questions
        print(_told(kpi, questions), flush=True)
    slowest = max(everything)
    print(f"{_told('all', everything)}   bar {1000 * given.bar:.0f} ms   {'reached' if slowest <= given.bar else 'MISSED'}")


def seconds(asked: Asked, period: str, versus: str) -> float:
    """One explanation with its sentences and tables."""
    before = time.perf_counter()
    tables(asked, explain(asked, period=period, versus=versus))
    return time.perf_counter() - before


def _told(name: str, questions: list[float]) -> str:
    return f"{name:22} {1000 * statistics.median(questions):7.0f} ms   slowest {1000 * max(questions):7.0f} ms"


if __name__ == "__main__":
    main()
