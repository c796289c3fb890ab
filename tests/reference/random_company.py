"""A random company from a seed: every table of the data model, with gaps, late hours, unknown ids, disorder and two currencies."""

from __future__ import annotations

import csv
import datetime as dt
import random
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

FIRST_DAY = dt.date(2022, 6, 1)
DAYS = 960
REPS = [f"R{n}" for n in range(4)]
ACCOUNTS = [f"A{n:02}" for n in range(18)]
PRODUCTS = [f"P{n}" for n in range(9)]
LEADS = [f"L{n}" for n in range(120)]
DEALS = [f"D{n}" for n in range(70)]
STAGES = ("new", "talk", "offer", "odd")  # the last has no place in the order of stages
MAILS = ("sent", "sent", "open", "click", "reply", "bounce", "unsubscribe", "convert")

Row = dict[str, Any]


class Dice(random.Random):
    """What the tables are drawn with."""

    def pick(self, *choices: Any) -> Any:
        return self.choice(choices)

    def maybe(self, chance: float, value: Any) -> Any:
        return value if self.random() < chance else None

    def day(self) -> dt.date:
        return FIRST_DAY + dt.timedelta(self.randrange(DAYS))

    def moment(self) -> dt.datetime:
        return dt.datetime.combine(self.day(), dt.time(self.randrange(24), self.randrange(60), self.randrange(60)))

    def after(self, moment: dt.datetime, hours: int) -> dt.datetime:
        """A later moment, one time in twenty an earlier one."""
        return moment + dt.timedelta(minutes=self.randrange(1, hours * 60)) * (-1 if self.random() < 0.05 else 1)

    def money(self, low: float, high: float) -> float:
        return round(self.uniform(low, high), 2)


def reps(dice: Dice) -> Iterator[Row]:
    for rep in REPS:
        yield {"rep_id": rep, "name": rep, "team": dice.pick("north", "south", None)}


def accounts(dice: Dice) -> Iterator[Row]:
    for number, account in enumerate(ACCOUNTS):
        yield {
            "account_id": account,
            "name": account,
            "company_size": ("small", "9", "large", "10", None)[number % 5],
            "segment": dice.pick("smb", "ent", None),
            "industry": dice.pick("food", "steel"),
            "country": dice.pick("DE", "PL", None),
            "region": dice.pick("E", "W", None),
            "channel": dice.pick("online", "field", None),
            "rep_id": dice.pick(*REPS, "R99", None),
        }


def products(dice: Dice) -> Iterator[Row]:
    for product in PRODUCTS:
        yield {
            "product_id": product,
            "name": product,
            "category": dice.pick("c1", "c2", None),
            "brand": dice.pick("b1", "b2"),
            "unit_cost": dice.pick(5, 7.25, None),
            "launched_on": dice.pick("2024-02-29", "2023-06-01", "2022-01-15", None),
            "initiative": dice.pick("green", None, None),
        }


def campaigns(dice: Dice) -> Iterator[Row]:
    yield {"campaign_id": "K1", "name": "k1", "initiative": "push", "channel": "web"}
    yield {"campaign_id": "K2", "name": "k2", "initiative": None, "channel": None}


def order_lines(dice: Dice) -> Iterator[Row]:
    for number in range(330):
        at = dice.moment()
        if dice.random() < 0.15:
            at = at.replace(hour=23, minute=dice.pick(0, 30, 59), second=0)
        together = dice.random() < 0.6
        account = dice.pick(*ACCOUNTS, *ACCOUNTS[:4], None, "A98")
        for line in range(1, dice.randrange(1, 5)):
            moment = at if together else at + dt.timedelta(minutes=dice.randrange(90))
            yield {"order_id": f"O{number}", "line_no": line, "account_id": account, **_line(dice, moment)}


def _line(dice: Dice, moment: dt.datetime) -> Row:
    status = dice.choices(["completed", None, "returned", "cancelled"], [70, 10, 10, 10])[0]
    return {
        "ordered_at": dice.pick(moment.isoformat(" "), f"{moment.isoformat()}Z", moment.date().isoformat(), f"{moment.isoformat()}+02:00"),
        "rep_id": dice.pick(*REPS, None, None, None),
        "product_id": dice.pick(*PRODUCTS, None),
        "channel": dice.pick("online", "phone", None),
        "region": dice.pick("E", "N", None),
        "contact_method": dice.pick("call", "email", None),
        "currency": dice.pick("EUR", None, "USD"),
        "status": status,
        "cancel_reason": dice.pick("late", "price", None) if status == "cancelled" else None,
        "initiative": dice.pick("spring", None, None, None),
        "campaign_id": dice.pick("K1", "K2", None, None),
        **_amounts(dice, returned=status == "returned"),
        **_delivery(dice, moment.date()),
    }


def _amounts(dice: Dice, *, returned: bool) -> Row:
    """Also of nothing, and now and then a credit; a returned line is negative throughout."""
    quantity, net = dice.randrange(1, 9), dice.pick(dice.money(1, 300), dice.money(1, 300), 0) if dice.random() > 0.05 else -10
    cost = dice.pick(None, round(abs(net) * dice.uniform(0.4, 1.1), 2))
    if returned:
        return {"quantity": -quantity, "net_amount": -abs(net), "cost_amount": None if cost is None else -cost, "list_amount": None}
    listed = dice.pick(None, round(abs(net) * dice.uniform(1, 1.5), 2), 0)
    return {"quantity": quantity, "net_amount": net, "cost_amount": cost, "list_amount": listed}


def _delivery(dice: Dice, day: dt.date) -> Row:
    promised = dice.maybe(0.5, day + dt.timedelta(dice.randrange(40)))
    delivered = promised and dice.pick(None, promised, promised + dt.timedelta(dice.randrange(-3, 4)))
    return {"promised_on": promised, "delivered_on": delivered, "delivered_quantity": delivered and dice.pick(None, 8, dice.randrange(8))}


def exchange_rates(dice: Dice) -> Iterator[Row]:
    """Not every day has a rate."""
    for day in range(-3, DAYS + 200, dice.pick(1, 3, 7)):
        yield {"day": FIRST_DAY + dt.timedelta(day), "currency": "USD", "rate": round(dice.uniform(0.85, 0.95), 6)}


def invoices(dice: Dice) -> Iterator[Row]:
    for number in range(60):
        issued, amount = dice.day(), dice.money(10, 500)
        paid = dice.maybe(0.5, issued + dt.timedelta(dice.randrange(80)))
        yield {
            "invoice_id": f"I{number}",
            "account_id": dice.choice(ACCOUNTS),
            "rep_id": dice.pick(*REPS, None),
            "kind": dice.pick("invoice", "invoice", None, "credit_note"),
            "issued_on": issued,
            "due_on": issued + dt.timedelta(30),
            "amount": amount,
            "currency": dice.pick("EUR", "USD", None),
            "paid_on": paid,
            "paid_amount": paid and dice.pick(None, round(amount / 2, 2), amount),
        }


def surveys(dice: Dice) -> Iterator[Row]:
    for number in range(80):
        kind = dice.pick("nps", "csat")
        score = dice.randrange(11) if kind == "nps" else dice.randrange(1, 6)
        yield {"survey_id": number, "account_id": dice.choice(ACCOUNTS), "responded_at": _utc(dice.moment()), "kind": kind, "score": score}


def leads(dice: Dice) -> Iterator[Row]:
    for lead in LEADS:
        created = dice.moment()
        assigned = dice.maybe(0.5, dice.after(created, 30))
        marketing = dice.maybe(0.6, dice.after(created, 400))
        yield {
            "lead_id": lead,
            "created_at": _utc(created),
            "source": dice.pick("web", "fair", None),
            "campaign_id": dice.pick("K1", "K2", "K7", None),
            "segment": dice.pick("smb", "ent", None),
            "industry": dice.pick("food", "steel"),
            "country": dice.pick("DE", "PL", "FR", None),
            "region": dice.pick("E", "W", None),
            "score": dice.pick(None, 0, dice.randrange(101), dice.randrange(101)),
            "rep_id": dice.pick(*REPS, None),
            "assigned_at": _utc(assigned),
            "first_response_at": _utc(dice.maybe(0.5, dice.after(assigned or created, dice.pick(1, 20)))),
            "mql_at": _utc(marketing),
            "sql_at": _utc(dice.maybe(0.5, dice.after(marketing or created, 600))),
            "opportunity_id": dice.maybe(0.25, dice.choice(DEALS)),
            "account_id": dice.pick(*ACCOUNTS, None, None),
        }


def opportunities(dice: Dice) -> Iterator[Row]:
    for deal in DEALS:
        created = dice.moment()
        status = dice.choices(["open", "won", "lost"], [3, 4, 4])[0]
        closed = created + dt.timedelta(hours=dice.randrange(5, 4000))
        yield {
            "opportunity_id": deal,
            "account_id": dice.pick(*ACCOUNTS, None),
            "lead_id": dice.maybe(0.5, dice.choice(LEADS)),
            "rep_id": dice.pick(*REPS, None),
            "product_id": dice.pick(*PRODUCTS, None),
            "source": dice.pick("web", "fair", None),
            "contact_method": dice.pick("call", "email", None),
            "created_at": _utc(created),
            "expected_close_on": created.date() + dt.timedelta(dice.randrange(5, 200)),
            "closed_at": _utc(dice.maybe(0.95, closed)) if status != "open" else None,
            "stage": dice.pick(*STAGES[:3], None),
            "status": status,
            "amount": dice.pick(None, dice.randrange(100, 9000), dice.randrange(100, 9000)),
            "currency": dice.pick("EUR", "USD", None),
            "loss_reason": dice.pick("price", None) if status == "lost" else None,
            "competitor": dice.pick("Acme", "Zeta", None),
            "region": dice.pick("E", "N", None),
        }


def stage_changes(dice: Dice) -> Iterator[Row]:
    """The moments are drawn apart from the deals', so that some changes come before the deal or after its close."""
    for deal in DEALS:
        moment, stage = dice.moment(), dice.pick("new", "talk", None)
        for _ in range(dice.randrange(5)):
            moment += dt.timedelta(minutes=dice.randrange(1, 60000))
            to = dice.choice(STAGES)
            amount = dice.maybe(0.5, dice.randrange(100, 9000))
            yield {"opportunity_id": deal, "changed_at": _utc(moment), "from_stage": stage, "to_stage": to, "amount": amount}
            stage = to


def activities(dice: Dice) -> Iterator[Row]:
    for number in range(900):
        yield {
            "activity_id": f"T{number}",
            "rep_id": dice.pick(*REPS, "R88"),
            "account_id": dice.pick(*ACCOUNTS, None),
            "lead_id": dice.maybe(0.5, dice.choice(LEADS)),
            "opportunity_id": dice.maybe(0.7, dice.choice(DEALS)),
            "kind": dice.pick("call", "call", "email", "visit", "admin", "travel", "data_entry"),
            "started_at": _utc(dice.moment()),
            "duration_minutes": dice.maybe(0.6, dice.randrange(1, 200)),
        }


def spend(dice: Dice) -> Iterator[Row]:
    for number in range(200):
        yield {
            "spend_id": number,
            "spent_on": dice.day(),
            "department": dice.pick("marketing", "sales", "overhead"),
            "channel": dice.pick("web", "online", "fair", None),
            "campaign_id": dice.pick("K1", "K2", None),
            "amount": dice.money(5, 900),
            "currency": dice.pick("EUR", "USD", None),
        }


def web_sessions(dice: Dice) -> Iterator[Row]:
    for number in range(600):
        yield {
            "session_id": number,
            "started_at": _utc(dice.moment()),
            "source": dice.pick("web", "ads", None),
            "campaign_id": dice.pick("K1", None),
            "landing_page": dice.pick("/a", "/b", None),
            "duration_seconds": dice.maybe(0.5, dice.randrange(600)),
            "cta_clicked": dice.pick("true", "false", None),
            "lead_id": dice.maybe(0.3, dice.choice(LEADS)),
        }


def email_events(dice: Dice) -> Iterator[Row]:
    """The campaign K2 never records a delivery."""
    for number in range(1200):
        campaign = dice.pick("K1", "K2", None)
        event = dice.pick(*MAILS) if campaign == "K2" else dice.pick(*MAILS, "delivered", "delivered")
        recipient = f"x{dice.randrange(25)}"
        yield {"event_id": number, "campaign_id": campaign, "recipient_id": recipient, "event": event, "happened_at": _utc(dice.moment())}


def social_stats(dice: Dice) -> Iterator[Row]:
    for day in range(0, DAYS, 5):
        for network in ("x", "in"):
            if dice.random() < 0.8:
                yield {
                    "day": FIRST_DAY + dt.timedelta(day),
                    "network": network,
                    "followers": dice.maybe(0.5, 100 + day),
                    "reach": dice.maybe(0.5, dice.randrange(50, 90)),
                    "engagements": dice.maybe(0.5, dice.randrange(9)),
                }


def market(dice: Dice) -> Iterator[Row]:
    for day in ("2023-01-01", "2023-04-01", "2023-07-01", "2023-10-01", "2024-01-01", "2024-05-01"):
        for region in ("E", "S", None):
            for segment in ("smb", None):
                if dice.random() < 0.8:
                    yield {"period_start": day, "region": region, "segment": segment, "market_size": dice.randrange(10000, 90000)}


def competitor_prices(dice: Dice) -> Iterator[Row]:
    keys = {(dice.day(), dice.choice(PRODUCTS[:6]), dice.pick("Acme", "Zeta")): None for _ in range(200)}
    for day, product, competitor in keys:
        yield {"day": day, "product_id": product, "competitor": competitor, "price": dice.money(3, 90)}


def targets(dice: Dice) -> Iterator[Row]:
    """Of months, quarters and a year, until after the running one; a representative and three regions have none."""
    months = [dt.date(year, month, 1) for year in (2023, 2024, 2025) for month in range(1, 13)]
    starts = [("month", day) for day in months] + [("quarter", day) for day in months if day.month % 3 == 1]
    for grain, start in [*starts, ("year", dt.date(2024, 1, 1)), ("year", dt.date(2024, 4, 1)), ("week", dt.date(2024, 1, 1))]:
        row = {"kpi": "net_sales", "grain": grain, "period_start": start, "dimension": None, "member": None}
        yield {**row, "value": dice.randrange(1000, 9000)}
        for dimension, member in (*(("rep", rep) for rep in REPS[:3]), ("region", "E"), ("team", "north"), ("product", "P1")):
            yield {**row, "dimension": dimension, "member": member, "value": dice.randrange(1000, 9000)}


TABLES: tuple[Callable[[Dice], Iterable[Row]], ...] = (
    reps,
    accounts,
    products,
    campaigns,
    order_lines,
    exchange_rates,
    invoices,
    surveys,
    leads,
    opportunities,
    stage_changes,
    activities,
    spend,
    web_sessions,
    email_events,
    social_stats,
    market,
    competitor_prices,
    targets,
)


def write_company(folder: Path, *, seed: int) -> None:
    """One CSV file a table, in no order."""
    for table in TABLES:
        dice = Dice(f"{seed} {table.__name__}")
        rows = [*table(dice)]
        dice.shuffle(rows)
        with (folder / f"{table.__name__}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)


def _utc(moment: dt.datetime | None) -> str | None:
    return f"{moment.isoformat()}Z" if moment else None
