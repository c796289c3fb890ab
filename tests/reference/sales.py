"""Sales and profit, straight from KPIS.md and READINGS 59 to 72."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from fractions import Fraction

from .calendars import Period, add_months
from .company import Company
from .tally import UNKNOWN, By, Cells, Row, Sums, count, cut, distinct, plain, ratio, sizes, total

LAUNCH_MONTHS = 12


def sold(company: Company, period: Period) -> list[Row]:
    """Completed and returned lines make sales, each by its own moment (READINGS 3 and 4)."""
    return [line for line in company.lines if line["day"] in period and line["status"] in ("completed", "returned")]


def completed(company: Company, period: Period) -> list[Row]:
    return [line for line in sold(company, period) if line["status"] == "completed"]


def costed(company: Company, period: Period) -> list[Row]:
    """Lines without any cost are left out of both sides."""
    return [line for line in sold(company, period) if line["cost"] is not None]


def net(line: Row) -> Fraction:
    return line["net"]


def profit(line: Row) -> Fraction:
    return line["net"] - line["cost"]


def order(line: Row) -> str:
    return line["order_id"]


def net_sums(company: Company, period: Period, by: By) -> Sums:
    return total(sold(company, period), by, net)


def net_sales(company: Company, period: Period, by: By) -> Cells:
    return plain(net_sums(company, period, by))


def units_sold(company: Company, period: Period, by: By) -> Cells:
    return plain(total(sold(company, period), by, lambda line: line["quantity"]))


def orders(company: Company, period: Period, by: By) -> Cells:
    return plain(sizes(distinct(completed(company, period), by, order)))


def average_order_value(company: Company, period: Period, by: By) -> Cells:
    """Returned lines are left out on both sides (READING 60)."""
    lines = completed(company, period)
    return ratio(total(lines, by, net), sizes(distinct(lines, by, order)))


def gross_profit(company: Company, period: Period, by: By) -> Cells:
    return plain(total(costed(company, period), by, profit))


def gross_margin(company: Company, period: Period, by: By) -> Cells:
    lines = costed(company, period)
    return ratio(total(lines, by, profit), total(lines, by, net))


def discount_rate(company: Company, period: Period, by: By) -> Cells:
    """A list amount of 0 counts, returned lines do not (READING 63); the numerator is list less net (118)."""
    lines = [line for line in completed(company, period) if line["list"] is not None]
    return ratio(total(lines, by, lambda line: line["list"] - line["net"]), total(lines, by, lambda line: line["list"]))


def return_rate(company: Company, period: Period, by: By) -> Cells:
    returned = [line for line in sold(company, period) if line["status"] == "returned"]
    return ratio(total(returned, by, lambda line: -line["net"]), total(completed(company, period), by, net))


def sales_growth(company: Company, period: Period, by: By) -> Cells:
    """A member that sold before and not now has a row (READING 65); from 0 the growth is empty (64)."""
    return ratio(net_sums(company, period, by), net_sums(company, period.previous(), by), less=1)


def sales_growth_yoy(company: Company, period: Period, by: By) -> Cells:
    return ratio(net_sums(company, period, by), net_sums(company, period.year_ago(), by), less=1)


def bears_initiative(line: Row) -> bool:
    """An initiative, or a product in its first months after launch (READING 66)."""
    launched = line["launched_on"]
    in_launch = launched is not None and launched <= line["day"] < add_months(launched, LAUNCH_MONTHS)
    return in_launch or line["members"]["initiative"] != UNKNOWN


def initiative_sums(company: Company, period: Period, by: By) -> Sums:
    return total(filter(bears_initiative, sold(company, period)), by, net)


def new_initiative_sales(company: Company, period: Period, by: By) -> Cells:
    return plain(initiative_sums(company, period, by))


def new_initiative_share(company: Company, period: Period, by: By) -> Cells:
    return ratio(initiative_sums(company, period, by), net_sums(company, period, by))


def open_invoices(company: Company, period: Period, by: By, *, due: bool) -> Sums:
    """What is unpaid at the period's end; paid on its last day is paid, due on its last day is overdue (READINGS 67 to 69)."""
    sums: Sums = {}
    for invoice in company.invoices:
        paid = invoice["paid"] if invoice["paid_on"] and invoice["paid_on"] < period.until else 0
        unpaid = invoice["amount"] - paid
        if unpaid and invoice["day"] < period.until and (not due or invoice["due_on"] < period.until):
            sums[cut(invoice, by)] = sums.get(cut(invoice, by), 0) + unpaid
    return sums


def overdue_receivables(company: Company, period: Period, by: By) -> Cells:
    return plain(open_invoices(company, period, by, due=True))


def days_sales_outstanding(company: Company, period: Period, by: By) -> Cells:
    """Against the net sales of the 90 days before the period's end, unknown customers included (READING 69)."""
    since = period.until - dt.timedelta(90)
    lines = [line for line in company.lines if line["status"] in ("completed", "returned") and since <= line["day"] < period.until]
    return ratio(open_invoices(company, period, by, due=False), total(lines, by, net), times=90)


def in_full_on_time(line: Row) -> bool:
    """Delivered without a quantity is in full, without a day is not on time (READING 71)."""
    on_time = line["delivered_on"] is not None and line["delivered_on"] <= line["promised_on"]
    return on_time and (line["delivered_quantity"] is None or Fraction(line["delivered_quantity"]) >= line["quantity"])


def on_time_in_full(company: Company, period: Period, by: By) -> Cells:
    """By the day of the promise (READING 70)."""
    promised = [
        line
        for line in company.lines
        if line["status"] == "completed" and line["promised_on"] and dt.date.fromisoformat(line["promised_on"]) in period
    ]
    return ratio(count(filter(in_full_on_time, promised), by), count(promised, by))


def cancelled(company: Company, period: Period) -> list[Row]:
    return [line for line in company.lines if line["status"] == "cancelled" and line["day"] in period]


def cancelled_orders(company: Company, period: Period, by: By) -> Cells:
    return plain(sizes(distinct(cancelled(company, period), by, order)))


def cancelled_order_value(company: Company, period: Period, by: By) -> Cells:
    return plain(total(cancelled(company, period), by, net))


def cancellation_rate(company: Company, period: Period, by: By) -> Cells:
    """Of the orders placed; a return is not placed (READING 72)."""
    placed = [*cancelled(company, period), *completed(company, period)]
    return ratio(sizes(distinct(cancelled(company, period), by, order)), sizes(distinct(placed, by, order)))


KPIS: dict[str, Callable[[Company, Period, By], Cells]] = {
    "net_sales": net_sales,
    "units_sold": units_sold,
    "orders": orders,
    "average_order_value": average_order_value,
    "gross_profit": gross_profit,
    "gross_margin": gross_margin,
    "discount_rate": discount_rate,
    "return_rate": return_rate,
    "sales_growth": sales_growth,
    "sales_growth_yoy": sales_growth_yoy,
    "new_initiative_sales": new_initiative_sales,
    "new_initiative_share": new_initiative_share,
    "overdue_receivables": overdue_receivables,
    "days_sales_outstanding": days_sales_outstanding,
    "on_time_in_full": on_time_in_full,
    "cancelled_orders": cancelled_orders,
    "cancelled_order_value": cancelled_order_value,
    "cancellation_rate": cancellation_rate,
}
