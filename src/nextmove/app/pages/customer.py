"""One customer, all round: what they buy and in which rhythm, what has stopped, what to do, what they owe, who spoke to them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from django.http import HttpRequest, HttpResponse

from nextmove.app import charts, exports, formats, telling
from nextmove.app.charts import Chart, Series
from nextmove.app.edition import Row
from nextmove.app.moves import Move, moves_about
from nextmove.app.pages.customer_queries import ACTIVITIES, DEALS, INVOICES, ITEMS, MONTHS, ORDER_DAYS
from nextmove.app.pages.customer_rhythm import customer_rhythm
from nextmove.app.pages.outlook import Outlook, Product, outlook, told_products
from nextmove.app.pages.prices import PriceGap, price_gaps
from nextmove.app.visit import Visit, page
from nextmove.engine import literal
from nextmove.errors import OutOfScope
from nextmove.words import text

STRIP_DAYS = 730


@dataclass(frozen=True)
class Customer:
    account_id: str
    name: str
    segment: str | None
    industry: str | None
    city: str | None
    country: str | None
    region: str | None
    channel: str | None
    rep_id: str | None
    rep_name: str | None
    order_days: int | None
    first_day: dt.date | None
    last_day: dt.date | None
    usual_gap_days: float | None
    quiet_days: int | None
    net_12m: Decimal
    net_before: Decimal
    growth: float | None
    state: str


@dataclass(frozen=True)
class Item:
    product_id: str
    name: str
    category: str | None
    last_day: dt.date
    order_days: int
    usual_gap_days: float | None
    quiet_days: int
    quantity_12m: Decimal
    net_12m: Decimal
    state: str


@dataclass(frozen=True)
class Invoice:
    invoice_id: str
    issued_on: dt.date
    due_on: dt.date
    open_amount: Decimal
    days_late: int


@dataclass(frozen=True)
class Activity:
    kind: str
    told: str
    icon: str
    started_at: dt.datetime
    rep_name: str | None
    outcome: str | None


@dataclass(frozen=True)
class Deal:
    opportunity_id: str
    name: str
    stage: str | None
    status: str
    amount: Decimal | None
    expected_close_on: dt.date | None


@dataclass(frozen=True)
class Strip:
    """Days with an order in two years as places from 0 to 1000, and the day on which the next one is due."""

    days: tuple[tuple[float, str], ...]
    due: float | None
    due_on: dt.date | None


@dataclass(frozen=True)
class CustomerPage:
    template: ClassVar[str] = "customer.html"
    customer: Customer
    moves: tuple[Move, ...]
    strip: Strip
    chart: Chart | None
    items: tuple[Item, ...]
    invoices: tuple[Invoice, ...]
    activities: tuple[Activity, ...]
    deals: tuple[Deal, ...]
    as_of: dt.date
    outlook: Outlook
    prices: tuple[PriceGap, ...]

    @property
    def owed(self) -> Decimal:
        return sum((invoice.open_amount for invoice in self.invoices), Decimal(0))

    @property
    def overdue(self) -> Decimal:
        return sum((invoice.open_amount for invoice in self.invoices if invoice.days_late > 0), Decimal(0))

    @property
    def outlook_lists(self) -> Iterable[tuple[str, tuple[Product, ...]]]:
        return told_products(self.outlook)

    @property
    def spoken_on(self) -> dt.date | None:
        return self.activities[0].started_at.date() if self.activities else None


def customer_page(visit: Visit, account_id: str) -> CustomerPage:
    customer = customer_within_reach(visit, account_id)
    return CustomerPage(
        customer=customer,
        moves=tuple(moves_about(visit, account_id)),
        strip=_strip(visit, customer),
        chart=_chart(visit, account_id),
        items=tuple(Item(**row) for row in _ask(visit, ITEMS, account_id)),
        invoices=tuple(Invoice(**row) for row in _ask(visit, INVOICES, account_id)),
        activities=tuple(map(_activity, _ask(visit, ACTIVITIES, account_id))),
        deals=tuple(Deal(**row) for row in _ask(visit, DEALS, account_id)),
        as_of=visit.edition.as_of,
        outlook=visit.edition.kept(("outlook", account_id, visit.user.language), lambda: outlook(visit, account_id)),
        prices=visit.edition.kept(("prices", account_id), lambda: price_gaps(visit, account_id)),
    )


def customer_within_reach(visit: Visit, account_id: str) -> Customer:
    """The account, if its owner is within reach; else it is not there."""
    where = f"account_id = {literal(account_id)} and {visit.reach.sql('rep_id')}"
    found = customer_rhythm(visit.edition)(f"select * from customers where {where}")
    if not found:
        raise OutOfScope("There is no such customer.")
    return Customer(**{name: found[0][name] for name in Customer.__dataclass_fields__})


def _ask(visit: Visit, sql: str, account_id: str) -> list[Row]:
    currency = visit.currency
    filled = sql.format(account=literal(account_id), as_of=literal(visit.edition.as_of), currency=literal(currency))
    return visit.edition.kept((sql, account_id), lambda: visit.edition.rows(filled))


def _strip(visit: Visit, customer: Customer) -> Strip:
    first = visit.edition.as_of - dt.timedelta(days=STRIP_DAYS)
    rtl = visit.user.language in ("he", "fa")

    def place(day: dt.date) -> float:
        share = (day - first).days / (STRIP_DAYS + 60)
        return round(1000 * (1 - share if rtl else share), 1)

    days = tuple((place(row["day"]), formats.day(row["day"])) for row in _ask(visit, ORDER_DAYS, customer.account_id))
    if customer.last_day is None or customer.usual_gap_days is None:
        return Strip(days, None, None)
    due = customer.last_day + dt.timedelta(days=round(customer.usual_gap_days))
    return Strip(days, place(due) if first <= due <= visit.edition.as_of + dt.timedelta(days=60) else None, due)


def _chart(visit: Visit, account_id: str) -> Chart | None:
    rows = _ask(visit, MONTHS, account_id)
    if not any(row["net"] for row in rows):
        return None
    labels = [formats.period(row["month"], "month") for row in rows]
    series = Series(text("app.customer.net"), [float(row["net"]) for row in rows], kind="bar", unfinished=int(not rows[-1]["complete"]))
    label = charts.told(text("app.customer.net"), labels[0], labels[-1])
    return charts.chart(labels, [series], unit="money", currency=visit.currency, label=label)


_ICONS = {"call": "phone", "email": "mail", "meeting": "users", "visit": "walk", "demo": "presentation", "message": "message"}


def _activity(row: Row) -> Activity:
    return Activity(told=telling.named("app.activity.", row["kind"]), icon=_ICONS.get(row["kind"], "calendar-event"), **row)


@page("customers")
def customer(visit: Visit, request: HttpRequest, account_id: str) -> CustomerPage:
    return customer_page(visit, account_id)


@page("customers")
def items_file(visit: Visit, request: HttpRequest, account_id: str) -> HttpResponse:
    """What the customer buys, as CSV."""
    customer_within_reach(visit, account_id)
    columns = tuple(Item.__dataclass_fields__)
    rows = _ask(visit, ITEMS.replace("limit 20", ""), account_id)
    return exports.csv_file(f"items-{account_id}.csv", columns, ([row[column] for column in columns] for row in rows))
