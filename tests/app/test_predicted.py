"""Predictions on the pages of their subjects: what the edition holds is shown, to those whose customers, leads and products they are."""

from __future__ import annotations

from typing import Any

import pytest

from nextmove.predictions import TASKS
from nextmove.words import speaking


def _own(ask: Any, username: str) -> str:
    from nextmove.app.models import User

    return str(User.objects.get(username=username).rep_id)


@pytest.mark.parametrize("task", [task.task for task in TASKS])
def test_every_task_is_in_the_api_within_reach(signed_in: Any, ask: Any, task: str) -> None:
    """A representative gets the same rows as an administrator, but only those of their own accounts, leads and deals."""
    everything = signed_in("admin").get(f"/api/predictions/{task}?most=1000")
    if everything.status_code == 404:
        assert "nextmove refresh" in everything.json()["hint"]
        return
    own = signed_in("rep").get(f"/api/predictions/{task}?most=1000").json()
    rep, mine = _own(ask, "rep"), set()
    for table, key in (("accounts", "account_id"), ("leads", "lead_id")):
        mine |= {row[key] for row in ask(f"select {key} from main.{table} where rep_id = '{rep}'")}
    for row in own:
        assert row.get("lead_id", row.get("account_id")) in mine or "opportunity_id" in row
    assert len(own) < len(everything.json())


def test_an_unknown_task_names_its_neighbours(signed_in: Any) -> None:
    answer = signed_in("admin").get("/api/predictions/custmers")
    assert answer.status_code == 404
    assert "customers" in str(answer.json())


def test_a_customer_says_what_to_expect(signed_in: Any, ask: Any) -> None:
    row = signed_in("admin").get("/api/predictions/customers?most=1").json()[0]
    page = signed_in("admin").get(f"/api/customers/{row['account_id']}").json()["outlook"]
    assert page["risk"]["probability"] == row["score"]
    assert page["risk"]["why"] == row["reason"]
    assert page["next_order"]["earliest"] <= page["next_order"]["on"] <= page["next_order"]["latest"]
    assert page["worth"]["low"] <= page["worth"]["year"] <= page["worth"]["high"]
    assert page["worth"]["purchases_low"] <= page["worth"]["purchases"] <= page["worth"]["purchases_high"]
    body = signed_in("admin").get(f"/customers/{row['account_id']}").content.decode()
    assert "What to expect" in body


def test_a_customer_without_a_rhythm_says_so(signed_in: Any, ask: Any) -> None:
    row = ask("select account_id from main.accounts where account_id not in (select account_id from predictions.customers) limit 1")[0]
    page = signed_in("admin").get(f"/api/customers/{row['account_id']}").json()["outlook"]
    assert page["risk"] is None
    assert "three purchase days" in page["why_not"]


def test_leads_come_best_first_and_by_grade(signed_in: Any) -> None:
    page = signed_in("admin").get("/api/leads").json()
    scores = [lead["score"] for lead in page["leads"]]
    assert scores == sorted(scores, reverse=True) and scores
    grade = next((lead["grade"] for lead in page["leads"] if lead["grade"]), "")
    assert {lead["grade"] or "" for lead in signed_in("admin").get(f"/api/leads?grade={grade}").json()["leads"]} == {grade}
    assert signed_in("admin").get("/leads.csv").content.decode("utf-8-sig").startswith("as_of,")


def test_a_product_says_who_dropped_it_and_whom_to_offer_it(signed_in: Any, ask: Any) -> None:
    row = ask("select product_id, count(*) as n, sum(value) as value from predictions.cross_sell group by 1 order by 2 desc, 1 limit 1")[0]
    page = signed_in("admin").get(f"/api/products/{row['product_id']}").json()
    assert page["product"]["offers"] == row["n"]
    assert len(page["offers"]) == min(20, row["n"])
    assert signed_in("admin").get(f"/products/{row['product_id']}").status_code == 200
    assert signed_in("admin").get("/products/NO-SUCH").status_code == 404


def test_a_customer_page_names_prices_below_those_of_others(signed_in: Any, ask: Any) -> None:
    row = ask("select * from predictions.price where price < price_lo order by value desc, account_id limit 1")[0]
    gap = signed_in("admin").get(f"/api/customers/{row['account_id']}").json()["prices"][0]
    assert (gap["product_id"], gap["left"], gap["peers"]) == (row["product_id"], row["value"], row["peers"])
    assert gap["price"] < gap["low"] <= gap["median"] <= gap["high"]
    assert "Prices below comparable customers" in signed_in("admin").get(f"/customers/{row['account_id']}").content.decode()


def test_a_customer_page_without_a_low_price_says_nothing_of_prices(signed_in: Any, ask: Any) -> None:
    low = "select account_id from predictions.price where price < price_lo"
    row = ask(f"select account_id from main.accounts where account_id not in ({low}) order by account_id limit 1")[0]
    assert "Prices below comparable customers" not in signed_in("admin").get(f"/customers/{row['account_id']}").content.decode()


def test_the_reason_of_a_lead_is_in_the_readers_language(django: object) -> None:
    from nextmove.app import telling

    values = {"field": "predictions.field.industry", "value": "Retail", "percent": 40, "base": 20}
    with speaking("he"):
        told = telling.line("predictions.leads.reason", values, currency="EUR")
    assert "ענף" in told
    assert "industry" not in told


def test_the_forecast_says_whether_last_year_is_told(signed_in: Any, ask: Any) -> None:
    method = ask("select distinct method from predictions.forecast where kpi = 'net_sales'")[0]["method"]
    assert signed_in("admin").get("/api/forecast").json()["by_rule"] == (method == "rule")
    assert ("told as last year" in signed_in("admin").get("/forecast").content.decode()) == (method == "rule")
