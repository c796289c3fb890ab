"""What the company's own data show beside a change: dated, counted, never guessed.

Each event is looked for among the customers and products that make the change. It is told only where it happened in the time between
the two spans, to those who changed, and it is told as a fact beside the change, not as a proof.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from nextmove.engine import Engine, literal
from nextmove.insights.explain.compare import Comparison
from nextmove.insights.explain.ground import has_table

PRICE_MOVED = 0.05  # of the average price: less is the usual mix of discounts
TWICE = 2.0
GIANT = 5.0  # times a customer's usual order
STOPPED = 1.8  # usual gaps without an order of a product that came often
OFTEN = 5  # order days of a product in a year
LEAST = 3  # lines, deals or calls that a share stands on


@dataclass(frozen=True)
class Event:
    """`kind` is the end of a words id (explain.event.<kind>); `values` fill it; `subject` is whom or what it happened to."""

    kind: str
    subject: str
    values: dict[str, str | float | int]


@dataclass(frozen=True)
class Scene:
    """Where to look: the spans, and those who make the change, largest first."""

    engine: Engine
    comparison: Comparison
    accounts: tuple[str, ...]
    products: tuple[str, ...]
    rep: str | None = None
    region: str | None = None
    category: str | None = None
    worse: bool = True  # whether the KPI moved in the bad direction

    @property
    def since(self) -> dt.date:
        return self.comparison.before.start

    @property
    def start(self) -> dt.date:
        return self.comparison.now.start

    @property
    def until(self) -> dt.date:
        return self.comparison.before.end

    @property
    def end(self) -> dt.date:
        return self.comparison.now.end


def events(scene: Scene) -> list[Event]:
    """All that is found, in the order of WORSE or BETTER."""
    return [event for table, look in (WORSE if scene.worse else BETTER) if has_table(scene.engine, table) for event in look(scene)]


def _late_deliveries(scene: Scene) -> list[Event]:
    """Late or short deliveries to these customers before or in the period, well above what they had before."""
    lookback = scene.start - dt.timedelta(days=120)
    rows = _by_account(
        scene,
        f"select account_id, count(case when day >= {literal(lookback)} and not on_time_in_full then 1 end) as late, "
        f"count(case when day >= {literal(lookback)} then 1 end) as n, "
        f"count(case when day < {literal(lookback)} and not on_time_in_full then 1 end) as late_before, "
        f"count(case when day < {literal(lookback)} then 1 end) as n_before from facts.deliveries "
        f"where day < {literal(scene.end)} and day >= {literal(lookback - dt.timedelta(days=365))}",
    )
    found = []
    for row in rows:
        share, usual = row["late"] / max(row["n"], 1), row["late_before"] / max(row["n_before"], 1)
        if row["late"] >= LEAST and share >= 0.25 and share >= TWICE * usual:
            found.append(
                Event("late_deliveries", row["account_id"], {"late": row["late"], "lines": row["n"], "share": share, "usual": usual})
            )
    return found


def _overdue(scene: Scene) -> list[Event]:
    """Invoices of these customers that were overdue when the period began."""
    rows = _by_account(
        scene,
        f"select account_id, count(*) as n, cast(sum(amount) as double) as amount from main.invoices "
        f"where coalesce(kind, 'invoice') <> 'credit_note' and due_on < {literal(scene.start)} "
        f"and (paid_on is null or paid_on >= {literal(scene.start)})",
    )
    return [Event("overdue", row["account_id"], {"count": row["n"], "amount": row["amount"]}) for row in rows]


def _rep_changed(scene: Scene) -> list[Event]:
    """The representative on the customers' lines is another one than in the span before."""
    rows = _by_account(
        scene,
        f"select account_id, min(case when day < {literal(scene.start)} then rep_id end) as was, "
        f"max(case when day < {literal(scene.start)} then rep_id end) as was_last, "
        f"min(case when day >= {literal(scene.start)} then rep_id end) as became from facts.sales "
        f"where day >= {literal(scene.since)} and day < {literal(scene.end)}",
    )
    return [
        Event("rep_changed", row["account_id"], {"before": row["was"], "after": row["became"]})
        for row in rows
        if row["was"] and row["became"] and row["was"] == row["was_last"] and row["was"] != row["became"]
    ]


def _discontinued(scene: Scene) -> list[Event]:
    if not scene.products:
        return []
    rows = scene.engine.query(
        f"select product_id, discontinued_on from main.products where product_id in ({_listed(scene.products)}) "
        f"and discontinued_on >= {literal(scene.since)} and discontinued_on < {literal(scene.end)}"
    ).to_pylist()
    return [Event("discontinued", row["product_id"], {"day": row["discontinued_on"].isoformat()}) for row in rows]


def _price_change(scene: Scene) -> list[Event]:
    """What these products cost all customers after discount moved between the spans."""
    if not scene.products:
        return []
    spans = f"day < {literal(scene.end)} and (day >= {literal(scene.start)} or day < {literal(scene.until)})"
    rows = scene.engine.query(
        f"select product_id, {_price(scene, now=True)} as now, {_price(scene, now=False)} as before from facts.sales "
        f"where product_id in ({_listed(scene.products)}) and quantity > 0 "
        f"and day >= {literal(scene.since)} and {spans} group by product_id order by product_id"
    ).to_pylist()
    return [
        Event("price_change", row["product_id"], {"change": row["now"] / row["before"] - 1})
        for row in rows
        if row["now"] and row["before"] and abs(row["now"] / row["before"] - 1) >= PRICE_MOVED
    ]


def _price(scene: Scene, *, now: bool) -> str:
    """SQL: the middle price a unit in a span, where enough lines tell it."""
    inside = f"day {'>=' if now else '<'} {literal(scene.start)}"
    each = f"case when {inside} then cast(net as double) / cast(quantity as double) end"
    return f"case when count(case when {inside} then 1 end) >= {LEAST} then median({each}) end"


def _one_order(scene: Scene) -> list[Event]:
    """One order makes half or more of what a customer bought, and is many times its usual one."""
    rows = _by_account(
        scene,
        f"with orders as (select account_id, order_id, min(day) as day, cast(sum(net) as double) as net from facts.sales "
        f"where account_id in ({_listed(scene.accounts)}) and day < {literal(scene.end)} "
        f"and day >= {literal(scene.start - dt.timedelta(days=365))} group by account_id, order_id) "
        f"select account_id, max(case when day >= {literal(scene.start)} then net end) as largest, "
        f"sum(case when day >= {literal(scene.start)} then net end) as whole, "
        f"arg_max(day, case when day >= {literal(scene.start)} then net end) as day, median(net) as usual from orders where true",
    )
    return [
        Event("one_order", row["account_id"], {"amount": row["largest"], "day": row["day"].isoformat(), "amount_usual": row["usual"]})
        for row in rows
        if row["largest"] and row["largest"] >= max(GIANT * row["usual"], row["whole"] / 2)
    ]


def _stopped_items(scene: Scene) -> list[Event]:
    """Products that the customer who is asked about used to order at regular gaps, and did not for twice as long, while it buys on."""
    where = dict(scene.comparison.where)
    if "account" not in where:
        return []
    account, only = where["account"], f" and product_id = {literal(where['product'])}" if "product" in where else ""
    rows = scene.engine.query(
        f"with bought as (select product_id, day, sum(cast(net as double)) as net from facts.sales where account_id = {literal(account)} "
        f"and is_purchase and day < {literal(scene.end)} and day >= {literal(scene.start - dt.timedelta(days=365))} group by 1, 2), "
        f"items as (select product_id, count(*) as days, max(day) as last, sum(net) as net, "
        f"date_diff('day', min(day), max(day)) / (count(*) - 1.0) as gap from bought group by 1 having count(*) >= {OFTEN}) "
        f"select product_id, last, gap, net from items where date_diff('day', last, {literal(scene.end)}) >= {STOPPED} * gap "
        f"and last < (select max(day) from bought){only} order by net desc, product_id limit {LEAST}"
    ).to_pylist()
    return [Event("stopped_item", row["product_id"], {"day": row["last"].isoformat(), "days": round(row["gap"])}) for row in rows]


def _competitor_price(scene: Scene) -> list[Event]:
    """A competitor's prices in the category fell between the spans."""
    if scene.category is None:
        return []
    rows = scene.engine.query(
        f"select competitor, avg(case when day >= {literal(scene.start)} then cast(price as double) end) as now, "
        f"avg(case when day < {literal(scene.start)} then cast(price as double) end) as before from main.competitor_prices as c "
        f"join main.products as p on p.product_id = c.product_id where p.category = {literal(scene.category)} "
        f"and day >= {literal(scene.start - dt.timedelta(days=180))} and day < {literal(scene.end)} group by competitor order by competitor"
    ).to_pylist()
    return [
        Event("competitor_price", row["competitor"], {"change": row["now"] / row["before"] - 1, "category": scene.category})
        for row in rows
        if row["now"] and row["before"] and abs(row["now"] / row["before"] - 1) >= PRICE_MOVED
    ]


def _competitor_named(scene: Scene) -> list[Event]:
    """A competitor is named in lost deals at least twice as often as a period before."""
    length = scene.end - scene.start
    region = f"and o.region = {literal(scene.region)}" if scene.region else ""
    rows = scene.engine.query(
        f"select competitor, count(case when closed_at >= {literal(scene.start)} then 1 end) as n, "
        f"count(case when closed_at < {literal(scene.start)} then 1 end) as before from main.opportunities as o "
        f"where status = 'lost' and competitor is not null "
        f"and closed_at >= {literal(scene.start - length)} and closed_at < {literal(scene.end)} "
        f"{region} group by competitor order by competitor"
    ).to_pylist()
    return [
        Event("competitor_named", row["competitor"], {"count": row["n"], "before": row["before"]})
        for row in rows
        if row["n"] >= LEAST and row["n"] >= TWICE * max(row["before"], 1)
    ]


def _fewer_activities(scene: Scene) -> list[Event]:
    """The representative does half or less of what they did a quarter before."""
    if scene.rep is None:
        return []
    start = scene.start - dt.timedelta(days=30)
    days = (scene.end - start).days
    rows = scene.engine.query(
        f"select count(case when started_at >= {literal(start)} then 1 end) as now, "
        f"count(case when started_at < {literal(start)} then 1 end) as before from main.activities where rep_id = {literal(scene.rep)} "
        f"and kind in ('call', 'email', 'meeting', 'visit', 'demo', 'message') "
        f"and started_at >= {literal(start - dt.timedelta(days=days))} and started_at < {literal(scene.end)}"
    ).to_pylist()
    now, before = rows[0]["now"], rows[0]["before"]
    return [Event("fewer_activities", scene.rep, {"now": now, "before": before})] if before >= 10 and now * TWICE <= before else []


def _by_account(scene: Scene, query: str) -> list[dict[str, Any]]:  # Any: a cell
    """`query`, ending in its condition, for the accounts of the scene, in their order."""
    if not scene.accounts:
        return []
    rows = scene.engine.query(f"{query} and account_id in ({_listed(scene.accounts)}) group by account_id").to_pylist()
    return sorted(rows, key=lambda row: scene.accounts.index(row["account_id"]))


def _listed(members: Sequence[str]) -> str:
    return ", ".join(literal(member) for member in members)


Looks = tuple[tuple[str, Callable[[Scene], list[Event]]], ...]
WORSE: Looks = (
    ("facts.deliveries", _late_deliveries),
    ("main.competitor_prices", _competitor_price),
    ("main.activities", _fewer_activities),
    ("main.products", _discontinued),
    ("facts.sales", _price_change),
    ("facts.sales", _rep_changed),
    ("facts.sales", _stopped_items),
    ("main.invoices", _overdue),
    ("main.opportunities", _competitor_named),
)
BETTER: Looks = (("facts.sales", _one_order), ("facts.sales", _price_change))
