"""Leads and marketing, straight from KPIS.md and READINGS 73 to 92."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Hashable
from fractions import Fraction

from .calendars import ONE_DAY, Period, add_months
from .company import PERSONA, Company
from .customers import events, firsts
from .sales import sold
from .tally import UNKNOWN, By, Cell, Cells, Member, Row, Sums, count, cut, distinct, grouped, median, plain, quantile, ratio, sizes, total

Reference = Callable[[Company, Period, By], Cells]


def reached(company: Company, period: Period, step: str) -> list[Row]:
    """The leads that reached a step in the period; only a recorded moment counts (READING 74)."""
    return [lead for lead in company.leads if lead[f"{step}_day"] in period]


def steps(step: str) -> Reference:
    return lambda company, period, by: plain(count(reached(company, period, step), by))


def cohort(first: str, second: str) -> Reference:
    """Of those that entered the first stage in the period, the share that ever reached the second (READINGS 73 and 75)."""

    def share(company: Company, period: Period, by: By) -> Cells:
        entered = reached(company, period, first)
        went_on = [lead for lead in entered if lead[second] and lead[f"{second}_day"] <= company.as_of]
        return ratio(count(went_on, by), count(entered, by))

    return share


def per_period(first: str, second: str) -> Reference:
    """`--basis period`: second-stage events of the period ÷ first-stage events of the period (READING 78)."""
    return lambda company, period, by: ratio(count(reached(company, period, second), by), count(reached(company, period, first), by))


def matures_after(company: Company, first: str, second: str) -> float | None:
    """Days until a cohort is mature: the 90th percentile of all finished steps of the company (READINGS 18 and 79)."""
    done = [lead for lead in company.leads if lead[first] and lead[second] and lead[f"{second}_day"] <= company.as_of]
    days = [(lead[second] - lead[first]) / ONE_DAY for lead in done if lead[second] >= lead[first]]
    return float(quantile(days, 0.9)) if days else None


def weighted_leads(company: Company, period: Period, by: By) -> Cells:
    """A score of 0 is a score; one without needs the model (READING 80)."""
    scored = [lead for lead in reached(company, period, "created_at") if lead["score"] is not None]
    return plain(total(scored, by, lambda lead: Fraction(lead["score"]) / 100))


def persona_fit(company: Company, period: Period, by: By) -> Cells:
    """Matched attributes ÷ attributes of the profile; a missing attribute does not match (READING 81)."""
    leads = reached(company, period, "created_at")

    def fit(lead: Row) -> Fraction:
        return Fraction(sum(lead[name] in accepted for name, accepted in PERSONA.items()), len(PERSONA))

    return ratio(total(leads, by, fit), count(leads, by))


def time_to_qualify(company: Company, period: Period, by: By) -> Cells:
    """In the period in which the lead was qualified; out of order is left out (READINGS 14, 17 and 18)."""
    done = [lead for lead in reached(company, period, "sql_at") if lead["mql_at"] and lead["sql_at"] >= lead["mql_at"]]
    return median(done, by, lambda lead: (lead["sql_at"] - lead["mql_at"]) / ONE_DAY)


def waited(lead: Row) -> float:
    return (lead["first_response_at"] - (lead["assigned_at"] or lead["created_at"])) / dt.timedelta(hours=1)


def answered(company: Company, period: Period) -> list[Row]:
    """A response before the assignment is left out (READING 83)."""
    return [lead for lead in reached(company, period, "first_response_at") if waited(lead) >= 0]


def response_time(company: Company, period: Period, by: By) -> Cells:
    return median(answered(company, period), by, waited)


def response_time_within_target(company: Company, period: Period, by: By) -> Cells:
    leads = answered(company, period)
    return ratio(count((lead for lead in leads if waited(lead) <= 1), by), count(leads, by))


def banded(lead: Row) -> Row:
    """With its response-time band as a member: it is cut by how long it had waited."""
    limits = {"within 5 min": 5 / 60, "within 1 h": 1, "within 24 h": 24}
    band = next((name for name, limit in limits.items() if waited(lead) <= limit), "later")
    return {**lead, "members": {**lead["members"], "response_band": band}}


def qualification_rate(company: Company, period: Period, by: By) -> Cells:
    """Of the leads answered in the period, by how soon, the share that ever became SQLs (READINGS 73 and 83)."""
    leads = [banded(lead) for lead in answered(company, period)]
    qualified = [lead for lead in leads if lead["sql_at"] and lead["sql_at_day"] <= company.as_of]
    return ratio(count(qualified, by), count(leads, by))


def spent(company: Company, period: Period, by: By, *departments: str) -> Sums:
    rows = [row for row in company.spend if row["department"] in departments and row["day"] in period]
    return total(rows, by, lambda row: row["amount"])


def marketing_spend(company: Company, period: Period, by: By) -> Cells:
    return plain(spent(company, period, by, "marketing"))


def cost_per_lead(company: Company, period: Period, by: By) -> Cells:
    """Spend without a channel and leads without a source meet (READING 82)."""
    return ratio(spent(company, period, by, "marketing"), count(reached(company, period, "created_at"), by))


def cac(company: Company, period: Period, by: By) -> Cells:
    """Without new customers empty, without spend 0 (READING 90); both by their own channel (89)."""
    return ratio(spent(company, period, by, "marketing", "sales"), events(firsts(company, period), by))


def first_year_profit(company: Company, first: Row) -> Fraction:
    return sum(
        (
            line["net"] - line["cost"]
            for line in company.sales_of[first["account_id"]]
            if line["cost"] is not None and first["day"] <= line["day"] < add_months(first["day"], 12)
        ),
        Fraction(0),
    )


def cac_payback(company: Company, period: Period, by: By) -> Cells:
    """12 × spend ÷ the first year's gross profit of the customers won in the period (READING 91)."""
    won = [{**line, "members": line["life"]} for line in firsts(company, period)]
    return ratio(spent(company, period, by, "marketing", "sales"), total(won, by, lambda line: first_year_profit(company, line) / 12))


def attributed(company: Company, line: Row) -> str | None:
    """The line's own campaign, else that of the account's oldest lead with one, created by the order (READING 92)."""
    if line["campaign_id"] or not line["account_id"]:
        return line["campaign_id"]
    return company.oldest_lead(line["account_id"], line["at"], "campaign_id")


def romi(company: Company, period: Period, by: By) -> Cells:
    """Unattributed profit is left out, all marketing spend is in; by channel it is the campaign's (READING 92)."""
    lines = []
    for line in sold(company, period):
        campaign = attributed(company, line)
        if line["cost"] is not None and campaign:
            channel = company.campaigns.get(campaign, {}).get("channel") or UNKNOWN
            lines.append({**line, "members": {"campaign": campaign, "channel": channel}})
    earned, cost = total(lines, by, lambda line: line["net"] - line["cost"]), spent(company, period, by, "marketing")
    return ratio({member: earned.get(member, 0) - cost.get(member, 0) for member in {*earned, *cost}}, cost)


def visits(company: Company, period: Period) -> list[Row]:
    return [visit for visit in company.visits if visit["day"] in period]


def website_visits(company: Company, period: Period, by: By) -> Cells:
    return plain(count(visits(company, period), by))


def visit_to_lead_rate(company: Company, period: Period, by: By) -> Cells:
    return ratio(count((visit for visit in visits(company, period) if visit["lead_id"]), by), count(visits(company, period), by))


def landing_page_conversion(company: Company, period: Period, by: By) -> Cells:
    """An empty cta_clicked is not clicked (READING 84)."""
    landed = [visit for visit in visits(company, period) if visit["landing_page"]]
    return ratio(count((visit for visit in landed if visit["cta_clicked"] == "true"), by), count(landed, by))


def time_on_site(company: Company, period: Period, by: By) -> Cells:
    """A mean, of the sessions with a duration (READINGS 16 and 84)."""
    timed = [visit for visit in visits(company, period) if visit["duration_seconds"] is not None]
    minutes = grouped(timed, by, lambda visit: Fraction(visit["duration_seconds"]) / 60)
    return {member: Cell(sum(values) / len(values)) for member, values in minutes.items()}


def recipient(mail: Row) -> tuple[str | None, str]:
    return mail["campaign_id"], mail["recipient_id"]


def mailed(company: Company, period: Period, by: By) -> dict[Member, set[Hashable]]:
    """Distinct recipients of each campaign: delivered to, or sent to without a bounce where deliveries are never recorded (READING 86)."""
    records = {mail["campaign_id"] for mail in company.mails if mail["event"] == "delivered"}
    found = [mail for mail in company.mails if mail["day"] in period]
    reached_by = {True: "delivered", False: "sent"}
    got = distinct((mail for mail in found if mail["event"] == reached_by[mail["campaign_id"] in records]), by, recipient)
    lost = {recipient(mail) for mail in found if mail["event"] == "bounce" and mail["campaign_id"] not in records}
    return {member: keys - lost for member, keys in got.items() if keys - lost}


def mail_rate(event: str) -> Reference:
    """Both sides count the period's own events, so that a rate may pass 100 % (READING 85)."""

    def rate(company: Company, period: Period, by: By) -> Cells:
        reacted = [mail for mail in company.mails if mail["event"] == event and mail["day"] in period]
        return ratio(sizes(distinct(reacted, by, recipient)), sizes(mailed(company, period, by)))

    return rate


def social_followers(company: Company, period: Period, by: By) -> Cells:
    """The last given value of each network before the period's end, networks added (READING 87)."""
    last: dict[str, Row] = {}
    for row in sorted(company.social, key=lambda row: row["day"]):
        if row["day"] < period.until and row["followers"] is not None:
            last[row["network"]] = row
    return plain(total(last.values(), by, lambda row: int(row["followers"])))


def social_sums(company: Company, period: Period, by: By, column: str) -> Sums:
    sums: Sums = defaultdict(int)
    for row in company.social:
        if row["day"] in period and row[column] is not None:
            sums[cut(row, by)] += int(row[column])
    return dict(sums)


def social_reach(company: Company, period: Period, by: By) -> Cells:
    return plain(social_sums(company, period, by, "reach"))


def social_engagement_rate(company: Company, period: Period, by: By) -> Cells:
    return ratio(social_sums(company, period, by, "engagements"), social_sums(company, period, by, "reach"))


STEPS = {
    "lead_to_mql_rate": ("created_at", "mql_at"),
    "mql_to_sql_rate": ("mql_at", "sql_at"),
    "sql_to_opportunity_rate": ("sql_at", "deal_at"),
    "lead_to_customer_rate": ("created_at", "customer_at"),
}

KPIS: dict[str, Reference] = {
    "leads": steps("created_at"),
    "mqls": steps("mql_at"),
    "sqls": steps("sql_at"),
    **{kpi: cohort(*pair) for kpi, pair in STEPS.items()},
    "persona_fit": persona_fit,
    "time_to_qualify": time_to_qualify,
    "response_time": response_time,
    "response_time_within_target": response_time_within_target,
    "qualification_rate": qualification_rate,
    "marketing_spend": marketing_spend,
    "cost_per_lead": cost_per_lead,
    "cac": cac,
    "cac_payback": cac_payback,
    "romi": romi,
    "website_visits": website_visits,
    "visit_to_lead_rate": visit_to_lead_rate,
    "landing_page_conversion": landing_page_conversion,
    "time_on_site": time_on_site,
    "email_open_rate": mail_rate("open"),
    "email_click_rate": mail_rate("click"),
    "email_reply_rate": mail_rate("reply"),
    "email_unsubscribe_rate": mail_rate("unsubscribe"),
    "email_conversion_rate": mail_rate("convert"),
    "social_followers": social_followers,
    "social_reach": social_reach,
    "social_engagement_rate": social_engagement_rate,
}
BASES: dict[tuple[str, str], Reference] = {(kpi, "period"): per_period(*pair) for kpi, pair in STEPS.items()}
