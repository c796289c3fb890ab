"""Three lines in plain words: what happened, why, and the next move.

The reason is the first of these that the numbers support: the share of a margin that unit costs or prices took; one customer that
makes half of the change or more; a segment that makes a third or more of it; a member that makes more of it than its size; the
largest part of the bridge. What happened beside it (a late delivery, a competitor's price) is added where it was found.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from nextmove.engine import literal
from nextmove.insights.explain.compare import Asked
from nextmove.insights.explain.events import Event
from nextmove.insights.explain.members import Member
from nextmove.insights.explain.rows import names_of
from nextmove.insights.explain.say import amount, day, dimension, share
from nextmove.insights.explain.why import Explanation, Named
from nextmove.kpis.words import named
from nextmove.words import has, text

HALF, THIRD = 0.5, 1 / 3
OF_DEALS = ("win_rate", "win_rate_value", "competitor_win_rate", "lost_opportunity_value", "lost_opportunities")
TABLE_OF = {"rep": "reps", "account": "accounts", "product": "products", "campaign": "campaigns"}
ANSWERED_BY = {
    "rep": ("silent_customer", "declining_customer", "lead_without_response", "deal_without_activity"),
    "account": ("silent_customer", "declining_customer", "stopped_item", "reorder_due"),
    "margin": ("margin_erosion",),
    "sales": ("silent_customer", "declining_customer", "reorder_due", "cross_sell"),
    "deals": ("deal_stuck", "deal_without_activity"),
    "leads": ("lead_without_response",),
}


@dataclass(frozen=True)
class Story:
    """What, why, next move: sentences in the reader's language. `cause` says in ids what the reason is."""

    what: str
    why: str
    next: str
    cause: str


@dataclass(frozen=True)
class _Reason:
    kind: str  # customer, segment, member, cost, price, part, none
    sentence: str
    cause: str
    rep: str | None = None
    account: str | None = None


def tell(asked: Asked, found: Explanation) -> Story:
    """The three lines of an explanation."""
    if found.comparison.change is None:
        return Story(text("explain.what.nothing", kpi=_kpi(asked)), text("explain.why.nothing"), text("explain.next.nothing"), "")
    reason = next(_reasons(asked, found))
    beside = [_event(asked, event) for event in _telling(found, reason)[:2]]
    return Story(_what(asked, found), " ".join([reason.sentence, *beside]), _next(asked, found, reason), reason.cause)


def _what(asked: Asked, found: Explanation) -> str:
    comparison = found.comparison
    assert comparison.change is not None and comparison.value is not None and comparison.base is not None
    moved = "unchanged" if comparison.change == 0 else "rose" if comparison.change > 0 else "fell"
    relative = (
        f" ({'−' if comparison.change < 0 else '+'}{share(float(comparison.change / comparison.base))})" if comparison.base > 0 else ""
    )
    return text(
        f"explain.what.{moved}",
        kpi=_kpi(asked),
        where="".join(f" ({dimension(name)} {_called(asked, name, member)})" for name, member in comparison.where),
        change=_size(asked, found) + ("" if found.unit == "percent" else relative),
        value=amount(comparison.value, found.unit, currency=_currency(asked)),
        base=amount(comparison.base, found.unit, currency=_currency(asked)),
        versus=text(f"explain.versus.{comparison.versus}", day=day(comparison.before.start)),
        start=day(comparison.now.start),
    )


def _size(asked: Asked, found: Explanation) -> str:
    """How large the change is; that of a ratio is in points, for "5 % less" of 20 % would say something else."""
    size = abs(found.comparison.change or Decimal(0))
    if found.unit == "percent":
        return text("explain.points", points=amount(size * 100, "points", currency=""))
    return amount(size, found.unit, currency=_currency(asked))


def _reasons(asked: Asked, found: Explanation) -> Iterator[_Reason]:
    """All reasons that hold, the best first; there is always one."""
    change = float(found.comparison.change or 0)
    if not change:
        yield _Reason("none", text("explain.why.unchanged"), "")
    yield from _of_margin(asked, found)
    yield from _of_activities(asked, found, change)
    yield from _of_customer(asked, found, change)
    yield from _of_segment(asked, found, change)
    yield from _of_member(asked, found, change)
    yield from _of_parts(asked, found, change)
    yield _Reason("none", text("explain.why.spread"), "")


def _of_margin(asked: Asked, found: Explanation) -> Iterator[_Reason]:
    """Profit: unit costs or prices in the strongest member, where they took more than half of what it lost."""
    member, (price, cost) = found.strongest, found.unit_changes
    if asked.kpi not in ("gross_margin", "gross_profit") or member is None:
        return
    lost = member.effect if asked.kpi == "gross_profit" else float(found.comparison.change or 0)
    worst, kind = min((cost, "cost"), (price, "price")) if lost < 0 else max((cost, "cost"), (price, "price"))
    if worst * lost <= 0 or (asked.kpi == "gross_profit" and abs(worst) < HALF * abs(lost)):
        return
    sentence = text(
        f"explain.why.{kind}_{'fell' if lost < 0 else 'rose'}",
        dimension=dimension(member.dimension),
        member=_called(asked, member.dimension, member.member),
        effect=amount(worst, "money", currency=_currency(asked), signed=True),
    )
    yield _Reason(kind, sentence, f"{member.dimension}={member.member}")


def _of_activities(asked: Asked, found: Explanation, change: float) -> Iterator[_Reason]:
    """A representative who is asked about sold less and had half the contacts or fewer."""
    for event in found.events:
        if event.kind == "fewer_activities" and change < 0 and ("rep", event.subject) in found.comparison.where:
            yield _Reason("rep", _event(asked, event), f"rep={event.subject}", rep=event.subject)


def _of_customer(asked: Asked, found: Explanation, change: float) -> Iterator[_Reason]:
    if found.unit != "money" or not found.customers:
        return
    top = max(found.customers, key=lambda one: float(one.change) / change)
    part = float(top.change) / change
    if part >= HALF or (part >= THIRD and _alone(top, found.customers, change)):
        state = "gone" if top.after == 0 else "came" if top.before == 0 else "fell" if change < 0 else "grew"
        sentence = text(
            f"explain.why.customer_{state}",
            customer=top.name,
            share=share(part),
            change=amount(top.change, "money", currency=_currency(asked), signed=True),
        )
        yield _Reason("customer", sentence, f"account={top.id}", account=top.id)


def _alone(top: Named, others: tuple[Named, ...], change: float) -> bool:
    """Whether no second customer is half as large."""
    return all(float(one.change) / change < float(top.change) / change / 2 for one in others if one.id != top.id)


def _of_segment(asked: Asked, found: Explanation, change: float) -> Iterator[_Reason]:
    fitting = [one for one in found.segments if one.change * change > 0 and found.unit == "money"]
    if not fitting:
        return
    top = max(fitting, key=lambda one: abs(one.change))
    if top.change / change >= THIRD:
        where = text("explain.and").join(f"{dimension(name)} {_called(asked, name, member)}" for name, member in top.where)
        sentence = text(
            "explain.why.segment",
            where=where,
            share=share(top.change / change),
            change=amount(top.change, "money", currency=_currency(asked), signed=True),
        )
        yield _Reason("segment", sentence, " & ".join(f"{n}={m}" for n, m in sorted(top.where)), rep=dict(top.where).get("rep"))


def _of_member(asked: Asked, found: Explanation, change: float) -> Iterator[_Reason]:
    member = found.strongest
    if member is None or (member.effect + member.mix) / change < min(HALF, THIRD + member.weight / 2):
        return
    kind = "mix" if abs(member.mix) > abs(member.effect) else "rate" if found.unit == "percent" else "member"
    yield _Reason(kind, _member_sentence(asked, found, member, kind, change), f"{member.dimension}={member.member}",
                  rep=member.member if member.dimension == "rep" else None)  # fmt: skip


def _member_sentence(asked: Asked, found: Explanation, member: Member, kind: str, change: float) -> str:
    return text(
        f"explain.why.{kind}",
        dimension=dimension(member.dimension),
        member=_called(asked, member.dimension, member.member),
        share=share((member.effect + member.mix) / change),
        before="" if member.before is None else amount(member.before, found.unit, currency=_currency(asked)),
        after="" if member.after is None else amount(member.after, found.unit, currency=_currency(asked)),
    )


def _of_parts(asked: Asked, found: Explanation, change: float) -> Iterator[_Reason]:
    if found.parts:
        part, effect = max(found.parts.items(), key=lambda entry: float(entry[1]) / change)
        sentence = text(
            f"explain.why.part.{part}",
            effect=amount(effect, "money", currency=_currency(asked), signed=True),
            share=share(float(effect) / change),
        )
        yield _Reason("part", sentence, part)


def _telling(found: Explanation, reason: _Reason) -> list[Event]:
    """The events that bear on the reason: of its customer; else of the largest customers, the category, the representative."""
    fell = (found.comparison.change or 0) < 0
    prices = {event.subject for event in found.events if event.kind == "competitor_price"}
    told = []
    for event in found.events:
        own = event.subject == reason.account and (fell or event.kind != "overdue")
        wide = reason.account is None and event.kind in ("late_deliveries", "competitor_price", "discontinued", "fewer_activities")
        rival = (
            reason.account is None and event.kind == "competitor_named" and (event.subject in prices or found.comparison.kpi in OF_DEALS)
        )
        if fell and (own or wide or rival) and not (reason.kind == "rep" and event.subject == reason.rep):
            told.append(event)
    return told


def _event(asked: Asked, event: Event) -> str:
    tables = {"discontinued": "product", "fewer_activities": "rep", "competitor_price": "", "competitor_named": ""}
    subject = _called(asked, tables.get(event.kind, "account"), event.subject)
    values = {key: _value(asked, event.kind, key, value) for key, value in event.values.items()}
    return text(f"explain.event.{event.kind}", subject=subject, **values)


def _value(asked: Asked, kind: str, key: str, value: str | float | int) -> str:
    if key in ("share", "usual", "change") and not isinstance(value, str):
        return ("−" if value < 0 else "") + share(float(value))
    if key == "amount" and not isinstance(value, str):
        return amount(float(value), "money", currency=_currency(asked))
    if kind == "rep_changed":
        return _called(asked, "rep", str(value))
    return str(value)


def event_sentence(asked: Asked, event: Event) -> str:
    """An event in words, for tables and pages."""
    return _event(asked, event)


def _next(asked: Asked, found: Explanation, reason: _Reason) -> str:
    """The open actions that answer the reason, else what to look at."""
    kinds, rep, account = _answers(asked, reason)
    count, worth = _open_actions(asked, kinds, rep=rep, account=account)
    if count:
        who = _who(asked, {"account": account, "rep": rep} if account or rep else dict(asked.where))
        names = text("explain.and").join(text(f"explain.action.{kind}") for kind in kinds[:2])
        return text("explain.next.actions", count=count, who=who, kinds=names, worth=amount(worth, "money", currency=_currency(asked)))
    up = (found.comparison.change or 0) > 0
    own = f"explain.next.{reason.kind}{'_up' if up and reason.kind == 'customer' else ''}"
    return text(own if has(own) else "explain.next.look")


def _who(asked: Asked, own: dict[str, str | None]) -> str:
    """Whose the actions are: those of the customer, representative or team that is asked about."""
    named_by = next(((cut, member) for cut in ("account", "rep", "team") if (member := own.get(cut))), None)
    return _called(asked, *named_by) if named_by else text("explain.everybody")


def _answers(asked: Asked, reason: _Reason) -> tuple[tuple[str, ...], str | None, str | None]:
    theme = asked.catalogue.kpi(asked.kpi).theme
    if reason.kind in ("cost", "price") or asked.kpi == "discount_rate":
        return ANSWERED_BY["margin"], None, None
    if reason.account:
        return ANSWERED_BY["account"], None, reason.account
    if reason.rep:
        return ANSWERED_BY["rep"], reason.rep, None
    return ANSWERED_BY.get({"pipeline": "deals", "leads": "leads"}.get(theme, "sales"), ANSWERED_BY["sales"]), None, None


def _open_actions(asked: Asked, kinds: tuple[str, ...], *, rep: str | None, account: str | None) -> tuple[int, float]:
    """How many open actions answer it, and what they are worth: of the one that the reason names, else of those asked about."""
    there = asked.engine.query("select 1 from information_schema.tables where table_schema = 'main' and table_name = 'actions'").num_rows
    if not there:
        return 0, 0.0
    own = {"rep": rep, "account": account} if rep or account else dict(asked.where)
    narrow = f" and rep_id = {literal(own['rep'])}" if own.get("rep") else ""
    narrow += f" and account_id = {literal(own['account'])}" if own.get("account") else ""
    narrow += f" and rep_id in (select rep_id from main.reps where team = {literal(own['team'])})" if own.get("team") else ""
    row = asked.engine.query(
        f"select count(*) as n, cast(coalesce(sum(at_stake), 0) as double) as worth from main.actions "
        f"where not withheld and kind in ({', '.join(map(literal, kinds))}){narrow}"
    ).to_pylist()[0]
    return int(row["n"]), float(row["worth"])


def _called(asked: Asked, name: str, member: str) -> str:
    table = TABLE_OF.get(name)
    return names_of(asked.engine, table, f"{name}_id", [member])[member] if table else member


def _kpi(asked: Asked) -> str:
    return named(asked.catalogue.kpi(asked.kpi))


def _currency(asked: Asked) -> str:
    return asked.settings.company.reporting_currency
