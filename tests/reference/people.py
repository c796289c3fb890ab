"""People, straight from KPIS.md and READINGS 108 to 114."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from fractions import Fraction

from .calendars import Period
from .company import Company
from .pipeline import won
from .sales import net_sales, net_sums
from .tally import By, Cells, Row, Sums, count, distinct, plain, ratio, sizes, total

SELLING = ("call", "email", "meeting", "visit", "demo", "message")
ENTRY = ("data_entry", "admin")
CALL_PAYS_WITHIN = dt.timedelta(days=30)


def done(company: Company, period: Period) -> list[Row]:
    return [activity for activity in company.activities if activity["day"] in period]


def recorded(company: Company, period: Period) -> list[Row]:
    return [activity for activity in done(company, period) if activity["minutes"] is not None]


def minutes(activities: Iterable[Row], by: By, kinds: tuple[str, ...] | None = None) -> Sums:
    return total((one for one in activities if kinds is None or one["kind"] in kinds), by, lambda one: one["minutes"])


def in_hours(sums: Sums) -> Sums:
    return {member: Fraction(value) / 60 for member, value in sums.items()}


def worked_share(company: Company, period: Period) -> Fraction:
    """The share of a period's working days that is over (READING 109)."""
    days = [period.start + dt.timedelta(n) for n in range((period.end - period.start).days)]
    working = [day for day in days if company.terms.working(day)]
    return Fraction(sum(day < period.until for day in working), len(working)) if working else Fraction(0)


def targets(company: Company, period: Period, by: By) -> Sums:
    """Targets on net sales of the same grain, first day and dimension; none is made of others (READINGS 108 and 110)."""
    wanted = ("net_sales", period.calendar.grain, str(period.start), by[0] if by else None)
    found = [row for row in company.targets if (row["kpi"], row["grain"], row["period_start"], row["dimension"]) == wanted]
    return {(row["member"],) if by else (): Fraction(row["value"]) for row in found}


def quota_attainment(company: Company, period: Period, by: By) -> Cells:
    share = worked_share(company, period) if not period.complete else 1
    prorated = {member: value * share for member, value in targets(company, period, by).items()}
    return ratio(net_sums(company, period, by), prorated)


def calls(company: Company, period: Period, by: By) -> Cells:
    return plain(count((one for one in done(company, period) if one["kind"] == "call"), by))


def called(call: Row) -> tuple[str, str] | None:
    """The lead, else the account; a call to neither is left out (READING 111)."""
    if call["lead_id"]:
        return "lead", call["lead_id"]
    return ("account", call["account_id"]) if call["account_id"] else None


def led_to_deal(company: Company, call: Row) -> bool:
    """An opportunity of the one called, created within 30 × 24 hours of the call."""
    leads = [lead for lead in company.leads if lead["lead_id"] == call["lead_id"]]
    named = leads[0]["deals"] if leads else set()
    for deal in company.deals:
        of_lead = deal["opportunity_id"] in named or deal["lead_id"] == call["lead_id"]
        mine = of_lead if call["lead_id"] else deal["account_id"] == call["account_id"]
        if mine and call["at"] <= deal["at"] < call["at"] + CALL_PAYS_WITHIN:
            return True
    return False


def calls_to_opportunity_rate(company: Company, period: Period, by: By) -> Cells:
    made = [one for one in done(company, period) if one["kind"] == "call" and called(one)]
    paid = [call for call in made if led_to_deal(company, call)]
    return ratio(sizes(distinct(paid, by, called)), sizes(distinct(made, by, called)))


def activities_per_win(company: Company, period: Period, by: By) -> Cells:
    """All that was done on the deal up to its close, by the deal's representative; by kind every kind ÷ all wins (READING 112)."""
    wins = {deal["opportunity_id"]: deal for deal in won(company, period)}
    on_wins = [
        {**one, "members": {**wins[one["opportunity_id"]]["members"], "kind": one["kind"]}}
        for one in company.activities
        if one["opportunity_id"] in wins and one["at"] <= wins[one["opportunity_id"]]["closed_at"]
    ]
    spent = count(on_wins, by)
    return ratio(spent, dict.fromkeys(spent, len(wins)) if by == ("kind",) else count(wins.values(), by))


def selling_time(company: Company, period: Period, by: By) -> Cells:
    return plain(in_hours(minutes(recorded(company, period), by, SELLING)))


def selling_time_share(company: Company, period: Period, by: By) -> Cells:
    time = recorded(company, period)
    return ratio(minutes(time, by, SELLING), minutes(time, by))


def data_entry_share(company: Company, period: Period, by: By) -> Cells:
    time = recorded(company, period)
    return ratio(minutes(time, by, ENTRY), minutes(time, by))


def revenue_per_hour(company: Company, period: Period, by: By) -> Cells:
    return ratio(net_sums(company, period, by), in_hours(minutes(recorded(company, period), by)))


KPIS: dict[str, Callable[[Company, Period, By], Cells]] = {
    "quota_attainment": quota_attainment,
    "calls": calls,
    "calls_to_opportunity_rate": calls_to_opportunity_rate,
    "activities_per_win": activities_per_win,
    "selling_time": selling_time,
    "selling_time_share": selling_time_share,
    "data_entry_share": data_entry_share,
    "revenue_per_hour": revenue_per_hour,
    "sales_by_contact_method": net_sales,  # READING 114
}
