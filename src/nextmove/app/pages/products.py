"""Products: what each brings, who has dropped it, and who should be offered it. Search, sort and page stay in the address."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import urlencode

from django.http import HttpRequest

from nextmove.app import charts, formats, predicted
from nextmove.app.charts import Chart, Series
from nextmove.app.edition import Row
from nextmove.app.paging import PAGE_SIZE, Paged, page_number
from nextmove.app.visit import Visit, page
from nextmove.editions.predicting import table_of
from nextmove.engine import literal
from nextmove.errors import OutOfScope
from nextmove.words import text

SORTS = {
    "net": "net_12m desc, name",
    "growth": "growth asc nulls last, name",
    "dropped": "dropped_value desc nulls last, name",
    "offers": "offers_value desc nulls last, name",
    "name": "lower(name)",
}
MOST_CUSTOMERS = 20
LIKELY = 0.5  # a customer counts as having dropped a product from this probability on

_LIST = """
with sold as (
    select product_id,
        sum(case when day > {as_of} - interval '1 year' then net else 0 end) as net_12m,
        sum(case when day <= {as_of} - interval '1 year' then net else 0 end) as net_before,
        count(distinct case when is_purchase and day > {as_of} - interval '1 year' then account_id end) as customers
    from facts.sales where product_id is not null and day > {as_of} - interval '2 years' and {sales_within} group by product_id
)
select sold.product_id, coalesce(product.name, sold.product_id) as name, product.category,
    cast(sold.net_12m as double) as net_12m, sold.customers,
    case when sold.net_before > 0 then cast(sold.net_12m as double) / cast(sold.net_before as double) - 1 end as growth,
    dropped.customers as dropped, dropped.value as dropped_value, offers.customers as offers, offers.value as offers_value
from sold
left join main.products as product on product.product_id = sold.product_id
left join ({dropped}) as dropped on dropped.product_id = sold.product_id
left join ({offers}) as offers on offers.product_id = sold.product_id
"""
_PREDICTED = """
select p.product_id, count(*) as customers, sum(p.{value}) as value from {table} as p
join main.accounts as account on account.account_id = p.account_id
where {limit} and {within} group by p.product_id
"""
_NOTHING = "select cast(null as varchar) as product_id, 0 as customers, cast(null as double) as value limit 0"
_CUSTOMERS = """
select p.account_id, coalesce(account.name, p.account_id) as name, p.score, p.{value} as value, p.evidence
from {table} as p join main.accounts as account on account.account_id = p.account_id
where p.product_id = {product} and {limit} and {within} order by p.{value} desc, p.account_id limit {most}
"""
_MONTHS = """
select month, coalesce(sold.net, 0) as net from (
    select distinct cast(date_trunc('month', day) as date) as month from main.calendar
    where day <= {as_of} and day > {as_of} - interval '2 years'
) as months left join (
    select cast(date_trunc('month', day) as date) as sold_in, cast(sum(net) as double) as net from facts.sales
    where product_id = {product} and {sales_within} group by 1
) as sold on sold.sold_in = months.month order by month
"""
# Which task stands behind each list, what its value is called, and which of its rows count.
_LISTS = {"dropped": ("items", "at_stake", f"p.score >= {LIKELY} and not p.gone"), "offers": ("cross-sell", "value", "true")}


@dataclass(frozen=True)
class ProductRow:
    product_id: str
    name: str
    category: str | None
    net_12m: float
    customers: int
    growth: float | None
    dropped: int | None
    dropped_value: float | None
    offers: int | None
    offers_value: float | None


@dataclass(frozen=True)
class Search:
    text: str = ""
    sort: str = "net"
    number: int = 1

    @classmethod
    def read(cls, values: Mapping[str, str]) -> Search:
        sort = values.get("sort", "net")
        return cls(values.get("q", "").strip()[:100], sort if sort in SORTS else "net", page_number(values.get("page", "1")))

    def address(self, **changes: str) -> str:
        values = {"q": self.text, "sort": self.sort if self.sort != "net" else "", **changes}
        return "?" + urlencode({key: value for key, value in values.items() if value})


@dataclass(frozen=True)
class ProductsPage(Paged):
    template: ClassVar[str] = "products.html"
    search: Search
    rows: tuple[ProductRow, ...]
    found: int
    number: int

    def address(self, number: int) -> str:
        return self.search.address(page=str(number))

    @property
    def sorts(self) -> list[str]:
        return list(SORTS)


@dataclass(frozen=True)
class Buyer:
    """A customer who has dropped the product or should be offered it; `value` is gross profit of the horizon."""

    account_id: str
    name: str
    score: float
    value: float
    why: str | None


@dataclass(frozen=True)
class ProductPage:
    template: ClassVar[str] = "product.html"
    product: ProductRow
    chart: Chart | None
    dropped: tuple[Buyer, ...]
    offers: tuple[Buyer, ...]

    @property
    def lists(self) -> list[tuple[str, tuple[Buyer, ...]]]:
        return [("dropped", self.dropped), ("offers", self.offers)]


def products_page(visit: Visit, search: Search) -> ProductsPage:
    like = literal("%" + search.text.lower() + "%")
    where = f"where contains(lower(name), {literal(search.text.lower())}) or lower(product_id) like {like}" if search.text else ""
    ask = _listed(visit)
    found = ask(f"select count(*) as n from {_name(visit)} {where}")[0]["n"]
    start = (search.number - 1) * PAGE_SIZE
    rows = ask(f"select * from {_name(visit)} {where} order by {SORTS[search.sort]} limit {PAGE_SIZE} offset {start}")
    return ProductsPage(search, tuple(ProductRow(**row) for row in rows), found, search.number)


def product_page(visit: Visit, product_id: str) -> ProductPage:
    rows = _listed(visit)(f"select * from {_name(visit)} where product_id = {literal(product_id)}")
    if not rows:
        raise OutOfScope("There is no such product.")
    dropped, offers = (_buyers(visit, name, product_id) for name in _LISTS)
    return ProductPage(ProductRow(**rows[0]), _chart(visit, product_id), dropped, offers)


def _name(visit: Visit) -> str:
    """One table a scope: what is out of reach is not in it."""
    reps = visit.reach.scope.reps
    return "products_of_all" if reps is None else "products_of_" + hashlib.sha256("\0".join(sorted(reps)).encode()).hexdigest()[:16]


def _listed(visit: Visit) -> Callable[[str], list[Row]]:
    return visit.edition.worked_out(_name(visit), _LIST.format(**_filled(visit), **{name: _sums(visit, name) for name in _LISTS}))


def _filled(visit: Visit) -> dict[str, str]:
    return {"as_of": literal(visit.edition.as_of), "sales_within": visit.reach.sql("rep_id")}


def _sums(visit: Visit, name: str) -> str:
    task, value, limit = _LISTS[name]
    if not predicted.published(visit, task):
        return _NOTHING
    return _PREDICTED.format(value=value, table=table_of(task), limit=limit, within=visit.reach.sql("account.rep_id"))


def _buyers(visit: Visit, name: str, product_id: str) -> tuple[Buyer, ...]:
    task, value, limit = _LISTS[name]
    if not predicted.published(visit, task):
        return ()
    within = visit.reach.sql("account.rep_id")
    sql = _CUSTOMERS.format(value=value, table=table_of(task), product=literal(product_id), limit=limit, within=within, most=MOST_CUSTOMERS)
    return tuple(_buyer(visit, row) for row in visit.edition.rows(sql))


def _buyer(visit: Visit, row: Row) -> Buyer:
    return Buyer(row["account_id"], row["name"], row["score"], row["value"], predicted.sentence(visit, row["evidence"]))


def _chart(visit: Visit, product_id: str) -> Chart | None:
    rows = visit.edition.rows(_MONTHS.format(product=literal(product_id), **_filled(visit)))
    if not any(row["net"] for row in rows):
        return None
    labels = [formats.period(row["month"], "month") for row in rows]
    series = Series(text("app.customer.net"), [row["net"] for row in rows], kind="bar")
    label = charts.told(text("app.customer.net"), labels[0], labels[-1])
    return charts.chart(labels, [series], unit="money", currency=visit.currency, label=label)


@page("products")
def products(visit: Visit, request: HttpRequest) -> ProductsPage:
    return products_page(visit, Search.read(request.GET.dict()))


@page("products")
def product(visit: Visit, request: HttpRequest, product_id: str) -> ProductPage:
    return product_page(visit, product_id)
