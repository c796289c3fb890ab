"""Which reason is told: the first that the numbers support.

    working days       more or fewer of them make half of the change or more: a short month is no story
    margin             unit costs or prices took more than half of what the strongest member lost
    activities         the representative who is asked about had half the contacts or fewer
    product            the customer who is asked about stopped ordering it
    customer           one makes half of the change or more (or a third, and no other is half as large)
    segment, member    one makes a third of it or more, and a fifth more than its size lets expect
    factor, part       the largest of the KPI tree, where a customer is asked about, or of the bridge

What happened beside it (a late delivery, a competitor's price) is added where it was found and bears on the reason.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from nextmove.engine import literal, name
from nextmove.insights.explain import mix
from nextmove.insights.explain.compare import Asked
from nextmove.insights.explain.events import Event
from nextmove.insights.explain.ground import called, columns_of, has_table
from nextmove.insights.explain.named import Named
from nextmove.insights.explain.root_cause import Segment
from nextmove.insights.explain.rows import COLUMNS, UNKNOWN
from nextmove.insights.explain.say import amount, day, dimension, part_of_change, share
from nextmove.insights.explain.why import Explanation
from nextmove.words import text

SEARCHED = ("rep", "region", "channel", "segment", "category", "brand", "contact_method")
HALF, THIRD = 0.5, 1 / 3
SEEN = 0.0005
ADDED_UP = ("net_sales", "gross_profit", "units_sold")  # what all customers bring together
BUYING = ("lost", "returning", "volume")  # parts of what the same customers buy
OUTDONE = 1.3  # times what a customer makes that is not half of the change
APART = 0.2  # of the change: what a segment makes beyond its share of the whole
OF_DEALS = ("win_rate", "win_rate_value", "competitor_win_rate", "lost_opportunity_value", "lost_opportunities")
OF_ALL = ("late_deliveries", "competitor_price", "discontinued", "fewer_activities", "price_change")  # told without a customer, too


SUBJECTS = {  # what an event happened to, if not to a customer
    "discontinued": "product",
    "stopped_item": "product",
    "price_change": "product",
    "fewer_activities": "rep",
    "competitor_price": "",
    "competitor_named": "",
}


@dataclass(frozen=True)
class Reason:
    """A sentence, and in ids what it says: `kind` is customer, segment, member, cost, price, part …"""

    kind: str
    sentence: str
    cause: str
    rep: str | None = None
    account: str | None = None


def reason_of(asked: Asked, found: Explanation) -> Reason:
    """The best reason that holds; there is always one."""
    return next(_reasons(asked, found, float(found.comparison.change or 0)))


def _reasons(asked: Asked, found: Explanation, change: float) -> Iterator[Reason]:
    if hardly(found):
        yield Reason("none", text("explain.why.unchanged"), "")
    yield from _of_working_days(asked, found, change)
    yield from _of_margin(asked, found)
    yield from _of_activities(asked, found, change)
    yield from _of_product(asked, found, change)
    yield from _of_customer(asked, found, change)
    yield from _of_segment(asked, found, change)
    yield from _of_member(asked, found, change)
    yield from _of_parts(asked, found, change)
    yield Reason("none", text("explain.why.spread"), "")


def hardly(found: Explanation) -> bool:
    """Whether the change is none that a reader could see: of a ratio, less than a tenth of a point."""
    change = abs(float(found.comparison.change or 0))
    return change < SEEN if found.unit == "percent" else not change


def _of_working_days(asked: Asked, found: Explanation, change: float) -> Iterator[Reason]:
    effect = float(found.parts.get("working_days", 0))
    if effect / change >= HALF:
        told = amount(effect, found.unit, currency=_currency(asked), signed=True)
        yield Reason("part", _of_part(found, "working_days", told, effect / change), "working_days")


def _of_margin(asked: Asked, found: Explanation) -> Iterator[Reason]:
    """Profit: unit costs or prices in the strongest member, where they took more than half of what it lost."""
    member, (price, cost) = found.strongest, found.unit_changes
    if asked.kpi not in ("gross_margin", "gross_profit"):
        return
    yield from _of_dearer(asked, found)
    if member is None:
        return
    lost = member.effect if asked.kpi == "gross_profit" else float(found.comparison.change or 0)
    worst, kind = min((cost, "cost"), (price, "price")) if lost < 0 else max((cost, "cost"), (price, "price"))
    if worst * lost <= 0 or (asked.kpi == "gross_profit" and abs(worst) < HALF * abs(lost)):
        return
    sentence = text(
        f"explain.why.{kind}_{'fell' if lost < 0 else 'rose'}",
        dimension=dimension(member.dimension),
        member=called(asked.engine, member.dimension, member.member),
        effect=amount(worst, "money", currency=_currency(asked), signed=True),
    )
    yield Reason(kind, sentence, f"{member.dimension}={member.member}")


def _of_dearer(asked: Asked, found: Explanation) -> Iterator[Reason]:
    """The category or brand whose unit costs rose, where that took as much of the profit as the whole lost by prices and costs."""
    dearer, lost = found.dearer, min(found.unit_changes[0] + found.unit_changes[1], 0.0)
    if dearer is None or not lost or not found.worse or dearer.effect > HALF * lost:
        return
    if asked.kpi == "gross_profit" and dearer.effect > HALF * float(found.comparison.change or 0):
        return
    effect = amount(dearer.effect, "money", currency=_currency(asked), signed=True)
    member = called(asked.engine, dearer.dimension, dearer.member)
    sentence = text("explain.why.cost_fell", dimension=dimension(dearer.dimension), member=member, effect=effect)
    yield Reason("cost", sentence, f"{dearer.dimension}={dearer.member}")


def _of_activities(asked: Asked, found: Explanation, change: float) -> Iterator[Reason]:
    for event in found.events:
        if event.kind == "fewer_activities" and change < 0 and ("rep", event.subject) in found.comparison.where:
            yield Reason("rep", event_sentence(asked, event), f"rep={event.subject}", rep=event.subject)


def _of_product(asked: Asked, found: Explanation, change: float) -> Iterator[Reason]:
    """A customer is asked about who buys on, less a product that makes half of the change or is asked about itself: of one who buys
    less of everything the dearest of what happens to be overdue is not the reason."""
    where = dict(found.comparison.where)
    stopped = [event for event in found.events if event.kind == "stopped_item"]
    buys_on = (found.comparison.value or 0) > 0 or "product" in where
    if change > 0 or not stopped or not buys_on:
        return
    fallen = {one.id: float(one.change) / change for one in found.products}
    first = max(stopped, key=lambda event: fallen.get(event.subject, 0.0))
    if fallen.get(first.subject, 0.0) < HALF and "product" not in where:
        return
    yield Reason("product", event_sentence(asked, first), f"product={first.subject}", account=where["account"])


def _of_customer(asked: Asked, found: Explanation, change: float) -> Iterator[Reason]:
    yield from _of_one_order(asked, found, change)
    if asked.kpi not in ADDED_UP or not found.customers:
        return
    top = max(found.customers, key=lambda one: float(one.change) / change)
    part = float(top.change) / change
    if part >= HALF or (part >= THIRD and _alone(top, found.customers, change) and not _outdone(asked, found, top, change)):
        state = "gone" if top.after <= 0 else "came" if top.before == 0 else "fell" if change < 0 else "grew"
        told = amount(top.change, found.worth, currency=_currency(asked), signed=True)
        sentence = text(f"explain.why.customer_{state}", customer=top.name, part=part_of_change(part), change=told)
        yield Reason("customer", " ".join([sentence, *_of_factors(asked, found)]), f"account={top.id}", account=top.id)


def _of_one_order(asked: Asked, found: Explanation, change: float) -> Iterator[Reason]:
    """The mean order: one giant makes half of its rise or more."""
    if asked.kpi != "average_order_value" or found.orders <= 1:
        return
    for event in [one for one in found.events if one.kind == "one_order"]:
        effect = (float(event.values["amount"]) - float(found.comparison.value or 0)) / (found.orders - 1)
        if effect / change >= HALF:
            told = {key: _value(asked, event.kind, key, value) for key, value in event.values.items()}
            told |= {"effect": amount(effect, "money", currency=_currency(asked), signed=True), "part": part_of_change(effect / change)}
            customer = called(asked.engine, "account", event.subject)
            yield Reason("customer", text("explain.why.one_order", customer=customer, **told), f"account={event.subject}")


def _of_factors(asked: Asked, found: Explanation) -> Iterator[str]:
    """Of a customer who is asked about: whether it orders less often, or less each time."""
    change = float(found.comparison.change or 0)
    if "account" in dict(found.comparison.where) and found.factors and change:
        name, effect = max(found.factors.items(), key=lambda entry: float(entry[1]) / change)
        told = amount(effect, found.unit, currency=_currency(asked), signed=True)
        yield text("explain.why.factor", factor=text(f"explain.part.{name}"), effect=told, part=part_of_change(float(effect) / change))


def _alone(top: Named, others: tuple[Named, ...], change: float) -> bool:
    """Whether no second customer is half as large."""
    return all(float(one.change) / change < float(top.change) / change / 2 for one in others if one.id != top.id)


def _outdone(asked: Asked, found: Explanation, top: Named, change: float) -> bool:
    """Whether a segment explains much more than the customer does, not counting the customer where it belongs to the segment."""
    part, own = float(top.change) / change, _segments_of(asked, top.id)
    beside = (one.change / change - (part if own.items() >= dict(one.where).items() else 0.0) for one in _fitting(found, change))
    return any(rest >= OUTDONE * part for rest in beside)


def _segments_of(asked: Asked, account: str) -> dict[str, str]:
    """What the customer is in each dimension that is a column of the accounts."""
    there = columns_of(asked.engine, "main.accounts") if has_table(asked.engine, "main.accounts") else frozenset()
    cuts = {cut: COLUMNS[cut] for cut in SEARCHED if COLUMNS[cut] in there}
    if not cuts:
        return {}
    read = ", ".join(f"cast({name(column)} as varchar) as {name(cut)}" for cut, column in cuts.items())
    rows = asked.engine.query(f"select {read} from main.accounts where account_id = {literal(account)}").to_pylist()
    return {cut: member for row in rows for cut, member in row.items() if member is not None}


def _fitting(found: Explanation, change: float) -> list[Segment]:
    """The segments that make a third of the change, and a fifth more than their size lets expect."""
    base = float(found.comparison.base or 0) or 1.0
    fitting = [one for one in found.segments if one.change / change >= max(THIRD, APART + one.expected / base)]
    return [one for one in fitting if all(member != UNKNOWN for _, member in one.where)]


def _of_segment(asked: Asked, found: Explanation, change: float) -> Iterator[Reason]:
    top = max(_fitting(found, change), key=lambda one: abs(one.change), default=None)
    if top is None:
        return
    where = text("explain.and").join(f"{dimension(name)} {called(asked.engine, name, member)}" for name, member in top.where)
    told = text("explain.points", points=amount(top.change * 100, "points", currency="", signed=True))
    told = told if found.unit == "percent" else amount(top.change, found.unit, currency=_currency(asked), signed=True)
    sentence = text("explain.why.segment", where=where, part=part_of_change(top.change / change), change=told)
    yield Reason("segment", sentence, " & ".join(f"{n}={m}" for n, m in sorted(top.where)), rep=dict(top.where).get("rep"))


def _of_member(asked: Asked, found: Explanation, change: float) -> Iterator[Reason]:
    member = found.strongest
    if member is None or (member.effect + member.mix) / change < max(THIRD, APART + member.weight):
        return
    part = (member.effect + member.mix) / change
    kind = "mix" if abs(member.mix) > abs(member.effect) else "rate" if found.unit == "percent" else "member" if part <= 1 else "most"
    values = {
        side: "" if value is None else amount(value, found.unit, currency=_currency(asked))
        for side, value in (("before", member.before), ("after", member.after))
    }
    named = {"dimension": dimension(member.dimension), "member": called(asked.engine, member.dimension, member.member)}
    told = {"moved": mix.moved(asked, member)} if kind == "mix" else named | values
    sentence = text(f"explain.why.{kind}", part=part_of_change(part), **told)
    yield Reason(kind, sentence, f"{member.dimension}={member.member}", rep=member.member if member.dimension == "rep" else None)


def _of_parts(asked: Asked, found: Explanation, change: float) -> Iterator[Reason]:
    parts = {part: float(effect) for part, effect in found.parts.items() if part != "pace"}
    if not found.comparison.of_periods and "volume" in parts:  # of six periods many a customer sits one out: that is no loss
        parts["volume"] = sum(parts.pop(part) for part in BUYING)
    if parts:
        part, effect = max(parts.items(), key=lambda entry: entry[1] / change)
        if effect / change > 0:
            told = amount(effect, found.unit, currency=_currency(asked), signed=True)
            sentence = _of_part(found, part, told, effect / change)
            shifted = mix.of_products(found.members) if part == "mix" else None
            yield Reason("part", f"{sentence} {mix.moved(asked, shifted)}." if shifted else sentence, part)


def _of_part(found: Explanation, part: str, effect: str, of_change: float) -> str:
    days = {"now": found.comparison.now.working_days, "before": found.comparison.before.working_days}
    return text(f"explain.why.part.{part}", effect=effect, part=part_of_change(of_change), **days)


def telling(found: Explanation, reason: Reason) -> list[Event]:
    """The events that bear on the reason: of its customer; else of the largest customers, the category, the representative."""
    fell = found.worse
    prices = {event.subject for event in found.events if event.kind == "competitor_price"}
    told = []
    for event in found.events:
        if event.kind == "one_order":
            told += [event] if not fell and event.subject == reason.account else []
        elif event.kind == "stopped_item":
            told += [event] if fell and reason.kind == "customer" and (found.comparison.value or 0) > 0 else []
        elif event.kind == "competitor_price" and "category" in dict(found.comparison.where):
            told += [event] if fell else []  # the category is what is asked about
        elif fell and not (reason.kind == "rep" and event.subject == reason.rep):
            own = event.subject == reason.account
            rival = event.kind == "competitor_named" and (event.subject in prices or found.comparison.kpi in OF_DEALS)
            told += [event] if own or (reason.account is None and (event.kind in OF_ALL or rival)) else []
    return told


def event_sentence(asked: Asked, event: Event) -> str:
    """An event in words."""
    subject = called(asked.engine, SUBJECTS.get(event.kind, "account"), event.subject)
    values = {key: _value(asked, event.kind, key, value) for key, value in event.values.items()}
    return text(f"explain.event.{event.kind}", subject=subject, **values)


def _value(asked: Asked, kind: str, key: str, value: str | float | int) -> str:
    if key in ("share", "usual", "change") and not isinstance(value, str):
        return ("−" if value < 0 else "") + share(float(value))
    if key.startswith("amount") and not isinstance(value, str):
        return amount(float(value), "money", currency=_currency(asked))
    if key == "day":
        return day(dt.date.fromisoformat(str(value)))
    return called(asked.engine, "rep", str(value)) if kind == "rep_changed" else str(value)


def _currency(asked: Asked) -> str:
    return asked.settings.company.reporting_currency
