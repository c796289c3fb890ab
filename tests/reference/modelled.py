"""KPIs that read what predictions tell, with made-up scores: that a number uses the right ones can be told without a model."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any
from zlib import crc32

import pyarrow as pa

from nextmove.engine import DuckDBEngine

from .calendars import ONE_DAY, Period
from .company import Company
from .customers import bought, customer, events, firsts
from .leads_and_marketing import reached, spent
from .tally import By, Cell, Cells, Member, Row, Sets, Sums, distinct, plain, total

PERSONA = {"segment": ("smb",), "country": ("PL", "AE")}


def made_up(*words: object) -> Fraction:
    """A number between 0 and 1 that is the same each time."""
    return Fraction(crc32(" ".join(map(str, words)).encode()) % 1000, 1000)


def valued_on(company: Company) -> list[dt.date]:
    """The ends of some months, and the last day."""
    ends = [dt.date(year, month, 1) - ONE_DAY for year in (2023, 2024, 2025) for month in (2, 4, 5, 9, 12)]
    return [*(end for end in ends if end < company.as_of), company.as_of]


def values_of(account: str, day: dt.date) -> dict[str, Fraction] | None:
    """What a customer was expected to bring, as valued on a day; some are not valued."""
    if made_up(account, day, "known") < Fraction(1, 10):
        return None
    profit = made_up(account, day, "profit") * 1000 - 100
    return {"profit": profit, "sales": profit * 3 + 7, "profit_discounted": profit * Fraction(7, 8), "sales_discounted": profit * 2 + 5}


def write_scores(engine: DuckDBEngine, company: Company) -> None:
    """Fill the tables that predictions fill."""
    values = [
        {"valued_on": day, "account_id": account} | {name: float(value) for name, value in found.items()}
        for day in valued_on(company)
        for account in company.purchases
        if (found := values_of(account, day))
    ]
    leads = [{"lead_id": lead["lead_id"], "learnt_on": company.as_of, "chance": float(chance)} for lead, chance in judged(company)]
    deals = [
        {"opportunity_id": deal["opportunity_id"], "scored_on": company.as_of, "chance": float(made_up(deal["opportunity_id"]))}
        for deal in company.deals
    ]
    persona = [{"attribute": a, "member": m, "belongs": True} for a, members in PERSONA.items() for m in members]
    persona.append({"attribute": "industry", "member": "food", "belongs": False})
    for table, rows in {"account_values": values, "lead_quality": leads, "deal_chances": deals, "learnt_persona": persona}.items():
        engine.write("main.made", pa.Table.from_pylist(rows))
        engine.execute(f"insert into main.{table} by name select * from main.made; drop table main.made")


def judged(company: Company) -> Iterable[tuple[Row, Fraction]]:
    """Leads that the model could judge."""
    every = ((lead, made_up(lead["lead_id"])) for lead in company.leads)
    return [(lead, chance) for lead, chance in every if chance > Fraction(1, 10)]


def last_valuation(company: Company, period: Period) -> dt.date | None:
    return max((day for day in valued_on(company) if day < period.until), default=None)


Worth = Callable[[str, dt.date | None], Fraction | None]


def expected(name: str) -> Worth:
    def worth(account: str, day: dt.date | None) -> Fraction | None:
        found = values_of(account, day) if day else None
        return found[name] if found else None

    return worth


def mean_worth(active: Sets, worth: Worth, day: dt.date | None) -> tuple[Sums, Sums]:
    """The sum over the accounts of each member that are valued, and how many these are."""
    known: dict[Member, list[Fraction]] = {
        member: [value for account in accounts if (value := worth(str(account), day)) is not None] for member, accounts in active.items()
    }
    found = {member: values for member, values in known.items() if values}
    return {member: sum(values) for member, values in found.items()}, {member: len(values) for member, values in found.items()}


def clv(name: str = "profit_discounted") -> Callable[[Company, Period, By], Cells]:
    def cells(company: Company, period: Period, by: By) -> Cells:
        """Of the customers active in the period, by the last valuation up to its end."""
        placed = [{**line, "members": line["life"]} for line in bought(company, period)]
        worth, valued = mean_worth(distinct(placed, by, customer), expected(name), last_valuation(company, period))
        return {member: Cell(Fraction(worth[member]) / valued[member], worth[member], valued[member]) for member in worth}

    return cells


def clv_to_cac(name: str = "profit_discounted", *departments: str) -> Callable[[Company, Period, By], Cells]:
    def cells(company: Company, period: Period, by: By) -> Cells:
        """Of the customers won in the period, placed by their first purchase."""
        won = firsts(company, period)
        placed = distinct([{**line, "members": line["life"]} for line in won], by, customer)
        worth, valued = mean_worth(placed, expected(name), last_valuation(company, period))
        cost, many = spent(company, period, by, *(departments or ("marketing", "sales"))), events(won, by)
        found: dict[Member, Cell] = {}
        for member in {*worth, *cost, *many}:
            each = Fraction(worth[member]) / valued[member] if member in worth else None
            price = Fraction(cost.get(member, 0)) / Fraction(many[member]) if member in many else None
            found[member] = Cell(each / price if each is not None and price else None)
        return found

    return cells


def weighted_leads(company: Company, period: Period, by: By) -> Cells:
    """The score where one is given, else the chance, where the model has one."""
    chances = {lead["lead_id"]: chance for lead, chance in judged(company)}

    def weight(lead: Row) -> Any:  # Any: a fraction, or None
        return Fraction(lead["score"]) / 100 if lead["score"] is not None else chances.get(lead["lead_id"])

    known = [lead for lead in reached(company, period, "created_at") if weight(lead) is not None]
    return plain(total(known, by, weight))


KPIS: dict[str, Callable[[Company, Period, By], Cells]] = {
    "clv": clv(),
    "clv_to_cac": clv_to_cac(),
    "weighted_leads": weighted_leads,
}
