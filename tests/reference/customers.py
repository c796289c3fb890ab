"""Customers, straight from KPIS.md and READINGS 37 to 58. The events of a life are found over the whole account, then cut."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from itertools import pairwise
from math import ceil

from .calendars import ONE_DAY, Period, add_months
from .company import Company
from .sales import completed, net, sold
from .tally import By, Cell, Cells, Member, Number, Row, Sums, count, cut, distinct, plain, quantile, ratio, sizes, total


def bought(company: Company, period: Period) -> list[Row]:
    """The lines of the period that make a customer."""
    return [line for lines in company.purchases.values() for line in lines if line["day"] in period]


def customer(line: Row) -> str:
    return line["account_id"]


def events(lines: Iterable[Row], by: By) -> Sums:
    """One account a line, placed by the line; source and campaign are the customer's (READINGS 31 and 32)."""
    return total(({**line, "members": line["life"]} for line in lines), by, lambda line: 1)


def active_customers(company: Company, period: Period, by: By) -> Cells:
    return plain(sizes(distinct(bought(company, period), by, customer)))


def firsts(company: Company, period: Period) -> list[Row]:
    return [lines[0] for lines in company.purchases.values() if lines[0]["day"] in period]


def new_customers(company: Company, period: Period, by: By) -> Cells:
    return plain(events(firsts(company, period), by))


def returns(company: Company, period: Period) -> Iterator[Row]:
    """The first purchase back of an account whose last before the period is older than the window (READINGS 47 and 48)."""
    for lines in company.purchases.values():
        now = [line for line in lines if line["day"] in period]
        before = [line for line in lines if line["day"] < period.start]
        if now and before and add_months(before[-1]["day"], company.terms.churn_window) < period.start:
            yield now[0]


def reactivated_customers(company: Company, period: Period, by: By) -> Cells:
    return plain(events(returns(company, period), by))


def departures(company: Company, period: Period) -> Iterator[Row]:
    """The last purchase of an account that turned as old as the window in the period, unless it bought by that day's end.

    A later return does not erase it (READINGS 42 and 43); an account counts once, by its last departure (44).
    """
    for lines in company.purchases.values():
        left = None
        for line, later in zip(lines, [*lines[1:], None], strict=True):
            gone = add_months(line["day"], company.terms.churn_window)
            if gone in period and (later is None or later["day"] > gone):
                left = line
        if left:
            yield left


def base(company: Company, period: Period) -> Iterator[Row]:
    """The last purchase before the period of those who had bought within the window (READINGS 46 and 49)."""
    for lines in company.purchases.values():
        before = [line for line in lines if line["day"] < period.start]
        if before and add_months(before[-1]["day"], company.terms.churn_window) >= period.start:
            yield before[-1]


def churned_customers(company: Company, period: Period, by: By) -> Cells:
    return plain(events(departures(company, period), by))


def churn_rate(company: Company, period: Period, by: By) -> Cells:
    return ratio(events(departures(company, period), by), events(base(company, period), by))


def year_net(company: Company, account: str, last: dt.date) -> Number:
    """Net sales of the 12 months up to and including a day, returns included, whatever the window (READING 50)."""
    return sum(line["net"] for line in company.sales_of[account] if line["day"] <= last < add_months(line["day"], 12))


def churn_rate_value(company: Company, period: Period, by: By) -> Cells:
    def placed(line: Row) -> Row:
        return {**line, "members": line["life"]}

    gone = total(map(placed, departures(company, period)), by, lambda line: year_net(company, line["account_id"], line["day"]))
    day_before = period.start - ONE_DAY
    whole = total(map(placed, base(company, period)), by, lambda line: year_net(company, line["account_id"], day_before))
    return ratio(gone, whole)


def due(company: Company, period: Period) -> Iterator[tuple[Row, dt.date | None]]:
    """Purchases whose next was due in the period, at the median of the gaps so far, rounded up; with the next day of purchase."""
    for lines in company.purchases.values():
        last_of_day = list({line["day"]: line for line in lines}.values())
        days = [line["day"] for line in last_of_day]
        for place in range(2, len(days)):
            gaps = [(later - earlier).days for earlier, later in pairwise(days[: place + 1])]
            if days[place] + dt.timedelta(ceil(quantile(map(Fraction, gaps), 0.5))) in period:
                yield last_of_day[place], days[place + 1] if place + 1 < len(days) else None


def due_customers(company: Company, period: Period, by: By) -> Cells:
    """Who bought again before the period began is not expected in it by the older purchase."""
    waiting = [line for line, again in due(company, period) if again is None or again >= period.start]
    return plain(sizes(distinct(waiting, by, customer)))


def due_not_buying(company: Company, period: Period, by: By) -> Cells:
    waiting = [line for line, again in due(company, period) if again is None or again >= period.until]
    return plain(sizes(distinct(waiting, by, customer)))


def retention_rate(company: Company, period: Period, by: By) -> Cells:
    """Counted in each member where it bought then; now is anywhere in the company (READING 51)."""
    then = distinct(bought(company, period.year_ago()), by, customer)
    now = {customer(line) for line in bought(company, period)}
    return ratio({member: len(keys & now) for member, keys in then.items()}, sizes(then))


def net_revenue_retention(company: Company, period: Period, by: By) -> Cells:
    """Each side by its own lines' member, of the accounts active then anywhere (READING 52)."""
    accounts = {customer(line) for line in bought(company, period.year_ago())}

    def side(lines: list[Row]) -> Sums:
        return total((line for line in lines if line["account_id"] in accounts), by, net)

    return ratio(side(sold(company, period)), side(sold(company, period.year_ago())))


def repeat_purchase_rate(company: Company, period: Period, by: By) -> Cells:
    """All completed orders of the account up to the period's end, in any member (READING 53)."""
    active = distinct(bought(company, period), by, customer)
    placed: dict[str, set[str]] = defaultdict(set)
    for line in company.lines:
        if line["status"] == "completed" and line["account_id"] and line["day"] < period.until:
            placed[line["account_id"]].add(line["order_id"])
    again = {member: sum(len(placed[account]) > 1 for account in accounts) for member, accounts in active.items()}
    return ratio(again, sizes(active))


def skus_per_customer(company: Company, period: Period, by: By) -> Cells:
    """A line without product counts no product, but its account counts (READING 54)."""
    lines = bought(company, period)
    products = distinct((line for line in lines if line["product_id"]), by, lambda line: (line["account_id"], line["product_id"]))
    return ratio(sizes(products), sizes(distinct(lines, by, customer)))


def orders_per_customer(company: Company, period: Period, by: By) -> Cells:
    """Completed orders of known accounts, also those of nothing (READING 55)."""
    known = [line for line in completed(company, period) if line["account_id"]]
    return ratio(sizes(distinct(known, by, lambda line: line["order_id"])), sizes(distinct(bought(company, period), by, customer)))


def account_sums(company: Company, period: Period, by: By) -> dict[Member, list[Number]]:
    """Net sales of each known account within the member, largest first (READING 56)."""
    sums: dict[Member, dict[str, Number]] = defaultdict(dict)
    for line in sold(company, period):
        if line["account_id"]:
            accounts = sums[cut(line, by)]
            accounts[line["account_id"]] = accounts.get(line["account_id"], 0) + line["net"]
    return {member: sorted(accounts.values(), reverse=True) for member, accounts in sums.items()}


def customer_concentration(company: Company, period: Period, by: By) -> Cells:
    sums = account_sums(company, period, by)
    return ratio(
        {member: sum(ordered[:10]) for member, ordered in sums.items()}, {member: sum(ordered) for member, ordered in sums.items()}
    )


def customer_concentration_hhi(company: Company, period: Period, by: By) -> Cells:
    sums = account_sums(company, period, by)
    squares = {member: sum(value**2 for value in ordered) for member, ordered in sums.items()}
    return ratio(squares, {member: sum(ordered) ** 2 for member, ordered in sums.items()})


def clv_historic(company: Company, period: Period, by: By) -> Cells:
    """Gross profit to date, net sales of lines without cost, of the active customers (READING 58)."""
    placed = [{**line, "members": line["life"]} for line in bought(company, period)]
    earned = {
        account: sum(line["net"] - (line["cost"] or 0) for line in lines if line["day"] < period.until)
        for account, lines in company.sales_of.items()
    }
    active = distinct(placed, by, customer)
    return ratio({member: sum(earned[account] for account in accounts) for member, accounts in active.items()}, sizes(active))


def survey(company: Company, period: Period, kind: str) -> list[Row]:
    """Two answers of one account both count (READING 57)."""
    return [answer for answer in company.answers if answer["kind"] == kind and answer["day"] in period]


def nps(company: Company, period: Period, by: By) -> Cells:
    """In points: promoters less detractors, of the answers (READINGS 24 and 118)."""
    answers = survey(company, period, "nps")
    return ratio(total(answers, by, lambda answer: (answer["score"] >= 9) - (answer["score"] <= 6)), count(answers, by), times=100)


def csat(company: Company, period: Period, by: By) -> Cells:
    answers = survey(company, period, "csat")
    return ratio(count((answer for answer in answers if answer["score"] >= 4), by), count(answers, by))


KPIS: dict[str, Callable[[Company, Period, By], dict[Member, Cell]]] = {
    "active_customers": active_customers,
    "new_customers": new_customers,
    "reactivated_customers": reactivated_customers,
    "churned_customers": churned_customers,
    "churn_rate": churn_rate,
    "churn_rate_value": churn_rate_value,
    "due_customers": due_customers,
    "due_not_buying": due_not_buying,
    "retention_rate": retention_rate,
    "net_revenue_retention": net_revenue_retention,
    "repeat_purchase_rate": repeat_purchase_rate,
    "skus_per_customer": skus_per_customer,
    "orders_per_customer": orders_per_customer,
    "customer_concentration": customer_concentration,
    "customer_concentration_hhi": customer_concentration_hhi,
    "clv_historic": clv_historic,
    "nps": nps,
    "csat": csat,
}
