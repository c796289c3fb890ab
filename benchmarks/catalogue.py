"""The whole catalogue × its single dimensions × 36 months, and how that compares with the best hand-written queries.

    python benchmarks/catalogue.py EDITION [--workspace FOLDER] [--times 1]

EDITION is the file of an edition; where there is none, it is made of the tables and facts of the workspace, without predictions
(`nextmove demo FOLDER --lines 10000000` makes a workspace; `benchmarks/kpis.py --keep` makes an edition of order lines alone).
First every KPI that the edition has data for is computed by month, as a whole and by each of its dimensions, account and product
included: wall, processor, peak memory. Then the KPIs of order lines by representative, team, region, channel and product: ours in
shared scans ÷ the sum of the hand-written queries, one a KPI and dimension, all on the same tables in one process. Both sides store
what they find; each value by hand is held against ours. A side that runs second finds more of the tables in memory, so facts are read
once before, and with `--times 2` each side runs first once.
"""

from __future__ import annotations

import argparse
import datetime as dt
import resource
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from nextmove.editions.progress import Steps, quiet
from nextmove.editions.publish import Build, take_rows
from nextmove.editions.source import warehouse_attached
from nextmove.engine import DuckDBEngine
from nextmove.facts import parameters
from nextmove.kpis import Catalogue, load_catalogue
from nextmove.kpis.batch import TABLE, TOLD, Ask, Batch, Told, cut_asks
from nextmove.kpis.frame import ONE_DAY, Frame
from nextmove.kpis.needs import with_data
from nextmove.kpis.priced import priced_facts
from nextmove.settings import Settings
from nextmove.tables.calendar import calendar_of
from nextmove.workspace import Workspace

MONTHS = 36
CUTS = {"rep": "rep_id", "team": "team", "region": "region", "channel": "channel", "product": "product_id"}
SALES = "facts.sales where month_id >= {first}"

# KPI → the best query by hand: month, member, value; `{cut}` is the column of the dimension, `{first}` and `{last}` are months
HAND = {
    "net_sales": f"select month_id, {{cut}}, sum(net) from {SALES} group by 1, 2",
    "units_sold": f"select month_id, {{cut}}, sum(quantity) from {SALES} group by 1, 2",
    "orders": f"select month_id, {{cut}}, count(distinct order_id) from {SALES} and status = 'completed' group by 1, 2",
    "average_order_value": f"""
        select month_id, {{cut}}, cast(sum(net) as double) / count(distinct order_id) from {SALES} and status = 'completed'
        group by 1, 2""",
    "gross_profit": f"select month_id, {{cut}}, sum(net - cost) from {SALES} and cost is not null group by 1, 2",
    "gross_margin": f"""
        select month_id, {{cut}}, cast(sum(net - cost) as double) / nullif(cast(sum(net) as double), 0) from {SALES} and cost is not null
        group by 1, 2""",
    "discount_rate": f"""
        select month_id, {{cut}}, cast(sum(list - net) as double) / nullif(cast(sum(list) as double), 0) from {SALES}
        and status = 'completed' and list is not null group by 1, 2""",
    "return_rate": f"""
        select month_id, {{cut}}, cast(coalesce(-sum(net) filter (where status = 'returned'), 0) as double)
            / nullif(cast(sum(net) filter (where status = 'completed') as double), 0)
        from {SALES} group by 1, 2""",
    "sales_growth": """
        with months as (
            select month_id, {cut} as cut, cast(sum(net) as double) as net from facts.sales where month_id >= {first} - 1 group by 1, 2
        )
        select n.month_id, n.cut, n.net / nullif(b.net, 0) - 1 from months as n
        join months as b on b.cut = n.cut and b.month_id = n.month_id - 1""",
    "sales_growth_yoy": """
        with months as (
            select month_id, {cut} as cut, cast(sum(net) as double) as net from facts.sales where month_id >= {first} - 12 group by 1, 2
        )
        select n.month_id, n.cut, n.net / nullif(b.net, 0) - 1 from months as n
        join months as b on b.cut = n.cut and b.month_id = n.month_id - 12 where n.month_id >= {first}""",
    "active_customers": f"select month_id, {{cut}}, count(distinct account_id) from {SALES} and is_purchase group by 1, 2",
    "orders_per_customer": f"""
        select month_id, {{cut}}, cast(count(distinct order_id) filter (where status = 'completed' and account_id is not null) as double)
            / nullif(count(distinct account_id) filter (where is_purchase), 0) from {SALES} group by 1, 2""",
    "skus_per_customer": f"""
        select month_id, cut, cast(sum(items) as double) / count(*) from (
            select month_id, {{cut}} as cut, account_id, count(distinct product_id) as items from {SALES} and is_purchase group by 1, 2, 3
        ) group by 1, 2""",
    "customer_concentration": f"""
        with each as (
            select month_id, {{cut}} as cut, account_id, sum(net) as net from {SALES} and account_id is not null group by 1, 2, 3
        )
        select month_id, cut, cast(sum(net) filter (where place <= 10) as double) / nullif(cast(sum(net) as double), 0)
        from (select *, row_number() over (partition by month_id, cut order by net desc) as place from each) group by 1, 2""",
    "customer_concentration_hhi": f"""
        with each as (
            select month_id, {{cut}} as cut, cast(sum(net) as double) as net from {SALES} and account_id is not null
            group by month_id, {{cut}}, account_id
        )
        select month_id, cut, sum(net * net) / nullif(sum(net) * sum(net), 0) from each group by 1, 2""",
    "retention_rate": """
        with bought as (select distinct month_id, {cut} as cut, account_id from facts.sales where is_purchase and month_id >= {first} - 12),
        there as (select distinct month_id, account_id from bought)
        select a.month_id + 12, a.cut, count(b.account_id) / count(*) from bought as a
        left join there as b on b.account_id = a.account_id and b.month_id = a.month_id + 12
        where a.month_id + 12 between {first} and {last} group by 1, 2""",
    "repeat_purchase_rate": f"""
        select month_id, cut, cast(count(*) filter (where own.second_order_on < p.end_day) as double) / count(*)
        from (select distinct month_id, {{cut}} as cut, account_id from {SALES} and is_purchase) as bought
        join facts.account_history as own on own.account_id = bought.account_id
        join main.periods as p on p.id = month_id and p.calendar = 'gregorian' and p.grain = 'month' group by 1, 2""",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("edition", type=Path)
    parser.add_argument("--workspace", type=Path)
    parser.add_argument("--times", type=int, default=1)
    parser.add_argument("--only-lines", action="store_true", help="leave out the first part")
    asked = parser.parse_args()
    workspace = Workspace(asked.workspace) if asked.workspace else None
    settings = workspace.settings if workspace else Settings.model_validate({"company": {"time_zone": "Europe/London"}})
    if workspace and not asked.edition.exists():
        make(asked.edition, workspace)
    with DuckDBEngine(asked.edition, read_only=True, memory_limit="3GB") as engine:
        bench = Bench(engine, load_catalogue(workspace), settings)
        if not asked.only_lines:
            bench.whole()
        bench.lines(asked.times)


def make(edition: Path, workspace: Workspace) -> None:
    """The tables and facts of the workspace, as an edition has them."""
    settings = workspace.settings
    with DuckDBEngine(edition, memory_limit="3GB", packed_at_end=True) as engine:
        with warehouse_attached(engine, workspace.warehouse):
            take_rows(Build(engine, settings, load_catalogue(workspace), settings.today(), Steps(quiet)), None)
        engine.execute("checkpoint")


class Bench:
    """An open edition and the months that are asked."""

    def __init__(self, engine: DuckDBEngine, catalogue: Catalogue, settings: Settings) -> None:
        self.engine, self.catalogue, self.settings = engine, catalogue, settings
        last: dt.date = engine.query("select max(day) as day from facts.sales")["day"][0].as_py()
        grid = calendar_of(settings).grid("gregorian", "month")
        self.as_of = grid.holding(last).end - ONE_DAY  # no month runs still, which ours would compare with as many working days
        self.first = grid.period(grid.holding(self.as_of).id - MONTHS + 1)
        seen = self.as_of + ONE_DAY
        priced = priced_facts(engine, catalogue)
        self.frame = Frame("gregorian", "month", self.first, None, self.as_of, seen, parameters(settings), priced=priced)
        engine.execute(TABLE.replace("create table if not exists main.", "create temp table "))
        engine.execute("create temp table by_hand (kpi varchar, dimension varchar, month_id integer, member varchar, value double)")

    def whole(self) -> None:
        """Every KPI by every dimension."""
        kpis = [kpi.under({}) for kpi in with_data(self.engine, self.catalogue)]
        cut = [Told(kpi, kpi.entry.cut_by) for kpi in kpis]
        asks = [Ask([self.frame], [Told(kpi) for kpi in kpis]), *cut_asks(self.catalogue, [self.frame], cut)]
        wall, processor = _seconds(lambda: self.compute(asks))
        told = self.engine.connection.execute("select count(*), count(distinct (kpi, dimension)) from told").fetchall()[0]
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(f"{len(kpis)} KPIs, {told[1]} of them with a dimension or none, {told[0]:,} values of {MONTHS} months", flush=True)
        print(f"wall {wall:.1f} s   processor {processor:.1f} s   peak memory {memory:.2f} GiB", flush=True)

    def lines(self, times: int) -> None:
        """KPIs of order lines, shared and by hand."""
        kpis = [self.catalogue.kpi(name).under({}) for name in HAND]
        cut = [Told(kpi, tuple(name for name in CUTS if name in kpi.entry.cut_by)) for kpi in kpis]
        queries = [(told.kpi.id, name) for told in cut for name in told.cuts]
        asks = list(cut_asks(self.catalogue, [self.frame], cut))
        sides = {"shared": lambda: self.compute(asks), "by hand": lambda: self.by_hand(queries)}
        self.engine.query("select max(hash(columns(*))) from facts.sales")
        rounds = [_in_turn(sides, first=("shared", "by hand")[n % 2]) for n in range(times)]
        wall, processor, plain, plain_processor = (statistics.median(side) for side in zip(*rounds, strict=True))
        print(f"{len(queries)} questions of order lines: shared {wall:.1f} s, processor {processor:.1f} s")
        print(f"by hand, one query each: {plain:.1f} s, processor {plain_processor:.1f} s")
        print(f"ratio of wall {wall / plain:.2f}, of processor {processor / plain_processor:.2f} (at most 0.45)")
        self.compare()

    def compute(self, asks: Sequence[Ask]) -> None:
        """Ours, into `told`."""
        self.engine.execute(TOLD.replace("main.kpi_values", "temp.kpi_values"))
        batch = Batch(self.engine, self.catalogue, self.settings)
        for ask in asks:
            batch.compute(ask.told, ask.frames)
        batch.clear()

    def by_hand(self, queries: Sequence[tuple[str, str]]) -> None:
        self.engine.execute("delete from by_hand")
        for kpi, dimension in queries:
            query = HAND[kpi].format(cut=CUTS[dimension], first=self.first.id, last=self.first.id + MONTHS - 1)
            self.engine.execute(f"insert into by_hand select '{kpi}', '{dimension}', * from ({query})")

    def compare(self) -> None:
        """Which values by hand ours lack or tell otherwise."""
        near = "abs(h.value - t.value) <= 1e-6 * greatest(abs(h.value), 1)"
        found = self.engine.connection.execute(
            "select h.kpi, h.dimension, count(*) as hand, "
            f"count(*) filter (where h.value is not null and not coalesce({near}, false)) as other from by_hand as h "
            "join main.periods as p on p.calendar = 'gregorian' and p.grain = 'month' and p.id = h.month_id "
            "left join told as t on t.kpi = h.kpi and t.dimension = h.dimension and t.period_start = p.start_day "
            "and t.member = coalesce(h.member, '(unknown)') group by all having other > 0 order by all"
        ).fetchall()
        for kpi, dimension, values, other in found:
            print(f"values differ: {kpi} by {dimension}, {other:,} of {values:,}")


def _in_turn(sides: Mapping[str, Callable[[], None]], *, first: str) -> tuple[float, ...]:
    """Wall and processor of each side, in the order of `sides`, whichever runs first."""
    taken = {name: _seconds(sides[name]) for name in sorted(sides, key=lambda name: name != first)}
    return tuple(figure for name in sides for figure in taken[name])


def _seconds(run: Callable[[], None]) -> tuple[float, float]:
    wall, processor = time.perf_counter(), time.process_time()
    run()
    return time.perf_counter() - wall, time.process_time() - processor


if __name__ == "__main__":
    main()
