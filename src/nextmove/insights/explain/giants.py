"""Orders that are not the usual: what one of them brought is no level that a customer, a region or a brand fell from.

An order of half a usual week of the whole company or more, and many times what that customer orders else.
"""

from __future__ import annotations

import datetime as dt

from nextmove.engine import Engine, literal
from nextmove.engine.once import once
from nextmove.insights.explain.ground import columns_of

YEAR = dt.timedelta(weeks=52)
GIANT = 5.0  # times what the customer usually orders
OF_A_WEEK = 0.5  # of the company's sales


def giant_orders(engine: Engine, *, as_of: dt.date) -> tuple[str, ...]:
    """The giant orders of the year up to `as_of`."""
    if "order_id" not in columns_of(engine, "facts.sales"):
        return ()
    return once(engine, ("giant orders", as_of), lambda: _found(engine, as_of))


def _found(engine: Engine, as_of: dt.date) -> tuple[str, ...]:
    within = f"f.day > {literal(as_of - YEAR)} and f.day <= {literal(as_of)}"
    rows = engine.query(
        f"with orders as (select account_id, order_id, cast(sum(net) as double) as net from facts.sales as f where {within} "
        f"group by account_id, order_id), "
        f"customers as (select account_id, median(net) as usual from orders group by account_id), "
        f"weeks as (select cast(sum(f.net) as double) as net from facts.sales as f join main.calendar as c on c.day = f.day "
        f"where {within} group by c.week_start) "
        f"select orders.order_id from orders join customers on customers.account_id = orders.account_id "
        f"where orders.net >= {GIANT} * customers.usual and orders.net >= {OF_A_WEEK} * (select median(net) from weeks) order by order_id"
    )
    return tuple(rows["order_id"].to_pylist())
