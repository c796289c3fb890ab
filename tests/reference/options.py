"""The other definitions of KPIS.md, "Definitions that people disagree on", each told anew: a KPI and its options → what it then is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import pairwise
from math import ceil

from . import leads_and_marketing as marketing
from . import modelled, people, pipeline, sales
from .calendars import ONE_DAY, Period, add_months
from .company import Company
from .customers import active_customers, base, bought, customer, departures, events, firsts, new_customers
from .tally import UNKNOWN, By, Cell, Cells, Row, Sums, count, distinct, median, plain, quantile, ratio, sizes, total

Reference = Callable[[Company, Period, By], Cells]
Chosen = tuple[str, ...]
GAPS = 3  # by its own rhythm a customer is lost after so many of its usual gaps


def lost_on(company: Company, days: list[dt.date]) -> dt.date:
    """When the last of these purchase days would make a customer lost: by its rhythm, where it has two gaps, else by the window."""
    gaps = [Fraction((later - earlier).days) for earlier, later in pairwise(days)]
    if len(gaps) < 2:
        return add_months(days[-1], company.terms.churn_window)
    return days[-1] + GAPS * ceil(quantile(gaps, 0.5)) * ONE_DAY


def rhythm(company: Company) -> Iterator[tuple[str, Row, dt.date, dt.date | None]]:
    """Account, last line of each purchase day, the day on which it would be lost by it, and the next purchase day."""
    for account, lines in company.purchases.items():
        last = {line["day"]: line for line in lines}
        days = list(last)
        for place, day in enumerate(days):
            yield account, last[day], lost_on(company, days[: place + 1]), days[place + 1] if place + 1 < len(days) else None


def lost_by_rhythm(company: Company, period: Period) -> list[Row]:
    """Once an account, by its last departure in the period."""
    gone = {}
    for account, line, lost, again in rhythm(company):
        if lost in period and (again is None or again > lost):
            gone[account] = line
    return list(gone.values())


def there_by_rhythm(company: Company, morning: dt.date) -> list[Row]:
    """Who had bought before that morning and was not yet lost: on the day itself it still is there."""
    return [line for _, line, lost, again in rhythm(company) if line["day"] < morning <= min(lost, again or lost)]


def alive_at_end(company: Company, period: Period) -> list[Row]:
    following = Period(period.calendar, period.start, company.as_of)
    return list(base_at(company, following.until))


def base_at(company: Company, morning: dt.date) -> Iterator[Row]:
    for lines in company.purchases.values():
        before = [line for line in lines if line["day"] < morning]
        if before and add_months(before[-1]["day"], company.terms.churn_window) >= morning:
            yield before[-1]


def averaged(gone: list[Row], before: list[Row], after: list[Row], by: By) -> Cells:
    both = {member: Fraction(value) / 2 for member, value in events([*before, *after], by).items()}
    return ratio(events(gone, by), both)


def churned_by_rhythm(company: Company, period: Period, by: By) -> Cells:
    return plain(events(lost_by_rhythm(company, period), by))


def churn_rate_average(company: Company, period: Period, by: By) -> Cells:
    return averaged(list(departures(company, period)), list(base(company, period)), alive_at_end(company, period), by)


def churn_rate_by_rhythm(company: Company, period: Period, by: By) -> Cells:
    return ratio(events(lost_by_rhythm(company, period), by), events(there_by_rhythm(company, period.start), by))


def churn_rate_by_rhythm_average(company: Company, period: Period, by: By) -> Cells:
    there = (there_by_rhythm(company, morning) for morning in (period.start, period.until))
    return averaged(lost_by_rhythm(company, period), *there, by)


def new_after_absence(company: Company, period: Period, by: By) -> Cells:
    """A first purchase, or the first after the window."""
    found = []
    for lines in company.purchases.values():
        opening = list({line["day"]: line for line in reversed(lines)}.values())[::-1]
        found += opening[:1]
        found += [now for before, now in pairwise(opening) if add_months(before["day"], company.terms.churn_window) < now["day"]]
    return plain(events([line for line in found if line["day"] in period], by))


def historic(column: str) -> Reference:
    """What the active customers have brought so far."""

    def earned(company: Company, account: str, period: Period) -> Fraction:
        lines = [line for line in company.sales_of[account] if line["day"] < period.until]
        return sum((line["net"] - ((line["cost"] or 0) if column == "profit" else 0) for line in lines), Fraction(0))

    def cells(company: Company, period: Period, by: By) -> Cells:
        placed = distinct([{**line, "members": line["life"]} for line in bought(company, period)], by, customer)
        sums: Sums = {member: sum(earned(company, str(a), period) for a in accounts) for member, accounts in placed.items()}
        return ratio(sums, sizes(placed))

    return cells


def clv_less_cac(company: Company, period: Period, by: By) -> Cells:
    """Less what a customer won in the period cost, the whole company's, whatever the cut; empty for those who are not valued."""
    won = len(firsts(company, period))
    cost = marketing.spent(company, period, (), "marketing", "sales")
    there = distinct([{**line, "members": line["life"]} for line in bought(company, period)], by, customer) if cost or won else {}
    valued = {m: cell.value for m, cell in modelled.clv()(company, period, by).items() if cell.value is not None}
    less = Fraction(cost.get((), 0)) / won if won else Fraction(0)
    return {m: Cell(Fraction(valued[m]) - less if m in valued and won else None) for m in {*there, *valued}}


def product_profit(company: Company, period: Period, by: By, *, share: bool) -> Cells:
    """The cost of every line is the quantity times today's unit cost of its product."""
    unit = {product: Fraction(row["unit_cost"]) for product, row in company.products.items() if row["unit_cost"]}
    lines = [line for line in sales.sold(company, period) if line["product_id"] in unit]
    earned = total(lines, by, lambda line: line["net"] - line["quantity"] * unit[line["product_id"]])
    return ratio(earned, total(lines, by, sales.net)) if share else plain(earned)


def cac_of(*departments: str) -> Reference:
    return lambda company, period, by: ratio(marketing.spent(company, period, by, *departments), events(firsts(company, period), by))


def payback_of(*departments: str) -> Reference:
    def cells(company: Company, period: Period, by: By) -> Cells:
        won = [{**line, "members": line["life"]} for line in firsts(company, period)]
        profit = total(won, by, lambda line: marketing.first_year_profit(company, line) / 12)
        return ratio(marketing.spent(company, period, by, *departments), profit)

    return cells


def cac_lagged(company: Company, period: Period, by: By) -> Cells:
    """What was spent a month of 30 days before."""
    rows = [row for row in company.spend if row["department"] != "overhead" and row["day"] + 30 * ONE_DAY in period]
    return ratio(total(rows, by, lambda row: row["amount"]), events(firsts(company, period), by))


def touches(company: Company, line: Row) -> list[str]:
    """The campaigns that touched a sale: its own alone, else those of the account's leads created by the order, oldest first."""
    if line["campaign_id"]:
        return [line["campaign_id"]]
    leads = [lead for lead in company.leads if line["account_id"] and lead["account_id"] == line["account_id"] and lead["campaign_id"]]
    known = [lead for lead in leads if lead["created_at"] <= line["at"]]
    return [lead["campaign_id"] for lead in sorted(known, key=lambda lead: (lead["created_at"], lead["lead_id"]))]


def romi_by(attribution: str, counts: str = "gross_profit") -> Reference:
    def cells(company: Company, period: Period, by: By) -> Cells:
        parts = []
        for line in sales.sold(company, period):
            if counts == "gross_profit" and line["cost"] is None:
                continue
            touched = touches(company, line)
            chosen = {"first_touch": touched[:1], "last_touch": touched[-1:], "linear": touched}[attribution]
            worth = line["net"] if counts == "revenue" else line["net"] - line["cost"]
            for campaign in chosen:
                channel = company.campaigns.get(campaign, {}).get("channel") or UNKNOWN
                parts.append({"members": {"campaign": campaign, "channel": channel}, "worth": worth / len(chosen)})
        earned, cost = total(parts, by, lambda part: part["worth"]), marketing.spent(company, period, by, "marketing")
        return ratio({member: earned.get(member, 0) - cost.get(member, 0) for member in {*earned, *cost}}, cost)

    return cells


def win_rate_of_cohort_by_value(company: Company, period: Period, by: By) -> Cells:
    deals = pipeline.priced(pipeline.created(company, period))
    wins = [deal for deal in deals if deal["status"] == "won" and deal["closed_day"] and deal["closed_day"] <= company.as_of]
    amount = pipeline.amount_at(company, "day")
    return ratio(total(wins, by, amount), total(deals, by, amount))


def qualified(company: Company, deal: Row) -> dt.datetime | None:
    """When the deal's lead was handed to sales: the lead that it names, else the oldest that names it."""
    if deal["lead_id"]:
        leads = [lead for lead in company.every_lead if lead["lead_id"] == deal["lead_id"]]
    else:
        leads = [lead for lead in company.every_lead if lead["opportunity_id"] == deal["opportunity_id"]]
    oldest = min(leads, key=lambda lead: (lead["created_at"], lead["lead_id"]), default=None)
    return oldest["sql_at"] if oldest else None


def cycle(start: str, among: str) -> Reference:
    begins: dict[str, Callable[[Company, Row], dt.datetime | None]] = {
        "lead": pipeline.begun,
        "opportunity": lambda company, deal: deal["at"],
        "qualified": qualified,
    }
    chosen = {"won": pipeline.won, "lost": pipeline.lost, "won_and_lost": pipeline.decided}[among]

    def cells(company: Company, period: Period, by: By) -> Cells:
        deals = [{**deal, "begun": begins[start](company, deal)} for deal in chosen(company, period)]
        in_order = [deal for deal in deals if deal["begun"] and deal["closed_at"] >= deal["begun"]]
        return median(in_order, by, lambda deal: (deal["closed_at"] - deal["begun"]) / ONE_DAY)

    return cells


def learnt_fit(company: Company, period: Period, by: By) -> Cells:
    """Against the persona that was learnt, in place of the one that was written."""
    leads = marketing.reached(company, period, "created_at")

    def fit(lead: Row) -> Fraction:
        return Fraction(sum(lead[name] in accepted for name, accepted in modelled.PERSONA.items()), len(modelled.PERSONA))

    return ratio(total(leads, by, fit), count(leads, by))


QUOTAS: dict[str, Reference] = {
    "gross_profit": sales.gross_profit,
    "units_sold": sales.units_sold,
    "orders": sales.orders,
    "active_customers": active_customers,
    "new_customers": new_customers,
    "calls": people.calls,
}


def quota_of(kpi: str) -> Reference:
    def cells(company: Company, period: Period, by: By) -> Cells:
        share = people.worked_share(company, period) if not period.complete else 1
        wanted = (kpi, period.calendar.grain, str(period.start), by[0] if by else None)
        rows = [row for row in company.targets if (row["kpi"], row["grain"], row["period_start"], row["dimension"]) == wanted]
        target = {(row["member"],) if by else (): Fraction(row["value"]) * share for row in rows}
        return ratio({member: cell.value or 0 for member, cell in QUOTAS[kpi](company, period, by).items()}, target)

    return cells


OPTIONS: dict[Chosen, Reference] = {
    ("new_customers", "new_customer=after_absence"): new_after_absence,
    ("churned_customers", "lost=own_rhythm"): churned_by_rhythm,
    ("churn_rate", "denominator=average"): churn_rate_average,
    ("churn_rate", "lost=own_rhythm"): churn_rate_by_rhythm,
    ("churn_rate", "lost=own_rhythm", "denominator=average"): churn_rate_by_rhythm_average,
    ("clv", "counts=sales"): modelled.clv("sales_discounted"),
    ("clv", "discounted=no"): modelled.clv("profit"),
    ("clv", "counts=sales", "discounted=no"): modelled.clv("sales"),
    ("clv", "kind=historic"): historic("profit"),
    ("clv", "kind=historic", "counts=sales"): historic("sales"),
    ("clv", "less_cac=yes"): clv_less_cac,
    ("clv_to_cac", "counts=sales"): modelled.clv_to_cac("sales_discounted"),
    ("clv_to_cac", "discounted=no"): modelled.clv_to_cac("profit"),
    ("clv_to_cac", "pools=marketing"): modelled.clv_to_cac("profit_discounted", "marketing"),
    ("clv_to_cac", "pools=all"): modelled.clv_to_cac("profit_discounted", "marketing", "sales", "overhead"),
    ("gross_profit", "cost=product"): lambda company, period, by: product_profit(company, period, by, share=False),
    ("gross_margin", "cost=product"): lambda company, period, by: product_profit(company, period, by, share=True),
    ("cac", "pools=marketing"): cac_of("marketing"),
    ("cac", "pools=all"): cac_of("marketing", "sales", "overhead"),
    ("cac", "cac_includes_overhead=true"): cac_of("marketing", "sales", "overhead"),
    ("cac", "cac_lag_days=30"): cac_lagged,
    ("cac_payback", "pools=marketing"): payback_of("marketing"),
    ("cac_payback", "pools=all"): payback_of("marketing", "sales", "overhead"),
    ("romi", "attribution=last_touch"): romi_by("last_touch"),
    ("romi", "attribution=linear"): romi_by("linear"),
    ("romi", "counts=revenue"): romi_by("first_touch", "revenue"),
    ("romi", "attribution=last_touch", "counts=revenue"): romi_by("last_touch", "revenue"),
    ("romi", "attribution=linear", "counts=revenue"): romi_by("linear", "revenue"),
    ("win_rate", "counts=value"): pipeline.win_rate_value,
    ("win_rate", "basis=cohort", "counts=value"): win_rate_of_cohort_by_value,
    ("win_rate_value", "basis=cohort"): win_rate_of_cohort_by_value,
    ("sales_cycle_length", "start=opportunity"): cycle("opportunity", "won"),
    ("sales_cycle_length", "start=qualified"): cycle("qualified", "won"),
    ("sales_cycle_length", "set=won_and_lost"): cycle("lead", "won_and_lost"),
    ("sales_cycle_length", "set=lost"): cycle("lead", "lost"),
    ("sales_cycle_length", "start=opportunity", "set=lost"): cycle("opportunity", "lost"),
    ("sales_cycle_length", "start=opportunity", "set=won_and_lost"): cycle("opportunity", "won_and_lost"),
    ("sales_cycle_length", "start=qualified", "set=lost"): cycle("qualified", "lost"),
    ("sales_cycle_length", "start=qualified", "set=won_and_lost"): cycle("qualified", "won_and_lost"),
    ("weighted_leads", "unscored=left_out"): marketing.weighted_leads,
    ("persona_fit", "persona=learnt"): learnt_fit,
    **{("quota_attainment", f"kpi={kpi}"): quota_of(kpi) for kpi in QUOTAS},
}
