"""The size of each planted story, read from the finished tables: what it is about in money or in number.

Money is in the reporting currency at the mean rate: enough to know a large story from a small one.
"""

from __future__ import annotations

import datetime as dt
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

# Customers and their items are many: one pass over the lines for all of them.
_CUSTOMERS = frozenset({"silent_customer", "big_customer_lost", "declining_customer", "late_deliveries"})
_OF_THE_YEAR_BEFORE = """
    select told.number, max(line.ordered_at)::date as day, sum(line.net_amount * coalesce(rate.mean, 1)) as yearly_net_sales,
        date_diff('day', min(line.ordered_at), max(line.ordered_at)) / (count(distinct line.ordered_at::date) - 1.0) as usual_gap_days
    from told_stories as told
    join main.order_lines as line on line.account_id = told.account_id {and_product}
    left join (select currency, avg(rate) as mean from main.exchange_rates group by currency) as rate using (currency)
    where line.status = 'completed' and line.ordered_at < told.day + interval 1 day and line.ordered_at >= told.day - interval 1 year
    group by told.number order by told.number"""
_AND_PRODUCT = "and line.product_id = told.product_id"


def with_sizes(engine: DuckDBEngine, stories: list[Told]) -> list[Told]:
    """The stories with their sizes; a dropped item is dated by its last purchase."""
    sized = [{**story, **(_size(engine, story) if story["kind"] in _SIZES else {})} for story in stories]
    for number, row in _year_before(engine, stories, _CUSTOMERS, and_product="").items():
        sized[number]["yearly_net_sales"] = round(float(row["yearly_net_sales"]))
    for number, row in _year_before(engine, stories, frozenset({"dropped_item"}), and_product=_AND_PRODUCT).items():
        sized[number] |= {"day": str(row["day"]), "usual_gap_days": round(float(row["usual_gap_days"]), 1)}
        sized[number]["yearly_net_sales"] = round(float(row["yearly_net_sales"]))
    return sized


def _size(engine: DuckDBEngine, story: Told) -> Told:
    name, query = _SIZES[str(story["kind"])]
    values = {key: literal(value) for key, value in story.items()} | {"day": f"date {literal(story['day'])}"}
    size = engine.query(query.format(**values)).column(0)[0].as_py()
    return {name: round(float(size or 0))}


def _year_before(engine: DuckDBEngine, stories: list[Told], kinds: frozenset[str], *, and_product: str) -> dict[int, Told]:
    """For each story of these kinds, by its number, what was bought in the year up to its day."""
    told = [(n, story) for n, story in enumerate(stories) if story["kind"] in kinds]
    if not told:
        return {}
    columns = {
        "number": pa.array([n for n, _ in told]),
        "account_id": pa.array([story["account_id"] for _, story in told]),
        "product_id": pa.array([story.get("product_id") for _, story in told], pa.string()),
        "day": pa.array([dt.date.fromisoformat(str(story["day"])) for _, story in told]),
    }
    engine.connection.register("told_stories", pa.table(columns))
    found = engine.connection.sql(_OF_THE_YEAR_BEFORE.format(and_product=and_product)).to_arrow_table().to_pylist()
    engine.connection.unregister("told_stories")
    return {row["number"]: row for row in found}
