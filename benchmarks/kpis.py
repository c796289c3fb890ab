"""A dozen questions through `nextmove` ÷ the best hand-written DuckDB SQL on the same stored facts.

    python benchmarks/kpis.py [--lines 10000000] [--times 5] [--keep FOLDER]

Both sides take turns in one process; the medians of their wall times are compared, and those of the processor time, which other
programs on the machine disturb less. The hand-written queries know that the data have
one currency and no surprises, and return only what was asked; their values are checked against ours. `--keep` stores the made
edition, and uses it again the next time.
"""

from __future__ import annotations

import argparse
import datetime as dt
import math
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from nextmove.editions.progress import Steps, quiet
from nextmove.editions.publish import Build, take_rows
from nextmove.editions.source import warehouse_attached
from nextmove.engine import DuckDBEngine
from nextmove.facts import prepare
from nextmove.ingest.warehouse import create_tables
from nextmove.kpis import Question, answer, load_catalogue
from nextmove.settings import Settings

SETTINGS = Settings.model_validate({"company": {"time_zone": "Europe/London"}})
CATALOGUE = load_catalogue()
AS_OF = dt.date(2024, 12, 31)

ROWS = (
    "insert into main.accounts (account_id, rep_id, region, segment, channel, country)"
    " select 'A' || i, 'R' || (hash(i) % 150), 'G' || (i % 12), 'S' || (i % 5), 'C' || (i % 4), 'L' || (i % 9)"
    " from range({accounts}) as t(i)",
    "insert into main.products (product_id, category, unit_cost, launched_on)"
    " select 'P' || i, 'K' || (i % 30), 3, date '2020-06-01' + cast(i % 1000 as integer) from range(20000) as t(i)",
    "insert into main.reps (rep_id, team) select 'R' || i, 'T' || (i % 12) from range(150) as t(i)",
    """insert into main.order_lines
           (order_id, line_no, ordered_at, account_id, product_id, quantity, net_amount, list_amount, status, channel)
       select 'O' || (i // 6), i % 6 + 1,
           timestamp '2022-01-01 00:10:00'
               + to_minutes(((i // 6) * 1095 * 6 // {lines}) * 1440 + cast(hash(i // 6, 't') % 1430 as bigint)),
           case when hash(i // 6, 'a') % 50 > 0 then 'A' || (hash(i // 6, 'a') % {accounts}) end, 'P' || (hash(i, 'p') % 20000),
           2, (hash(i, 3) % 10000) / 100.0, 100, case when hash(i, 9) % 30 = 1 then 'cancelled' else 'completed' end,
           case when i % 2 = 0 then 'web' end
       from range({lines}) as t(i)""",
)

# question → the best query by hand; its last column is the value
HAND = {
    ("net_sales", ""): "select month_id, sum(net) from facts.sales group by 1",
    ("net_sales", "rep"): "select month_id, rep_id, sum(net) from facts.sales group by 1, 2",
    ("net_sales", "team"): "select month_id, team, sum(net) from facts.sales group by 1, 2",
    ("orders", "rep"): "select month_id, rep_id, count(distinct order_id) from facts.sales where status = 'completed' group by 1, 2",
    ("active_customers", ""): "select month_id, count(distinct account_id) from facts.sales where is_purchase group by 1",
    ("active_customers", "rep"): "select month_id, rep_id, count(distinct account_id) from facts.sales where is_purchase group by 1, 2",
    ("skus_per_customer", "rep"): """
        select month_id, rep_id, sum(items) / count(*) from (
            select month_id, rep_id, account_id, count(distinct product_id) as items from facts.sales where is_purchase group by 1, 2, 3
        ) group by 1, 2""",
    ("gross_margin", "rep"): """
        select month_id, rep_id, cast(sum(net - cost) as double) / cast(sum(net) as double) from facts.sales
        where cost is not null group by 1, 2""",
    ("average_order_value", "region"): """
        select month_id, region, cast(sum(net) as double) / count(distinct order_id) from facts.sales where status = 'completed'
        group by 1, 2""",
    ("sales_growth", "rep"): """
        with months as (select month_id, rep_id, cast(sum(net) as double) as net from facts.sales group by 1, 2)
        select n.month_id, n.rep_id, n.net / b.net - 1 from months as n
        left join months as b on b.rep_id = n.rep_id and b.month_id = n.month_id - 1""",
    ("customer_concentration", ""): """
        with each as (select month_id, account_id, sum(net) as net from facts.sales where account_id is not null group by 1, 2)
        select month_id, cast(sum(net) filter (where place <= 10) as double) / cast(sum(net) as double)
        from (select *, row_number() over (partition by month_id order by net desc) as place from each) group by 1""",
    ("retention_rate", ""): """
        with active as (select distinct month_id, account_id from facts.sales where is_purchase)
        select a.month_id + 12, count(b.account_id) / count(*) from active as a
        left join active as b on b.account_id = a.account_id and b.month_id = a.month_id + 12 group by 1""",
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--lines", type=int, default=10_000_000)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--keep", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        edition = (arguments.keep or Path(folder)) / f"{arguments.lines}.duckdb"
        if not edition.exists():
            make(edition, arguments.lines)
        with DuckDBEngine(edition, read_only=True) as engine:
            compare(engine, arguments.times)


def make(edition: Path, lines: int) -> None:
    """An edition's tables and facts of so many lines."""
    edition.parent.mkdir(parents=True, exist_ok=True)
    warehouse = edition.with_suffix(".warehouse")
    with DuckDBEngine(warehouse, memory_limit="3GB") as engine:
        create_tables(engine)
        for sql in ROWS:
            engine.execute(sql.format(lines=lines, accounts=max(500, lines // 200)))
        prepare(engine, SETTINGS, CATALOGUE.facts)
    with DuckDBEngine(edition, memory_limit="3GB") as engine:
        with warehouse_attached(engine, warehouse):
            take_rows(Build(engine, SETTINGS, CATALOGUE, AS_OF, Steps(quiet)), None)
        engine.execute("checkpoint")
    warehouse.unlink()


def compare(engine: DuckDBEngine, times: int) -> None:
    ratios = []
    for (kpi, dimension), sql in HAND.items():
        ours, hand = _asking(engine, kpi, dimension), _querying(engine, sql)
        same = _close(ours(), hand())
        rounds = [(*_seconds(ours), *_seconds(hand)) for _ in range(times)]
        wall, processor, plain, plain_processor = (statistics.median(side) for side in zip(*rounds, strict=True))
        ratios.append((wall / plain, processor / plain_processor))
        told = "   ".join(f"{ratio:5.2f}" for ratio in ratios[-1])
        note = "" if same else "   (values differ)"
        print(f"{kpi:24}{dimension:8} nextmove {wall:7.3f} s   by hand {plain:7.3f} s   ratio of wall, processor {told}{note}", flush=True)
    wall, processor = (statistics.median(side) for side in zip(*ratios, strict=True))
    print(f"median ratio {wall:.2f} of wall time, {processor:.2f} of processor time (at most 1.15)")


def _asking(engine: DuckDBEngine, kpi: str, dimension: str) -> Callable[[], list[float]]:
    question = Question(kpi, grain="month", by=(dimension,) if dimension else ())
    return lambda: answer(engine, question, SETTINGS, as_of=AS_OF, catalogue=CATALOGUE)["value"].to_pylist()


def _querying(engine: DuckDBEngine, sql: str) -> Callable[[], list[float]]:
    return lambda: engine.query(sql).columns[-1].to_pylist()


def _seconds(run: Callable[[], object]) -> tuple[float, float]:
    wall, processor = time.perf_counter(), time.process_time()
    run()
    return time.perf_counter() - wall, time.process_time() - processor


def _close(ours: list[float], hand: list[float]) -> bool:
    """Whether the values are the same, apart from the few periods and members that only one side lists."""
    left, right = (statistics.median(float(value) for value in side if value) for side in (ours, hand))
    return math.isclose(left, right, rel_tol=0.01, abs_tol=0.01)


if __name__ == "__main__":
    main()
