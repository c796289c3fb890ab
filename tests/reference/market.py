"""Market and competition, straight from KPIS.md and READINGS 115 to 117; look-alikes as the description of `share_of_wallet` says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from fractions import Fraction

from .calendars import Period
from .company import Company
from .pipeline import decided
from .sales import completed, net_sums, sold
from .tally import UNKNOWN, By, Cells, Number, Row, Sums, count, quantile, ratio, total

FEWEST_ALIKE = 5


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


def traits(account: Row) -> tuple[str | None, ...]:
    """What makes customers alike, the first of them first; a number of employees by its band."""
    size = account.get("company_size")
    if size and size.isdecimal():
        size = str(sum(int(size) >= most for most in (10, 50, 250)))
    return account.get("segment"), size, account.get("industry"), account.get("country") or account.get("region")


def potential(account: str, sums: dict[str, Number], company: Company) -> Number:
    """What its look-alikes of the period buy at the 80th percentile: of as many traits as five customers share."""
    told = {each: traits(company.accounts.get(each, {})) for each in sums}
    for shared in range(4, -1, -1):
        alike = [sums[each] for each in sums if told[each][:shared] == told[account][:shared]]
        if len(alike) >= FEWEST_ALIKE or not shared:
            break
    return max(quantile(alike, Fraction(4, 5)), sums[account])


def share_of_wallet(company: Company, period: Period, by: By) -> Cells:
    lines = [line for line in sold(company, period) if line["account_id"]]
    sums = {account: amount for (account,), amount in total(lines, ("account",), lambda line: line["net"]).items() if amount > 0}
    rows: list[Row] = []
    for account, amount in sums.items():
        known = company.accounts.get(account, {})
        names = {"account": account, "segment": known.get("segment"), "region": known.get("region"), "rep": known.get("rep_id")}
        members = {name: member or UNKNOWN for name, member in names.items()}
        rows.append({"members": members, "net": amount, "potential": potential(account, sums, company)})
    return ratio(total(rows, by, lambda row: row["net"]), total(rows, by, lambda row: row["potential"]))


KPIS: dict[str, Callable[[Company, Period, By], Cells]] = {
    "market_share": market_share,
    "competitor_win_rate": competitor_win_rate,
    "price_index": price_index,
    "share_of_wallet": share_of_wallet,
}
