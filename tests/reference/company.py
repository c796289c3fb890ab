"""A company read from its files: each row with its local days, its money in the reporting currency and its dimensions.

What happened after `as_of` is not read. Rows are dicts: the columns of the file, and what was prepared from them.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

from .calendars import ONE_DAY
from .tally import UNKNOWN, Row

PERSONA = {"segment": ("smb",), "industry": ("food",), "country": ("DE", "PL")}
STAGES = ("new", "talk", "offer")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True)
class Terms:
    """What a company has settled, and the seed of its data."""

    seed: int
    time_zone: str
    as_of: dt.date
    fiscal_start: int
    week_start: str
    churn_window: int
    working_week: tuple[str, ...] = WEEKDAYS[:5]
    holidays: tuple[dt.date, ...] = ()
    weeks: tuple[int, ...] = ()  # of the months of a fiscal quarter; empty: they are Gregorian months

    @property
    def pattern(self) -> str:
        return "-".join(map(str, self.weeks)) or "months"

    def working(self, day: dt.date) -> bool:
        return WEEKDAYS[day.weekday()] in self.working_week and day not in self.holidays

    def toml(self) -> str:
        """The same as `nextmove.toml`."""
        return "\n".join(
            [
                "[company]",
                f'time_zone = "{self.time_zone}"\nreporting_currency = "EUR"\nas_of = {self.as_of}',
                f'fiscal_year_start_month = {self.fiscal_start}\nfiscal_pattern = "{self.pattern}"\nweek_start = "{self.week_start}"',
                f"working_week = {list(self.working_week)}\nholidays = {[str(day) for day in self.holidays]}",
                "[definitions]",
                f"churn_window_months = {self.churn_window}\nstage_order = {list(STAGES)}",
                "[persona]",
                *(f"{name} = {list(accepted)}" for name, accepted in PERSONA.items()),
                "",
            ]
        )


@dataclass
class Company:
    """All rows of a company, prepared once."""

    folder: Path
    terms: Terms
    lines: list[Row] = field(init=False)

    def __post_init__(self) -> None:
        self.zone = ZoneInfo(self.terms.time_zone)
        self.as_of = self.terms.as_of
        self.accounts = {row["account_id"]: row for row in self.read("accounts")}
        self.reps = {row["rep_id"]: row for row in self.read("reps")}
        self.products = {row["product_id"]: row for row in self.read("products")}
        self.campaigns = {row["campaign_id"]: row for row in self.read("campaigns")}
        self.rates = _rates(self.read("exchange_rates"))
        self.lines = self.seen([self._line(row) for row in self.read("order_lines")])
        self.sales_of: dict[str, list[Row]] = defaultdict(list)
        for line in self.lines:
            if line["account_id"] and line["status"] in ("completed", "returned"):
                self.sales_of[line["account_id"]].append(line)
        deals = self.read("opportunities")
        self.leads = self._leads(deals)
        self.purchases = _purchases(self.lines, self)
        self._first_purchases()
        self.deals = self.seen([self._deal(row) for row in deals])
        self.activities = self.seen([self._activity(row) for row in self.read("activities")])
        self.spend = self.seen([self._spent(row) for row in self.read("spend")])
        self.visits = self.seen([self._visit(row) for row in self.read("web_sessions")])
        self.mails = self.seen([self._mail(row) for row in self.read("email_events")])
        self.social = self.seen([_dated(row, "day", {"network": row["network"]}) for row in self.read("social_stats")])
        self.invoices = self.seen([self._invoice(row) for row in self.read("invoices") if (row["kind"] or "invoice") == "invoice"])
        self.answers = self.seen([self._answer(row) for row in self.read("surveys")])
        self.targets = self.read("targets")
        self.market = self.seen([_dated(row, "period_start", row) for row in self.read("market")])
        self.prices = self.seen([_dated(row, "day", {"competitor": row["competitor"]}) for row in self.read("competitor_prices")])

    def read(self, table: str) -> list[Row]:
        with (self.folder / f"{table}.csv").open(newline="", encoding="utf-8") as file:
            return [{name: value or None for name, value in row.items()} for row in csv.DictReader(file)]

    def seen(self, rows: list[Row]) -> list[Row]:
        return [row for row in rows if row["day"] <= self.as_of]

    def moment(self, text: str | None) -> dt.datetime | None:
        """UTC where no offset is given; a value that is only a date is that local day (READING 1)."""
        if text is None:
            return None
        if len(text) == 10:
            return dt.datetime.combine(dt.date.fromisoformat(text), dt.time(), self.zone).astimezone(dt.UTC)
        moment = dt.datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).astimezone(dt.UTC)

    def day(self, moment: dt.datetime | None) -> dt.date | None:
        return moment.astimezone(self.zone).date() if moment else None

    def midnight_after(self, day: dt.date) -> dt.datetime:
        return dt.datetime.combine(day + ONE_DAY, dt.time(), self.zone).astimezone(dt.UTC)

    def money(self, text: str | None, currency: str | None, day: dt.date) -> Fraction | None:
        """At the latest rate up to the day, not rounded (READINGS 19, 21 and 23)."""
        if text is None:
            return None
        rate = Fraction(1) if currency in (None, "EUR") else [rate for since, rate in self.rates[currency] if since <= day][-1]
        return Fraction(text) * rate

    def team(self, rep: str | None) -> str | None:
        return self.reps.get(rep or "", {}).get("team")

    def oldest_lead(self, account: str, by: dt.datetime, column: str) -> str | None:
        """What the account's oldest lead that has it tells, of those created by the moment (READINGS 31 and 32)."""
        told = [lead for lead in self.leads if lead["account_id"] == account and lead[column] and lead["created_at"] <= by]
        return min(told, key=lambda lead: (lead["created_at"], lead["lead_id"]))[column] if told else None

    def _line(self, row: Row) -> Row:
        """Own representative, region and channel, else the account's (DATA_MODEL, dimensions); initiative as READING 29 says."""
        moment = self.moment(row["ordered_at"])
        day = self.day(moment)
        account = self.accounts.get(row["account_id"] or "", {})
        product = self.products.get(row["product_id"] or "", {})
        campaign = self.campaigns.get(row["campaign_id"] or "", {})
        rep = row["rep_id"] or account.get("rep_id")
        quantity = Fraction(row["quantity"])
        cost = self.money(row["cost_amount"], row["currency"], day)
        if cost is None and product.get("unit_cost") is not None:
            cost = quantity * Fraction(product["unit_cost"])
        return {
            **row,
            "at": moment,
            "day": day,
            "status": row["status"] or "completed",
            "quantity": quantity,
            "net": self.money(row["net_amount"], row["currency"], day),
            "list": self.money(row["list_amount"], row["currency"], day),
            "cost": cost,
            "launched_on": _date(product.get("launched_on")),
            "members": _members(
                rep=rep,
                team=self.team(rep),
                region=row["region"] or account.get("region"),
                channel=row["channel"] or account.get("channel"),
                country=account.get("country"),
                segment=account.get("segment"),
                industry=account.get("industry"),
                product=row["product_id"],
                category=product.get("category"),
                brand=product.get("brand"),
                initiative=row["initiative"] or product.get("initiative") or campaign.get("initiative"),
                campaign=row["campaign_id"],
                contact_method=row["contact_method"],
                account=row["account_id"],
                cancel_reason=row["cancel_reason"],
            ),
        }

    def _leads(self, deals: list[Row]) -> list[Row]:
        """A lead describes itself (READING 25); it reached an opportunity when either names the other, the earliest (76)."""
        leads = []
        for row in self.read("leads"):
            lead = dict(row)
            for step in ("created_at", "assigned_at", "first_response_at", "mql_at", "sql_at"):
                lead[step] = self.moment(row[step])
                lead[f"{step}_day"] = self.day(lead[step])
            lead["day"] = lead["created_at_day"]
            lead["deals"] = {deal["opportunity_id"] for deal in deals if _belongs(deal, row)}
            lead["deal_at"] = min((self.moment(deal["created_at"]) for deal in deals if _belongs(deal, row)), default=None)
            lead["deal_at_day"] = self.day(lead["deal_at"])
            names = ("source", "region", "country", "segment", "industry")
            members = {name: row[name] for name in names}
            lead["members"] = _members(**members, campaign=row["campaign_id"], rep=row["rep_id"], team=self.team(row["rep_id"]))
            leads.append(lead)
        self.every_lead = leads
        return self.seen(leads)

    def _first_purchases(self) -> None:
        """A lead became a customer when its account first bought, even before the lead (READING 77)."""
        for lead in self.leads:
            bought = self.purchases.get(lead["account_id"])
            lead["customer_at"] = bought[0]["at"] if bought else None
            lead["customer_at_day"] = self.day(lead["customer_at"])

    def _deal(self, row: Row) -> Row:
        account = self.accounts.get(row["account_id"] or "", {})
        rep = row["rep_id"] or account.get("rep_id")
        created, closed = self.moment(row["created_at"]), self.moment(row["closed_at"])
        changes = self._changes(row["opportunity_id"])
        return {
            **row,
            "at": created,
            "day": self.day(created),
            "closed_at": closed,
            "closed_day": self.day(closed),
            "changes": changes,
            "members": _members(
                rep=rep,
                team=self.team(rep),
                region=row["region"] or account.get("region"),
                segment=account.get("segment"),
                source=row["source"],
                contact_method=row["contact_method"],
                product=row["product_id"],
                competitor=row["competitor"],
                loss_reason=row["loss_reason"],
                stage=changes[-1]["to_stage"] if changes else row["stage"],
            ),
        }

    def _changes(self, opportunity: str) -> list[Row]:
        if not hasattr(self, "_by_deal"):
            self._by_deal = defaultdict(list)
            for row in self.read("stage_changes"):
                self._by_deal[row["opportunity_id"]].append({**row, "at": self.moment(row["changed_at"])})
        return sorted(self._by_deal[opportunity], key=lambda change: change["at"])

    def _activity(self, row: Row) -> Row:
        """Without a duration an activity is no recorded time (READING 113)."""
        moment = self.moment(row["started_at"])
        minutes = Fraction(row["duration_minutes"]) if row["duration_minutes"] else None
        members = _members(rep=row["rep_id"], team=self.team(row["rep_id"]), kind=row["kind"])
        return {**row, "at": moment, "day": self.day(moment), "minutes": minutes, "members": members}

    def _spent(self, row: Row) -> Row:
        """A lead's source meets the spend's channel as text (READING 82); the channel is the spend's own (88)."""
        day = dt.date.fromisoformat(row["spent_on"])
        members = _members(channel=row["channel"], source=row["channel"], campaign=row["campaign_id"])
        return {**row, "day": day, "amount": self.money(row["amount"], row["currency"], day), "members": members}

    def _visit(self, row: Row) -> Row:
        members = _members(source=row["source"], campaign=row["campaign_id"], landing_page=row["landing_page"])
        return {**row, "day": self.day(self.moment(row["started_at"])), "members": members}

    def _mail(self, row: Row) -> Row:
        return {**row, "day": self.day(self.moment(row["happened_at"])), "members": _members(campaign=row["campaign_id"])}

    def _invoice(self, row: Row) -> Row:
        """At the rate of the day of issue (READING 19); paid as READING 68 says."""
        issued = dt.date.fromisoformat(row["issued_on"])
        account = self.accounts.get(row["account_id"], {})
        rep = row["rep_id"] or account.get("rep_id")
        amount = self.money(row["amount"], row["currency"], issued)
        part = self.money(row["paid_amount"], row["currency"], issued)
        paid_on = _date(row["paid_on"])
        return {
            **row,
            "day": issued,
            "due_on": dt.date.fromisoformat(row["due_on"]),
            "amount": amount,
            "paid_on": paid_on,
            "paid": 0 if paid_on is None else amount if part is None else part,
            "members": _members(rep=rep, region=account.get("region"), account=row["account_id"]),
        }

    def _answer(self, row: Row) -> Row:
        account = self.accounts.get(row["account_id"], {})
        names = {"rep": "rep_id", "region": "region", "segment": "segment"}
        members = _members(**{name: account.get(column) for name, column in names.items()})
        return {**row, "day": self.day(self.moment(row["responded_at"])), "score": int(row["score"]), "members": members}


def _rates(rows: list[Row]) -> dict[str, list[tuple[dt.date, Fraction]]]:
    rates = defaultdict(list)
    for row in rows:
        rates[row["currency"]].append((dt.date.fromisoformat(row["day"]), Fraction(row["rate"])))
    return {currency: sorted(known) for currency, known in rates.items()}


def _purchases(lines: list[Row], company: Company) -> dict[str, list[Row]]:
    """What makes a customer (READING 39), in order (40), with the customer's own source and campaign (31 and 32)."""
    purchases = defaultdict(list)
    for line in sorted(lines, key=lambda line: (line["at"], line["order_id"], int(line["line_no"]))):
        if line["status"] == "completed" and line["net"] > 0 and line["account_id"]:
            purchases[line["account_id"]].append(line)
    for account, bought in purchases.items():
        first = bought[0]
        source = company.oldest_lead(account, first["at"], "source")
        campaign = first["campaign_id"] or company.oldest_lead(account, first["at"], "campaign_id")
        for line in bought:
            line["life"] = {**line["members"], **_members(source=source, campaign=campaign)}
    return dict(purchases)


def _belongs(deal: Row, lead: Row) -> bool:
    return deal["lead_id"] == lead["lead_id"] or deal["opportunity_id"] == lead["opportunity_id"]


def _members(**names: str | None) -> dict[str, str]:
    """A missing value is the member `(unknown)` (DATA_MODEL); an id that no table knows is itself (READING 27)."""
    return {name: value or UNKNOWN for name, value in names.items()}


def _dated(row: Row, column: str, members: Row) -> Row:
    return {**row, "day": dt.date.fromisoformat(row[column]), "members": _members(**members)}


def _date(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None
