"""The canonical data model, declared once: columns, kinds, keys, accepted values.

Loading, checking, the data page and the documentation are all made from this list. A company rarely has all of it: each
table but its key is optional, and so is every column that is not `required`.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import Enum

from nextmove.errors import UnknownName


class Kind(Enum):
    """What a column holds, as its type in the warehouse (DuckDB names)."""

    TEXT = ("text", "VARCHAR")
    MONEY = ("money", "DECIMAL(18,4)")
    NUMBER = ("number", "DECIMAL(18,4)")  # quantities: exact as well
    RATE = ("rate", "DECIMAL(18,8)")
    COUNT = ("count", "BIGINT")
    SCORE = ("score", "DOUBLE")
    FLAG = ("flag", "BOOLEAN")
    DAY = ("day", "DATE")
    MOMENT = ("moment", "TIMESTAMP")  # UTC, without a zone

    @property
    def sql_type(self) -> str:
        return self.value[1]


@dataclass(frozen=True)
class Column:
    """One column. `accepted` lists the values of a closed set; `default` stands where the source is empty."""

    name: str
    kind: Kind
    required: bool = False
    key: bool = False
    accepted: tuple[str, ...] = ()
    default: str | None = None
    least: float | None = None
    most: float | None = None
    numbered: bool = False  # numbered on load where the source has none
    refers_to: str | None = None  # the table whose key this is; unknown ids are kept, and told


@dataclass(frozen=True)
class Table:
    name: str
    columns: tuple[Column, ...]

    @property
    def key(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns if column.key)

    def column(self, name: str) -> Column:
        for column in self.columns:
            if column.name == name:
                return column
        raise UnknownName(f"column of {self.name}", name, [c.name for c in self.columns])


def _key(name: str, kind: Kind = Kind.TEXT, *, numbered: bool = False, optional: bool = False) -> Column:
    return Column(name, kind, required=not (numbered or optional), key=True, numbered=numbered)


def _text(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, Kind.TEXT) for name in names)


def _days(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, Kind.DAY) for name in names)


def _moments(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, Kind.MOMENT) for name in names)


def _money(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, Kind.MONEY) for name in names)


def _need(name: str, kind: Kind, **more: object) -> Column:
    return Column(name, kind, required=True, **more)  # type: ignore[arg-type]


def _refers(name: str, to: str, *, required: bool = False) -> Column:
    return Column(name, Kind.TEXT, required=required, refers_to=to)


_CURRENCY = Column("currency", Kind.TEXT)
_ACCOUNT = _refers("account_id", "accounts")
_REP = _refers("rep_id", "reps")
_PRODUCT = _refers("product_id", "products")
_CAMPAIGN = _refers("campaign_id", "campaigns")
_LEAD = _refers("lead_id", "leads")
_OPPORTUNITY = _refers("opportunity_id", "opportunities")

TABLES: tuple[Table, ...] = (
    Table(
        "accounts",
        (
            _key("account_id"),
            *_text("name", "segment", "industry", "company_size", "country", "region", "city", "channel"),
            _REP,
            _refers("parent_account_id", "accounts"),
            *_days("created_on"),
            *_money("yearly_potential"),  # what it could buy from a supplier like us in a year, as the company estimates it
        ),
    ),
    Table(
        "reps",
        (_key("rep_id"), *_text("name", "email", "team"), _refers("manager_id", "reps"), *_text("region"), *_days("hired_on", "left_on")),
    ),
    Table(
        "products",
        (
            _key("product_id"),
            *_text("name", "category", "brand"),
            *_money("unit_cost", "list_price"),
            *_days("launched_on", "discontinued_on"),
            *_text("initiative"),
        ),
    ),
    Table(
        "order_lines",
        (
            _key("order_id"),
            _key("line_no", Kind.COUNT, numbered=True),
            _need("ordered_at", Kind.MOMENT),
            _ACCOUNT,
            _REP,
            _PRODUCT,
            *_text("channel", "region", "contact_method"),
            _need("quantity", Kind.NUMBER),
            _need("net_amount", Kind.MONEY),
            *_money("cost_amount", "list_amount"),
            _CURRENCY,
            Column("status", Kind.TEXT, accepted=("completed", "cancelled", "returned"), default="completed"),
            *_text("cancel_reason", "initiative"),
            _CAMPAIGN,
            _OPPORTUNITY,
            *_days("promised_on", "delivered_on"),
            Column("delivered_quantity", Kind.NUMBER),
        ),
    ),
    Table(
        "invoices",
        (
            _key("invoice_id"),
            _refers("account_id", "accounts", required=True),
            *_text("order_id"),
            _REP,
            Column("kind", Kind.TEXT, accepted=("invoice", "credit_note"), default="invoice"),
            _need("issued_on", Kind.DAY),
            _need("due_on", Kind.DAY),
            _need("amount", Kind.MONEY),
            _CURRENCY,
            *_days("paid_on"),
            *_money("paid_amount"),
        ),
    ),
    Table(
        "leads",
        (
            _key("lead_id"),
            _need("created_at", Kind.MOMENT),
            *_text("source"),
            _CAMPAIGN,
            *_text("segment", "industry", "company_size", "country", "region"),
            Column("score", Kind.SCORE, least=0, most=100),
            _REP,
            *_moments("assigned_at", "first_response_at", "mql_at", "sql_at"),
            _OPPORTUNITY,
            _ACCOUNT,
            *_moments("disqualified_at"),
            *_text("disqualify_reason"),
        ),
    ),
    Table(
        "opportunities",
        (
            _key("opportunity_id"),
            _ACCOUNT,
            _LEAD,
            _REP,
            _PRODUCT,
            *_text("source", "contact_method", "name"),
            _need("created_at", Kind.MOMENT),
            *_days("expected_close_on"),
            *_moments("closed_at"),
            *_text("stage"),
            _need("status", Kind.TEXT, accepted=("open", "won", "lost")),
            *_money("amount"),
            _CURRENCY,
            *_text("loss_reason", "competitor", "region"),
            *_moments("modified_at"),  # when the source changed it last: dates what a load finds changed
        ),
    ),
    Table(
        "stage_changes",
        (
            Column("opportunity_id", Kind.TEXT, required=True, key=True, refers_to="opportunities"),
            _key("changed_at", Kind.MOMENT),
            *_text("from_stage"),
            _need("to_stage", Kind.TEXT),
            *_money("amount"),
        ),
    ),
    Table(
        "activities",
        (
            _key("activity_id"),
            _refers("rep_id", "reps", required=True),
            _ACCOUNT,
            _LEAD,
            _OPPORTUNITY,
            _need("kind", Kind.TEXT),
            *_text("direction"),
            _need("started_at", Kind.MOMENT),
            Column("duration_minutes", Kind.NUMBER, least=0),
            *_text("outcome"),
        ),
    ),
    Table("campaigns", (_key("campaign_id"), *_text("name", "channel", "initiative"), *_days("started_on", "ended_on"))),
    Table(
        "spend",
        (
            _key("spend_id", numbered=True),
            _need("spent_on", Kind.DAY),
            _need("department", Kind.TEXT, accepted=("marketing", "sales", "overhead")),
            *_text("channel"),
            _CAMPAIGN,
            _need("amount", Kind.MONEY),
            _CURRENCY,
        ),
    ),
    Table(
        "web_sessions",
        (
            _key("session_id"),
            _need("started_at", Kind.MOMENT),
            *_text("source"),
            _CAMPAIGN,
            *_text("landing_page"),
            Column("pages", Kind.COUNT, least=0),
            Column("duration_seconds", Kind.NUMBER, least=0),
            Column("cta_clicked", Kind.FLAG),
            _LEAD,
        ),
    ),
    Table(
        "email_events",
        (
            _key("event_id", numbered=True),
            _CAMPAIGN,
            _need("recipient_id", Kind.TEXT),
            _need("event", Kind.TEXT, accepted=("sent", "delivered", "open", "click", "reply", "unsubscribe", "bounce", "convert")),
            _need("happened_at", Kind.MOMENT),
            _LEAD,
        ),
    ),
    Table(
        "social_stats",
        (
            _key("day", Kind.DAY),
            _key("network"),
            Column("followers", Kind.COUNT, least=0),
            Column("reach", Kind.COUNT, least=0),
            Column("impressions", Kind.COUNT, least=0),
            Column("engagements", Kind.COUNT, least=0),
        ),
    ),
    Table(
        "surveys",
        (
            _key("survey_id", numbered=True),
            _refers("account_id", "accounts", required=True),
            _need("responded_at", Kind.MOMENT),
            _need("kind", Kind.TEXT, accepted=("nps", "csat")),
            _need("score", Kind.SCORE, least=0, most=10),
        ),
    ),
    Table(
        "targets",
        (
            _key("kpi"),
            Column("grain", Kind.TEXT, required=True, key=True, accepted=("day", "week", "month", "quarter", "year")),
            _key("period_start", Kind.DAY),
            _key("dimension", optional=True),
            _key("member", optional=True),
            _need("value", Kind.MONEY),
        ),
    ),
    Table("exchange_rates", (_key("day", Kind.DAY), _key("currency"), _need("rate", Kind.RATE, least=0))),
    Table(
        "market",
        (_key("period_start", Kind.DAY), _key("region", optional=True), _key("segment", optional=True), _need("market_size", Kind.MONEY)),
    ),
    Table(
        "competitor_prices",
        (
            _key("day", Kind.DAY),
            Column("product_id", Kind.TEXT, required=True, key=True, refers_to="products"),
            _key("competitor"),
            _need("price", Kind.MONEY, least=0),
        ),
    ),
)

# The days that the calendar holds; what happened on another would fall out of every number, so it is rejected on load.
FIRST_DAY, LAST_DAY = dt.date(1970, 1, 1), dt.date(2069, 12, 31)

# The column that says when a row happened; tables without one hold what is so today.
DATED_BY = {
    "order_lines": "ordered_at",
    "invoices": "issued_on",
    "leads": "created_at",
    "opportunities": "created_at",
    "stage_changes": "changed_at",
    "activities": "started_at",
    "spend": "spent_on",
    "web_sessions": "started_at",
    "email_events": "happened_at",
    "social_stats": "day",
    "surveys": "responded_at",
    "targets": "period_start",
    "exchange_rates": "day",
    "market": "period_start",
    "competitor_prices": "day",
}

_BY_NAME = {table.name: table for table in TABLES}


def table(name: str) -> Table:
    """The declared table of that name."""
    if name not in _BY_NAME:
        raise UnknownName("table", name, _BY_NAME)
    return _BY_NAME[name]
