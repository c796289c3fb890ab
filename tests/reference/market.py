"""Market and competition, straight from KPIS.md and READINGS 115 to 117."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from fractions import Fraction

from .calendars import Period
from .company import Company
from .pipeline import decided
from .sales import completed, net_sums
from .tally import UNKNOWN, By, Cells, Row, Sums, count, ratio, total


def market_share(company: Company, period: Period, by: By) -> Cells:
    """A market row belongs to the period that holds its first day; regions on one side only count too (READINGS 115 and 116)."""
    sizes = [row for row in company.market if row["day"] in period]
    return ratio(net_sums(company, period, by), total(sizes, by, lambda row: Fraction(row["market_size"])))


def competitor_win_rate(company: Company, period: Period, by: By) -> Cells:
    named = [deal for deal in decided(company, period) if deal["competitor"]]
    return ratio(count((deal for deal in named if deal["status"] == "won"), by), count(named, by))


def own_sales(company: Company, period: Period) -> dict[str, tuple[Fraction, Fraction]]:
    """Net sales and units of the completed lines of each product."""
    sold: dict[str, tuple[Fraction, Fraction]] = defaultdict(lambda: (Fraction(0), Fraction(0)))
    for line in completed(company, period):
        if line["product_id"]:
            amount, units = sold[line["product_id"]]
            sold[line["product_id"]] = amount + line["net"], units + line["quantity"]
    return sold


def competing_prices(company: Company, period: Period, by: By) -> dict[tuple[str, str], list[Fraction]]:
    """The price rows of each product, of each competitor where the cut asks for it."""
    prices: dict[tuple[str, str], list[Fraction]] = defaultdict(list)
    for row in company.prices:
        if row["day"] in period:
            prices[row["product_id"], row["competitor"] if "competitor" in by else ""].append(Fraction(row["price"]))
    return prices


def price_index(company: Company, period: Period, by: By) -> Cells:
    """Own average net price to the mean of the price rows, weighted by own units, of products with both (READING 117)."""
    own = own_sales(company, period)
    weighted: Sums = {}
    units: Sums = {}
    for (product, competitor), prices in competing_prices(company, period, by).items():
        if product in own:
            category = company.products.get(product, {}).get("category") or UNKNOWN
            names: Row = {"product": product, "category": category, "competitor": competitor}
            member = tuple(names[name] for name in by)
            amount, sold = own[product]
            weighted[member] = weighted.get(member, 0) + amount / (sum(prices) / len(prices))
            units[member] = units.get(member, 0) + sold
    return ratio(weighted, units)


KPIS: dict[str, Callable[[Company, Period, By], Cells]] = {
    "market_share": market_share,
    "competitor_win_rate": competitor_win_rate,
    "price_index": price_index,
}
