"""What marketing brings: the same money as the KPIs tell, however it is cut; who bleeds; and a persona that is found again."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import pyarrow as pa
import pytest

from nextmove.engine import DuckDBEngine
from nextmove.errors import MissingData, UnknownName
from nextmove.insights.marketing import CUTS, Verdict, returns
from nextmove.insights.marketing.returns import Return
from nextmove.predictions.persona import Persona

AS_OF = dt.date(2024, 9, 17)


@pytest.mark.parametrize("by", CUTS)
def test_the_parts_are_the_whole(by: str, reference: Any) -> None:
    found = returns(reference.engine, as_of=AS_OF, by=by)
    start = AS_OF - dt.timedelta(days=730)
    window = f"day >= date '{start}' and day <= date '{AS_OF}'"
    ask = {
        "spend": f"select sum(amount) from facts.spend where department = 'marketing' and {window}",
        "leads": f"select count(*) from facts.leads where {window}",
        "customers": f"select count(*) from facts.purchase_ends where opens_day and previous_day is null and {window}",
    }
    for name, sql in ask.items():
        whole = float(reference.engine.query(sql).column(0)[0].as_py())
        assert whole > 0
        assert sum(getattr(each, name) for each in found) == pytest.approx(whole, abs=0.05), name
    assert sum(each.mature_profit for each in found) < sum(each.profit for each in found)


def test_spend_without_leads_is_no_segment_that_bleeds() -> None:
    with DuckDBEngine() as engine:
        engine.execute(
            """create schema facts;
            create table main.campaigns (campaign_id varchar, channel varchar);
            create table facts.spend as select * from (values ('C1', 100.0), ('C2', 40.0)) as t (campaign_id, amount),
                (select 'marketing' as department, date '2023-03-01' as day);
            create table facts.leads as select * from (values ('retail'), (null)) as t (segment),
                (select 'C1' as campaign_id, date '2023-03-05' as day);
            create table facts.first_year_profit (account_id varchar, sold_on date, profit double);
            create table facts.purchase_ends
                (account_id varchar, campaign_id varchar, segment varchar, day date, opens_day boolean, previous_day date)"""
        )
        found = {each.member: each for each in returns(engine, as_of=AS_OF, by="segment")}
        told = {member: (each.spend, each.verdict, each.loss) for member, each in found.items()}
        assert told == {
            "retail": (50, Verdict.bleeding, 50),
            "(unknown)": (50, Verdict.bleeding, 50),
            "(unassigned)": (40, Verdict.unassigned, 0),
        }
        assert found["(unassigned)"].romi is None
        assert {each.member for each in returns(engine, as_of=AS_OF)} == {"C1", "C2"}


def test_an_unknown_cut_names_its_neighbours(reference: Any) -> None:
    with pytest.raises(UnknownName, match="campain"):
        returns(reference.engine, as_of=AS_OF, by="campain")


@pytest.mark.parametrize(
    ("mature_spend", "mature_profit", "spend", "verdict", "loss"),
    [(100, 40, 150, Verdict.bleeding, 60), (100, 140, 150, Verdict.pays, 0), (0, 0, 150, Verdict.early, 0), (0, 20, 0, Verdict.free, 0)],
)
def test_only_what_had_its_year_is_judged(mature_spend: float, mature_profit: float, spend: float, verdict: Verdict, loss: float) -> None:
    found = Return("C", spend, 10, 2, mature_profit, mature_spend, mature_profit)
    assert (found.verdict, found.loss) == (verdict, loss)
    assert (found.payback_months is None) == (mature_spend == 0)


def shop(customers: int) -> DuckDBEngine:
    """Customers of two segments and three countries; those of the segment `large` bring five times as much, the country tells nothing."""
    dice = random.Random(5)
    accounts = [
        {"account_id": f"A{n}", "segment": "large" if n % 4 == 0 else "small", "country": dice.choice(["DE", "PL", "AE"])}
        for n in range(customers)
    ]
    sales = [
        {
            "account_id": each["account_id"],
            "day": AS_OF - dt.timedelta(days=dice.randrange(700)),
            "net": (500 if each["segment"] == "large" else 100) * dice.uniform(0.5, 1.5),
            "is_purchase": True,
            "status": "completed",
        }
        for each in accounts
        for _ in range(3)
    ]
    engine = DuckDBEngine()
    engine.execute("create schema facts")
    engine.write("main.accounts", pa.Table.from_pylist([{**each, "industry": None, "company_size": None} for each in accounts]))
    engine.write("facts.sales", pa.Table.from_pylist(sales))
    for lacking in ("cost double", "product_id varchar", "unpriced varchar"):
        engine.execute(f"alter table facts.sales add column {lacking}")
    return engine


def test_what_the_best_customers_have_in_common_is_found_again() -> None:
    with shop(200) as engine:
        rows = Persona().learn(engine, as_of=AS_OF).to_pylist()
    assert [(row["attribute"], row["member"]) for row in rows if row["belongs"]] == [("segment", "large")]
    assert {row["attribute"] for row in rows} == {"segment", "country"}
    for attribute in ("segment", "country"):
        assert sum(row["best"] for row in rows if row["attribute"] == attribute) == 40


def test_a_persona_is_not_learnt_from_a_handful() -> None:
    with shop(30) as engine, pytest.raises(MissingData, match="at least 50 customers; 30 bought"):
        Persona().learn(engine, as_of=AS_OF)
