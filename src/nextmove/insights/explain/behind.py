"""The records behind a change: the deals that a KPI of deals counts, and the order lines of the customer that moved most."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from nextmove.engine import literal
from nextmove.insights.explain.compare import Asked, Comparison
from nextmove.insights.explain.ground import columns_of, has_table
from nextmove.insights.explain.named import Named
from nextmove.insights.explain.rows import COLUMNS, UNKNOWN, conditions, is_member, within

SHOWN = 5
OF_DEALS = {
    "deals_decided": "case when f.won then 'won' else 'lost' end",
    "deals": "'opened'",
}  # facts, and what became of a deal of theirs


@dataclass(frozen=True)
class Deal:
    """A deal of the period that is explained; `outcome` is won, lost or opened."""

    id: str
    name: str
    day: dt.date
    outcome: str
    amount: Decimal


@dataclass(frozen=True)
class OrderLine:
    """An order line in one of the two spans, with its net amount."""

    order_id: str
    product: str
    day: dt.date
    quantity: Decimal
    net: Decimal
    is_now: bool


def deals_behind(asked: Asked, comparison: Comparison) -> tuple[Deal, ...]:
    """The largest deals that the KPI counts in the period; none for a KPI of something else."""
    entry = asked.catalogue.kpi(asked.kpi).entry
    counted = entry.measure or (entry.ratio.to if entry.ratio else None)
    if counted is None or counted.fact not in OF_DEALS or not has_table(asked.engine, f"facts.{counted.fact}"):
        return ()
    there = columns_of(asked.engine, f"facts.{counted.fact}")
    held = [(COLUMNS.get(cut, cut), member) for cut, member in comparison.where]
    if any(column not in there for column, _ in held):
        return ()
    limits = [within(comparison.now, counted.day), "amount is not null", *(is_member(column, member) for column, member in held)]
    if counted.where and ":" not in counted.where:
        limits.append(f"({counted.where})")
    rows = asked.engine.query(
        f"select f.opportunity_id as id, coalesce(deal.name, f.opportunity_id) as name, f.day, {OF_DEALS[counted.fact]} as outcome, "
        f"round(cast(f.amount as decimal(18, 4)), 2) as amount "
        f"from (select * from facts.{counted.fact} where {' and '.join(limits)}) as f "
        f"left join main.opportunities as deal on deal.opportunity_id = f.opportunity_id "
        f"order by f.amount desc, f.opportunity_id limit {SHOWN}"
    )
    return tuple(Deal(**row) for row in rows.to_pylist())


def lines_behind(asked: Asked, comparison: Comparison, customers: tuple[Named, ...]) -> tuple[OrderLine, ...]:
    """The largest order lines, in both spans, of the customer that moved most."""
    if not customers or not has_table(asked.engine, "main.products"):
        return ()
    rows = asked.engine.query(
        f"select f.order_id, coalesce(product.name, f.product_id, {literal(UNKNOWN)}) as product, f.day, f.quantity, "
        f"round(cast(f.net as decimal(18, 4)), 2) as net, {within(comparison.now)} as is_now "
        f"from (select * from facts.sales where account_id = {literal(customers[0].id)} "
        f"and ({within(comparison.now)} or {within(comparison.before)}){conditions(comparison.where)}) as f "
        f"left join main.products as product on product.product_id = f.product_id "
        f"order by abs(f.net) desc, f.day, f.order_id, f.line_no limit {SHOWN}"
    )
    return tuple(OrderLine(**row) for row in rows.to_pylist())
