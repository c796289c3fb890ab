"""The next move: the open actions that answer a reason, the most valuable first, else what to look at."""

from __future__ import annotations

from dataclasses import dataclass, replace

from nextmove.engine import literal
from nextmove.insights.explain.compare import Asked
from nextmove.insights.explain.ground import called, has_table
from nextmove.insights.explain.reasons import Reason
from nextmove.insights.explain.say import amount
from nextmove.insights.explain.why import Explanation
from nextmove.words import has, text

LISTED = 5  # actions
MARGIN = ("margin_erosion",)
RANGE = ("stopped_item", "cross_sell")
SILENCE = ("silent_customer", "declining_customer", "reorder_due")
SALES = ("silent_customer", "declining_customer", "reorder_due", "cross_sell")
ON_A_PAGE = "landing_page="  # in a cause: nobody's list answers what happened on a page
LEADS = ("lead_without_response",)
DEALS = ("deal_stuck", "deal_without_activity")
OF_REP = ("silent_customer", "declining_customer", "lead_without_response", "deal_without_activity")
OF_ACCOUNT = ("silent_customer", "declining_customer", "stopped_item", "reorder_due")
BY_KPI: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("gross_profit", "gross_margin", "discount_rate"), MARGIN),
    **dict.fromkeys(("skus_per_customer", "average_order_value", "share_of_wallet"), RANGE),
    **dict.fromkeys(("active_customers", "orders", "orders_per_customer", "due_not_buying"), SILENCE),
    **dict.fromkeys(("churned_customers", "churn_rate", "churn_rate_value", "retention_rate", "net_revenue_retention"), SILENCE),
}
NO_MOVE: tuple[str, ...] = ()  # spending, visits and deliveries: no list of customers or leads answers them
BY_KPI |= dict.fromkeys(("marketing_spend", "cost_per_lead", "website_visits", "visit_to_lead_rate", "landing_page_conversion"), NO_MOVE)
BY_KPI |= dict.fromkeys(("email_open_rate", "email_click_rate", "on_time_in_full"), NO_MOVE)
PLACES = ("segment", "member", "most", "rate")  # reasons that say where it happened
BY_THEME = {"pipeline": DEALS, "marketing": LEADS, "people": DEALS}


@dataclass(frozen=True)
class Answer:
    """One open action: its kind, its key, whom it is about, and what is at stake."""

    kind: str
    key: str
    subject: str
    at_stake: float


@dataclass(frozen=True)
class Answers:
    """How many open actions answer a reason, what they are worth, and the first of them."""

    count: int
    worth: float
    first: tuple[Answer, ...]
    reason: Reason | None = None  # whose they are


NONE = Answers(0, 0.0, ())


def answers(asked: Asked, reason: Reason) -> Answers:
    """The open actions of the one that the reason names; where there are none, of those asked about."""
    if not has_table(asked.engine, "main.actions") or ON_A_PAGE in reason.cause or not kinds_for(asked, reason):
        return NONE
    own = _answers(asked, reason)
    return own if own.count or not (reason.rep or reason.account) else _answers(asked, replace(reason, rep=None, account=None))


def _answers(asked: Asked, reason: Reason) -> Answers:
    rows = asked.engine.query(
        f"select kind, action_key, account_id, lead_id, opportunity_id, cast(at_stake as double) as at_stake, count(*) over () as n, "
        f"cast(sum(at_stake) over () as double) as worth from main.actions where not withheld "
        f"and kind in ({', '.join(map(literal, kinds_for(asked, reason)))}){_narrow(asked, reason)} "
        f"order by expected_value desc, action_key limit {LISTED}"
    ).to_pylist()
    first = tuple(Answer(row["kind"], row["action_key"], _subject(asked, row), float(row["at_stake"] or 0)) for row in rows)
    return Answers(rows[0]["n"], float(rows[0]["worth"] or 0), first, reason) if rows else NONE


def kinds_for(asked: Asked, reason: Reason) -> tuple[str, ...]:
    """Which kinds of action answer it: by the reason, else by the KPI, else by its theme."""
    if reason.kind in ("cost", "price"):
        return MARGIN
    if asked.kpi in BY_KPI:
        return BY_KPI[asked.kpi]
    if reason.account:
        return OF_ACCOUNT
    theme = BY_THEME.get(asked.catalogue.kpi(asked.kpi).theme)
    return theme or (OF_REP if reason.rep else SALES)


def _own(asked: Asked, reason: Reason) -> dict[str, str]:
    """Whose actions: of those asked about, and of the customer or representative that the reason names."""
    own = {cut: member for cut, member in asked.where if cut in ("account", "rep", "team")}
    return own | {cut: member for cut, member in (("account", reason.account), ("rep", reason.rep)) if member}


def _narrow(asked: Asked, reason: Reason) -> str:
    own = _own(asked, reason)
    narrow = "".join(f" and {cut}_id = {literal(own[cut])}" for cut in ("rep", "account") if cut in own)
    return narrow + (f" and rep_id in (select rep_id from main.reps where team = {literal(own['team'])})" if "team" in own else "")


def _subject(asked: Asked, row: dict[str, str | None]) -> str:
    if row["account_id"]:
        return called(asked.engine, "account", row["account_id"])
    return str(row["lead_id"] or row["opportunity_id"] or "")


def next_move(asked: Asked, found: Explanation, reason: Reason, answering: Answers) -> str:
    """The third line."""
    if answering.count and found.worse:
        kinds = list(dict.fromkeys(answer.kind for answer in answering.first))[:2]
        more = ", …" if len(kinds_for(asked, reason)) > len(kinds) else ""
        return text(
            "explain.next.actions",
            count=answering.count,
            who=_who(asked, answering.reason or reason),
            kinds=text("explain.and").join(text(f"explain.action.{kind}") for kind in kinds) + more,
            worth=amount(answering.worth, "money", currency=asked.settings.company.reporting_currency),
        )
    on_a_page = "landing_page" if ON_A_PAGE in reason.cause else reason.kind
    if not found.worse and reason.kind in PLACES:
        return text("explain.next.elsewhere")
    own = "explain.next.none" if reason.kind == "none" else f"explain.next.{on_a_page}{'' if found.worse else '_up'}"
    return text(own if has(own) else "explain.next.look")


def _who(asked: Asked, reason: Reason) -> str:
    own = _own(asked, reason)
    named_by = next(((cut, own[cut]) for cut in ("account", "rep", "team") if cut in own), None)
    return called(asked.engine, *named_by) if named_by else text("explain.everybody")
