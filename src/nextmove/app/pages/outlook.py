"""What to expect of one customer: whether and when it orders, and what; what it brings, what it has dropped, what to offer it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from nextmove.app import predicted
from nextmove.app.edition import Row
from nextmove.app.visit import Visit
from nextmove.editions.predicting import table_of
from nextmove.engine import literal
from nextmove.predictions.customers import Customers
from nextmove.words import text

MOST_PRODUCTS = 6
LEAST_LIKELY = 0.5  # a dropped product is named from this probability on
BASKET_LIKELY = 0.3

_PRODUCTS = """
select p.*, coalesce(product.name, p.product_id) as name from {table} as p
left join main.products as product on product.product_id = p.product_id
where p.account_id = {account} and {limit} order by {order}, p.product_id limit {most}
"""


@dataclass(frozen=True)
class Product:
    """A product that was dropped, should be offered, or goes into the next order; `value` is gross profit of the horizon."""

    product_id: str
    name: str
    score: float
    quantity: float | None
    value: float | None
    why: str | None


@dataclass(frozen=True)
class Risk:
    """Probability of no order within so many days, the gross profit at stake, and the facts behind it."""

    probability: float
    days: int
    at_stake: float
    why: str | None


@dataclass(frozen=True)
class NextOrder:
    """Its most likely day, between which days four of five fall, and its usual size."""

    on: dt.date
    earliest: dt.date
    latest: dt.date
    amount: float


@dataclass(frozen=True)
class Worth:
    """Gross profit of the next year and of three years discounted, each with its interval, and so far; purchase days of the year."""

    year: float
    low: float
    high: float
    three_years: float
    three_low: float | None  # an edition may be older than the interval
    three_high: float | None
    so_far: float
    purchases: float
    purchases_low: float | None
    purchases_high: float | None


@dataclass(frozen=True)
class Outlook:
    """Empty parts are those of which nothing is predicted; `why_not` says what this customer lacks."""

    risk: Risk | None = None
    next_order: NextOrder | None = None
    worth: Worth | None = None
    why_not: str | None = None
    dropped: tuple[Product, ...] = ()
    offers: tuple[Product, ...] = ()
    basket: tuple[Product, ...] = ()

    @property
    def anything(self) -> bool:
        return any((self.risk, self.next_order, self.worth, self.why_not, self.dropped, self.offers, self.basket))


def outlook(visit: Visit, account_id: str) -> Outlook:
    """All that the edition predicts of a customer within reach."""
    risk, coming, worth = (_one(visit, task, account_id) for task in ("customers", "next-order", "clv"))
    return Outlook(
        risk=_risk(visit, risk) if risk else None,
        next_order=_next_order(visit, coming) if coming else None,
        worth=_worth(worth) if worth else None,
        why_not=None if risk or not predicted.published(visit, "customers") else text(Customers.minimum_history),
        dropped=_products(visit, "items", account_id, f"p.score >= {LEAST_LIKELY} and not p.gone", "p.at_stake desc"),
        offers=_products(visit, "cross-sell", account_id, "true", "p.value desc"),
        basket=_products(visit, "reorder", account_id, f"p.score >= {BASKET_LIKELY}", "p.score desc"),
    )


def _one(visit: Visit, task: str, account_id: str) -> Row | None:
    if not predicted.published(visit, task):
        return None
    return visit.edition.row(f"select * from {table_of(task)} where account_id = {literal(account_id)}")


def _risk(visit: Visit, row: Row) -> Risk:
    return Risk(row["score"], row["horizon_days"], row["at_stake"], predicted.sentence(visit, row["evidence"]))


def _next_order(visit: Visit, row: Row) -> NextOrder:
    on, earliest, latest = (visit.edition.as_of + dt.timedelta(days=round(row[name])) for name in ("days", "days_lo", "days_hi"))
    return NextOrder(on, earliest, latest, row["amount"])


def _worth(row: Row) -> Worth:
    three = row["value_36_months"], row.get("value_36_months_lo"), row.get("value_36_months_hi")
    purchases = row["purchases"], row.get("purchases_lo"), row.get("purchases_hi")
    return Worth(row["value"], row["value_lo"], row["value_hi"], *three, row["historic_value"], *purchases)


def _products(visit: Visit, task: str, account_id: str, limit: str, order: str) -> tuple[Product, ...]:
    if not predicted.published(visit, task):
        return ()
    sql = _PRODUCTS.format(table=table_of(task), account=literal(account_id), limit=limit, order=order, most=MOST_PRODUCTS)
    return tuple(_product(visit, row) for row in visit.edition.rows(sql))


def _product(visit: Visit, row: Row) -> Product:
    value = row.get("at_stake") if "at_stake" in row else row.get("value")
    said = predicted.sentence(visit, row.get("evidence"))
    return Product(row["product_id"], row["name"], row["score"], row.get("quantity"), value, said)


def told_products(outlook: Outlook) -> Iterable[tuple[str, tuple[Product, ...]]]:
    """The three lists with the words that stand above them, those that are empty left out."""
    lists = (("dropped", outlook.dropped), ("offers", outlook.offers), ("basket", outlook.basket))
    return [(name, products) for name, products in lists if products]
