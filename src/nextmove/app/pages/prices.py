"""Where a customer pays less than comparable customers do: product, price, their range, the money of a year, and who is compared."""

from __future__ import annotations

from dataclasses import dataclass

from nextmove.app import predicted
from nextmove.app.edition import Row
from nextmove.app.visit import Visit
from nextmove.editions.predicting import table_of
from nextmove.engine import literal

MOST = 6

_GAPS = """
select p.*, coalesce(product.name, p.product_id) as name from {table} as p
left join main.products as product on product.product_id = p.product_id
where p.account_id = {account} and p.price < p.price_lo order by p.value desc, p.product_id limit {most}
"""


@dataclass(frozen=True)
class PriceGap:
    """A product for which the customer pays less than three in four others do. `left` is what a year would bring more at their median,
    `most_left` at the upper end of their range."""

    product_id: str
    name: str
    price: float
    low: float
    median: float
    high: float
    left: float
    most_left: float
    peers: int
    same_segment: bool
    quantity_from: int
    quantity_to: int
    by_rule: bool


def price_gaps(visit: Visit, account_id: str) -> tuple[PriceGap, ...]:
    """Those that leave most on the table; none where the edition holds no prices."""
    if not predicted.published(visit, "price"):
        return ()
    sql = _GAPS.format(table=table_of("price"), account=literal(account_id), most=MOST)
    return tuple(map(_gap, visit.edition.rows(sql)))


def _gap(row: Row) -> PriceGap:
    same = ("product_id", "name", "price", "peers", "same_segment", "quantity_from", "quantity_to")
    return PriceGap(
        **{name: row[name] for name in same},
        low=row["price_lo"],
        median=row["price_median"],
        high=row["price_hi"],
        left=row["value"],
        most_left=row["value_hi"],
        by_rule=row.get("method") == "rule",
    )
