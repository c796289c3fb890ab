"""Customers: who buys, how much, and who is late by their own rhythm. Search, sort and page stay in the address."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar
from urllib.parse import urlencode

from django.http import HttpRequest

from nextmove.app.edition import Row
from nextmove.app.pages.customer_rhythm import STATES, customer_rhythm
from nextmove.app.paging import PAGE_SIZE, Paged, page_number
from nextmove.app.visit import Visit, page
from nextmove.engine import literal

SORTS = {
    "net": "net_12m desc, name",
    "name": "lower(name)",
    "growth": "growth asc nulls last, name",
    "quiet": "quiet_days desc nulls last, name",
    "last": "last_day desc nulls last, name",
}


@dataclass(frozen=True)
class CustomerRow:
    account_id: str
    name: str
    segment: str | None
    city: str | None
    rep_name: str | None
    net_12m: Decimal
    growth: float | None
    last_day: dt.date | None
    quiet_days: int | None
    usual_gap_days: float | None
    state: str


@dataclass(frozen=True)
class Search:
    """What was asked for; `address` keeps it when one part changes."""

    text: str = ""
    state: str = ""
    sort: str = "net"
    number: int = 1

    @classmethod
    def read(cls, values: Mapping[str, str]) -> Search:
        state, sort = values.get("state", ""), values.get("sort", "net")
        return cls(
            values.get("q", "").strip()[:100],
            state if state in STATES else "",
            sort if sort in SORTS else "net",
            page_number(values.get("page", "1")),
        )

    def address(self, **changes: str) -> str:
        values = {"q": self.text, "state": self.state, "sort": self.sort if self.sort != "net" else "", **changes}
        return "?" + urlencode({key: value for key, value in values.items() if value})


@dataclass(frozen=True)
class CustomersPage(Paged):
    template: ClassVar[str] = "customers.html"
    search: Search
    rows: tuple[CustomerRow, ...]
    found: int
    number: int
    counts: dict[str, int]
    shows_rep: bool

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    def address(self, number: int) -> str:
        return self.search.address(page=str(number))

    @property
    def states(self) -> list[tuple[str, int, str]]:
        return [(state, self.counts[state], self.search.address(state=state)) for state in STATES if self.counts.get(state)]

    @property
    def sorts(self) -> list[tuple[str, str]]:
        return [(sort, self.search.address(sort=sort)) for sort in SORTS]

    @property
    def all_address(self) -> str:
        return self.search.address(state="")


def customers_page(visit: Visit, search: Search) -> CustomersPage:
    ask = customer_rhythm(visit.edition)
    mine = f"{visit.reach.sql('rep_id')} and {_matches(search.text)}"
    counts = {row["state"]: row["n"] for row in ask(f"select state, count(*) as n from customers where {mine} group by state")}
    wanted = f"{mine} and state = {literal(search.state)}" if search.state else mine
    rows = ask(
        f"select * from customers where {wanted} order by {SORTS[search.sort]} limit {PAGE_SIZE} offset {(search.number - 1) * PAGE_SIZE}"
    )
    found = counts.get(search.state, 0) if search.state else sum(counts.values())
    return CustomersPage(search, tuple(map(customer_row, rows)), found, search.number, counts, shows_rep=visit.reach.sees_many)


def customer_row(row: Row) -> CustomerRow:
    return CustomerRow(**{name: row[name] for name in CustomerRow.__dataclass_fields__})


def _matches(text: str) -> str:
    if not text:
        return "true"
    like = literal("%" + text.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%")
    return f"(lower(name) like {like} escape '\\' or lower(account_id) like {like} escape '\\' or lower(city) like {like} escape '\\')"


@page("customers")
def customers(visit: Visit, request: HttpRequest) -> CustomersPage:
    return customers_page(visit, Search.read(request.GET.dict()))
