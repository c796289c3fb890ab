"""Pipeline, straight from KPIS.md and READINGS 93 to 107."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from fractions import Fraction

from .calendars import ONE_DAY, Period
from .company import STAGES, Company
from .tally import By, Cell, Cells, Row, Sums, count, distinct, grouped, median, plain, ratio, sizes, total


def created(company: Company, period: Period) -> list[Row]:
    return [deal for deal in company.deals if deal["day"] in period]


def decided(company: Company, period: Period) -> list[Row]:
    """Won or lost without closed_at is decided in no period (READING 93)."""
    return [deal for deal in company.deals if deal["status"] != "open" and deal["closed_day"] in period]


def won(company: Company, period: Period) -> list[Row]:
    return [deal for deal in decided(company, period) if deal["status"] == "won"]


def lost(company: Company, period: Period) -> list[Row]:
    return [deal for deal in decided(company, period) if deal["status"] == "lost"]


def amount_at(company: Company, day: str) -> Callable[[Row], Fraction]:
    """Open deals at the rate of their creation, decided ones at that of their close (READING 19); none is 0 in sums (95)."""
    return lambda deal: company.money(deal["amount"], deal["currency"], deal[day]) or Fraction(0)


def priced(deals: list[Row]) -> list[Row]:
    return [deal for deal in deals if deal["amount"] is not None]


def opportunities_created(company: Company, period: Period, by: By) -> Cells:
    return plain(count(created(company, period), by))


def opportunities_created_value(company: Company, period: Period, by: By) -> Cells:
    return plain(total(priced(created(company, period)), by, amount_at(company, "day")))


def win_rate(company: Company, period: Period, by: By) -> Cells:
    return ratio(count(won(company, period), by), count(decided(company, period), by))


def win_rate_of_cohort(company: Company, period: Period, by: By) -> Cells:
    """Of those created in the period (READING 94)."""
    deals = created(company, period)
    wins = [deal for deal in deals if deal["status"] == "won" and deal["closed_day"] and deal["closed_day"] <= company.as_of]
    return ratio(count(wins, by), count(deals, by))


def win_rate_value(company: Company, period: Period, by: By) -> Cells:
    amount = amount_at(company, "closed_day")
    return ratio(total(priced(won(company, period)), by, amount), total(priced(decided(company, period)), by, amount))


def average_deal_size(company: Company, period: Period, by: By) -> Cells:
    """A deal without amount is left out of both sides (READING 95)."""
    deals = priced(won(company, period))
    return ratio(total(deals, by, amount_at(company, "closed_day")), count(deals, by))


def lost_opportunities(company: Company, period: Period, by: By) -> Cells:
    return plain(count(lost(company, period), by))


def lost_opportunity_value(company: Company, period: Period, by: By) -> Cells:
    """By stage it is the last of the history (READING 104)."""
    return plain(total(lost(company, period), by, amount_at(company, "closed_day")))


def begun(company: Company, deal: Row) -> dt.datetime:
    """When its lead was created, else the deal itself (READING 103); a lead told of later changes no finished period (17)."""
    if deal["lead_id"]:
        leads = [lead for lead in company.every_lead if lead["lead_id"] == deal["lead_id"]]
    else:
        leads = [lead for lead in company.every_lead if lead["opportunity_id"] == deal["opportunity_id"]]
    return min((lead["created_at"] for lead in leads), default=deal["at"])


def sales_cycle_length(company: Company, period: Period, by: By) -> Cells:
    deals = [{**deal, "begun": begun(company, deal)} for deal in won(company, period)]
    in_order = [deal for deal in deals if deal["closed_at"] >= deal["begun"]]
    return median(in_order, by, lambda deal: (deal["closed_at"] - deal["begun"]) / ONE_DAY)


def open_at_end(company: Company, period: Period) -> Iterator[Row]:
    """Created before the period's end and not closed before it, with the stage and amount known by then (READINGS 96 and 97)."""
    for deal in company.deals:
        closed = deal["closed_day"]
        still_open = deal["status"] == "open" or (closed is not None and closed >= period.until)
        if deal["day"] >= period.until or not still_open:
            continue
        stage, amount = deal["changes"][0]["from_stage"] if deal["changes"] else deal["stage"], deal["amount"]
        for change in deal["changes"]:
            if company.day(change["at"]) < period.until:
                stage, amount = change["to_stage"], change["amount"] or amount
        yield {**deal, "amount": amount, "members": {**deal["members"], "stage": stage or "(unknown)"}}


def pipeline_value(company: Company, period: Period, by: By) -> Cells:
    return plain(total(open_at_end(company, period), by, amount_at(company, "day")))


def pipeline_coverage(company: Company, period: Period, by: By) -> Cells:
    """To the net_sales target of the next period of the same grain (READING 106), by today's expected day (107)."""
    following = period.next()
    expected = [
        deal
        for deal in open_at_end(company, period)
        if deal["expected_close_on"] and following.start <= dt.date.fromisoformat(deal["expected_close_on"]) < following.end
    ]
    wanted = ("net_sales", period.calendar.grain, str(following.start), by[0] if by else None)
    found = [row for row in company.targets if (row["kpi"], row["grain"], row["period_start"], row["dimension"]) == wanted]
    targets: Sums = {(row["member"],) if by else (): Fraction(row["value"]) for row in found}
    return ratio(total(expected, by, amount_at(company, "day")), targets)


def slipped_deals(company: Company, period: Period, by: By) -> Cells:
    slipped = [
        deal
        for deal in open_at_end(company, period)
        if deal["expected_close_on"] and dt.date.fromisoformat(deal["expected_close_on"]) in period
    ]
    return plain(count(slipped, by))


def sales_velocity(company: Company, period: Period, by: By) -> Cells:
    """Open at the period's end, the other three of the period; empty where one is (READING 105)."""
    waiting = count(open_at_end(company, period), by)
    factors = [kpi(company, period, by) for kpi in (win_rate, average_deal_size, sales_cycle_length)]
    cells = {}
    for member in {*waiting, *(member for factor in factors for member in factor)}:
        rate, size, cycle = (factor.get(member, Cell(None)).value for factor in factors)
        known = rate is not None and size is not None and cycle
        cells[member] = Cell(waiting.get(member, 0) * float(rate) * float(size) / cycle if known else None)
    return cells


def stays(company: Company, period: Period, by: By) -> Iterator[Row]:
    """The stays in a stage that began in the period, with what came after; a change to the same stage is none (READINGS 97 to 100)."""
    for deal in company.deals:
        first = deal["changes"][0]["from_stage"] if deal["changes"] else deal["stage"]
        entries: list[tuple[dt.datetime, str]] = []
        for at, stage in [(deal["at"], first), *((change["at"], change["to_stage"]) for change in deal["changes"])]:
            if stage and (not entries or entries[-1][1] != stage):
                entries.append((at, stage))
        closed = deal["closed_at"] if deal["status"] != "open" else None
        for place, (at, stage) in enumerate(entries):
            if company.day(at) in period and (closed is None or at <= closed):
                left = min((moment for moment in (*(later for later, _ in entries[place + 1 : place + 2]), closed) if moment), default=None)
                members = {**deal["members"], "stage": stage}
                yield {"deal": deal, "stage": stage, "at": at, "left": left, "later": entries[place + 1 :], "members": members}


def went_on(company: Company, stay: Row) -> bool:
    """At any later time to any later stage of the order in the settings, or won, as known at as_of (READINGS 99 and 101)."""
    deal = stay["deal"]
    if deal["status"] == "won" and deal["closed_day"] and deal["closed_day"] <= company.as_of:
        return True
    reached = [stage for at, stage in stay["later"] if company.day(at) <= company.as_of and stage in STAGES]
    return stay["stage"] in STAGES and any(STAGES.index(stage) > STAGES.index(stay["stage"]) for stage in reached)


def stage_conversion(company: Company, period: Period, by: By) -> Cells:
    """An opportunity counts once per stage and period, from its first entry in it (READING 100)."""
    firsts = {(stay["deal"]["opportunity_id"], stay["stage"]): stay for stay in reversed([*stays(company, period, by)])}
    moved = [stay for stay in firsts.values() if went_on(company, stay)]

    def key(stay: Row) -> tuple[str, str]:
        return stay["deal"]["opportunity_id"], stay["stage"]

    return ratio(sizes(distinct(moved, by, key)), sizes(distinct(firsts.values(), by, key)))


def half_gone(stays: list[tuple[float, bool]]) -> float | None:
    """Kaplan-Meier: the first time at which half have left; a stay not ended is censored (READING 102)."""
    alive = Fraction(1)
    for time in sorted({days for days, ended in stays if ended}):
        at_risk = sum(days >= time for days, _ in stays)
        alive *= 1 - Fraction(sum(days == time and ended for days, ended in stays), at_risk)
        if alive <= Fraction(1, 2):
            return time
    return None


def stage_duration(company: Company, period: Period, by: By) -> Cells:
    """Open stays are censored at the end of as_of (READING 102)."""
    now = company.midnight_after(company.as_of)

    def lasted(stay: Row) -> tuple[float, bool]:
        ended = stay["left"] is not None and stay["left"] < now
        return ((stay["left"] if ended else now) - stay["at"]) / ONE_DAY, ended

    return {member: Cell(half_gone(group)) for member, group in grouped(stays(company, period, by), by, lasted).items()}


KPIS: dict[str, Callable[[Company, Period, By], Cells]] = {
    "opportunities_created": opportunities_created,
    "opportunities_created_value": opportunities_created_value,
    "win_rate": win_rate,
    "win_rate_value": win_rate_value,
    "average_deal_size": average_deal_size,
    "lost_opportunities": lost_opportunities,
    "lost_opportunity_value": lost_opportunity_value,
    "sales_cycle_length": sales_cycle_length,
    "pipeline_value": pipeline_value,
    "pipeline_coverage": pipeline_coverage,
    "slipped_deals": slipped_deals,
    "sales_velocity": sales_velocity,
    "stage_conversion": stage_conversion,
    "stage_duration": stage_duration,
}
BASES: dict[tuple[str, str], Callable[[Company, Period, By], Cells]] = {("win_rate", "cohort"): win_rate_of_cohort}
