"""The size of each planted story, read from the finished tables: what it is about in money or in number.

Money is in the reporting currency at the mean rate: enough to know a large story from a small one.
"""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from nextmove.demo.stories import Told
from nextmove.engine import DuckDBEngine, literal

_NET = "sum(line.net_amount * coalesce(rate.mean, 1))"
_LINES = """main.order_lines as line
    left join (select currency, avg(rate) as mean from main.exchange_rates group by currency) as rate using (currency)
    left join main.accounts as account using (account_id)
    left join main.products as product using (product_id)
    where line.status <> 'cancelled'"""
_YEAR_BEFORE = "line.ordered_at < {day} and line.ordered_at >= {day} - interval 1 year"
_SINCE = "line.ordered_at >= {day}"

# One question a kind: what the size means stands in its name.
_SIZES: Mapping[str, tuple[str, str]] = {
    "silent_customer": ("yearly_net_sales", f"select {_NET} from {_LINES} and {_YEAR_BEFORE} and account_id = {{account_id}}"),
    "big_customer_lost": ("yearly_net_sales", f"select {_NET} from {_LINES} and {_YEAR_BEFORE} and account_id = {{account_id}}"),
    "declining_customer": ("yearly_net_sales", f"select {_NET} from {_LINES} and {_YEAR_BEFORE} and account_id = {{account_id}}"),
    "late_deliveries": ("yearly_net_sales", f"select {_NET} from {_LINES} and {_YEAR_BEFORE} and account_id = {{account_id}}"),
    "stopped_calling": ("yearly_net_sales", f"select {_NET} from {_LINES} and {_YEAR_BEFORE} and account.rep_id = {{rep_id}}"),
    "competitor_price_cut": (
        "yearly_net_sales",
        f"select {_NET} from {_LINES} and {_YEAR_BEFORE} and account.region = {{region}} and product.category = {{category}}",
    ),
    "giant_order": (
        "net_sales",
        f"select {_NET} from {_LINES} and line.ordered_at::date = {{day}} and account_id = {{account_id}}",
    ),
    "margin_loss": (
        "profit_lost",
        f"select {_NET.replace('net_amount', 'cost_amount')} * {{cost_change}} / (1 + {{cost_change}})"
        f" from {_LINES} and {_SINCE} and product.category = {{category}}",
    ),
    "stage_bottleneck": ("open_deals", "select count(*) from main.opportunities where status = 'open' and stage = {stage}"),
    "source_gone_bad": ("leads", "select count(*) from main.leads where source = {source} and created_at >= {day}"),
    "bleeding_campaign": ("spend", "select sum(amount) from main.spend where campaign_id = {campaign_id}"),
    "short_last_load": ("order_lines", "select count(*) from main.order_lines where ordered_at::date = {day}"),
}

_DROPPED = """
    select told.number, max(line.ordered_at)::date as day, {net} as yearly_net_sales,
        date_diff('day', min(line.ordered_at), max(line.ordered_at)) / (count(distinct line.ordered_at::date) - 1.0) as usual_gap_days
    from told join main.order_lines as line using (account_id, product_id)
    left join (select currency, avg(rate) as mean from main.exchange_rates group by currency) as rate using (currency)
    where line.status = 'completed' and line.ordered_at < told.day + interval 1 day and line.ordered_at >= told.day - interval 1 year
    group by told.number order by told.number"""


def with_sizes(engine: DuckDBEngine, stories: list[Told]) -> list[Told]:
    """The stories with their sizes; a dropped item is dated by its last purchase."""
    sized = [story if story["kind"] == "dropped_item" else {**story, **_size(engine, story)} for story in stories]
    return _with_items(engine, sized)


def _size(engine: DuckDBEngine, story: Told) -> Told:
    name, query = _SIZES[str(story["kind"])]
    values = {key: literal(value) for key, value in story.items()} | {"day": f"date {literal(story['day'])}"}
    size = engine.query(query.format(**values)).column(0)[0].as_py()
    return {name: round(float(size or 0))}


def _with_items(engine: DuckDBEngine, stories: list[Told]) -> list[Told]:
    dropped = [{"number": n, **story} for n, story in enumerate(stories) if story["kind"] == "dropped_item"]
    if not dropped:
        return stories
    wanted = ("number", "account_id", "product_id", "day")
    engine.connection.register("told_items", pa.Table.from_pylist([{name: story[name] for name in wanted} for story in dropped]))
    query = f"with told as (select * replace (day::date as day) from told_items) {_DROPPED.format(net=_NET)}"
    found = engine.connection.sql(query).to_arrow_table().to_pylist()
    engine.connection.unregister("told_items")
    sized = list(stories)
    for row in found:
        more = {"yearly_net_sales": round(float(row["yearly_net_sales"])), "usual_gap_days": round(row["usual_gap_days"], 1)}
        sized[row["number"]] = {**stories[row["number"]], "day": row["day"].isoformat(), **more}
    return sized
