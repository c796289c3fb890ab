"""Who sees what: every role, page and object. What is out of reach is not there, in no page, export or answer of the API."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

Ask = Callable[[str], list[dict[str, Any]]]
ROLES = ("admin", "manager", "rep", "analyst", "marketing")
EVERYBODY = frozenset(ROLES)
OPEN_TO = {
    "today": {"admin", "manager", "rep"},
    "scorecard": EVERYBODY - {"rep"},
    "changes": EVERYBODY,
    "kpis": EVERYBODY,
    "kpis/net_sales": EVERYBODY,
    "customers": EVERYBODY,
    "pipeline": EVERYBODY,
    "data": {"admin", "analyst"},
    "marketing": {"admin", "analyst", "marketing"},
}
EXPORTS = ("kpis/net_sales/values.csv", "scorecard/people.csv", "pipeline/movement.csv")


@pytest.mark.parametrize("page", sorted(OPEN_TO))
@pytest.mark.parametrize("person", ROLES)
def test_a_role_has_its_pages_and_no_others(signed_in: Any, person: str, page: str) -> None:
    expected = 200 if person in OPEN_TO[page] else 404
    assert signed_in(person).get(f"/{page}").status_code == expected
    assert signed_in(person).get(f"/api/{page}").status_code == expected


@pytest.mark.parametrize("path", [*(f"/{page}" for page in OPEN_TO), *(f"/{file}" for file in EXPORTS), "/data/rejects/1.csv"])
def test_a_stranger_is_sent_to_the_door(django: Any, path: str) -> None:
    from django.test import Client

    response = Client().get(path)
    assert response.status_code == 302
    assert response["Location"].startswith("/sign-in?next=")


@pytest.mark.parametrize("path", [f"/api/{page}" for page in OPEN_TO])
def test_a_stranger_gets_nothing_from_the_api(django: Any, path: str) -> None:
    from django.test import Client

    assert Client().get(path).status_code == 401


def _reps_of(ask: Ask, username: str) -> set[str]:
    """The representatives within reach, worked out apart from the app."""
    from nextmove.app.models import User

    user = User.objects.get(username=username)
    if user.role == "representative":
        return {user.rep_id}
    everyone = ask("select rep_id, team from main.reps")
    return {row["rep_id"] for row in everyone if user.role != "manager" or row["team"] in user.teams}


@pytest.mark.parametrize("person", ROLES)
def test_the_list_of_customers_holds_all_within_reach_and_none_beyond(signed_in: Any, ask: Ask, person: str) -> None:
    reps, found, page = _reps_of(ask, person), set(), 1
    while True:
        answer = signed_in(person).get(f"/api/customers?page={page}").json()
        if not answer["rows"]:
            break
        found |= {row["account_id"] for row in answer["rows"]}
        page += 1
    accounts = ask("select account_id, rep_id from main.accounts")
    everything = person in ("admin", "analyst", "marketing")
    assert found == {row["account_id"] for row in accounts if everything or row["rep_id"] in reps}


@pytest.mark.parametrize("person", ["manager", "rep"])
def test_a_customer_of_somebody_else_is_not_there(signed_in: Any, ask: Ask, person: str) -> None:
    reps = ", ".join(f"'{rep}'" for rep in _reps_of(ask, person))
    beyond = ask(f"select account_id from main.accounts where rep_id not in ({reps}) limit 5")
    within = ask(f"select account_id from main.accounts where rep_id in ({reps}) limit 5")
    assert beyond and within
    browser = signed_in(person)
    for path in ("/customers/{}", "/customers/{}/items.csv", "/api/customers/{}"):
        assert {browser.get(path.format(row["account_id"])).status_code for row in beyond} == {404}
        assert {browser.get(path.format(row["account_id"])).status_code for row in within} == {200}
    unknown = browser.get("/api/customers/nobody-has-this-id").content
    assert browser.get(f"/api/customers/{beyond[0]['account_id']}").content == unknown, "not there, and not told apart from nothing"


@pytest.mark.parametrize("person", ["manager", "rep"])
def test_a_move_of_somebody_else_cannot_be_decided(signed_in: Any, ask: Ask, person: str) -> None:
    reps = ", ".join(f"'{rep}'" for rep in _reps_of(ask, person))
    beyond = ask(f"select action_key from main.actions where rep_id not in ({reps}) and not withheld limit 1")
    key, browser = beyond[0]["action_key"], signed_in(person)
    assert browser.post(f"/moves/{key}/accept").status_code == 404
    assert browser.post(f"/api/moves/{key}/accept", "{}", content_type="application/json").status_code == 404
    assert key not in browser.get("/today").content.decode()


def test_a_move_of_the_control_group_is_nobodys(signed_in: Any, ask: Ask) -> None:
    withheld = ask("select action_key from main.actions where withheld limit 1")
    assert signed_in("admin").post(f"/moves/{withheld[0]['action_key']}/accept").status_code == 404


@pytest.mark.parametrize("person", ["manager", "rep"])
def test_moves_are_those_of_ones_own_representatives(signed_in: Any, ask: Ask, person: str) -> None:
    reps = _reps_of(ask, person)
    listed = signed_in(person).get("/api/moves").json()
    assert listed["moves"]
    assert {move["rep_id"] for move in listed["moves"]} <= reps
    other = ask("select distinct rep_id from main.actions")
    for row in other:
        if row["rep_id"] not in reps:
            assert signed_in(person).get(f"/api/moves?rep={row['rep_id']}").json()["rep"] == ""


@pytest.mark.parametrize("person", ["manager", "rep"])
def test_a_kpi_counts_only_what_is_within_reach(signed_in: Any, ask: Ask, person: str) -> None:
    """Net sales of a year by the app against the same by hand."""
    reps = ", ".join(f"'{rep}'" for rep in _reps_of(ask, person))
    by_hand = ask(f"select sum(net) as net from facts.sales where rep_id in ({reps}) and day >= '2025-01-01' and day < '2026-01-01'")
    asked = signed_in(person).get("/api/kpis/net_sales/values?grain=year&start=2025-01-01&end=2026-01-01").json()
    assert [row["value"] for row in asked] == [pytest.approx(float(by_hand[0]["net"]))]
    everything = signed_in("admin").get("/api/kpis/net_sales/values?grain=year&start=2025-01-01&end=2026-01-01").json()
    assert everything[0]["value"] > asked[0]["value"]


def test_cuts_and_exports_name_nobody_beyond_reach(signed_in: Any, ask: Ask) -> None:
    reps = _reps_of(ask, "rep")
    beyond = {row["rep_id"] for row in ask("select rep_id from main.reps")} - reps
    browser = signed_in("rep")
    told = browser.get("/api/kpis/net_sales/values?grain=year&by=rep").json()
    assert {row["rep"] for row in told} <= reps
    for path in (
        "/kpis/net_sales?by=rep&grain=year",
        "/kpis/net_sales/values.csv?by=rep&grain=year",
        "/kpis/net_sales?where=rep:" + min(beyond),
    ):
        body = browser.get(path).content.decode().partition("SQL")[0]
        assert not [rep for rep in beyond if f">{rep}<" in body or f",{rep}," in body], path
    assert browser.get(f"/api/kpis/net_sales/values?grain=year&where=rep={min(beyond)}").json() == []


def test_a_person_without_a_representative_sees_nothing(signed_in: Any, django: Any) -> None:
    from nextmove.app.models import User

    user = User.objects.create(username="nobody", role="representative", rep_id="", password="!")
    try:
        browser = signed_in("nobody")
        assert browser.get("/api/customers").json()["found"] == 0
        assert browser.get("/api/moves").json()["moves"] == []
        assert browser.get("/api/kpis/net_sales/values?grain=year").json() == []
        assert browser.get("/today").status_code == 200
    finally:
        user.delete()


@pytest.fixture
def cost_is_hidden(django: Any) -> Any:
    """The company hides cost and profit from representatives."""
    from nextmove.app.visit import shelf

    edition = shelf().current()
    shown = edition.settings
    edition.settings = shown.model_copy(update={"app": shown.app.model_copy(update={"hide_cost_from": ("representative",)})})
    yield
    edition.settings = shown


def test_cost_and_profit_can_be_hidden_from_a_role(signed_in: Any, cost_is_hidden: None) -> None:
    browser = signed_in("rep")
    listed = {line["kpi"] for theme in browser.get("/api/kpis").json()["themes"] for line in theme["lines"]}
    assert "net_sales" in listed
    assert not listed & {"gross_profit", "gross_margin"}
    assert {browser.get(f"/{area}/{kpi}").status_code for area in ("kpis", "api/kpis") for kpi in ("gross_profit", "gross_margin")} == {404}
    assert browser.get("/kpis/gross_margin/values.csv").status_code == 404
    assert {browser.get(f"/{area}/{kpi}/why").status_code for area in ("kpis", "api/kpis") for kpi in ("gross_profit", "gross_margin")} == {
        404
    }
    assert "gross_profit" not in json.dumps(browser.get("/api/changes").json())
    today = json.dumps(browser.get("/api/today").json())
    assert "gross_profit" not in today and "margin_erosion" not in today
    assert signed_in("manager").get("/kpis/gross_profit").status_code == 200


@pytest.mark.parametrize("person", ["admin", "manager", "rep", "analyst", "marketing"])
def test_no_page_links_to_one_that_its_reader_does_not_have(signed_in: Any, person: str) -> None:
    page, linked = signed_in(person), dict[str, tuple[str, str]]()
    for start in ("/scorecard", "/gap", "/peers", "/funnel", "/leavers", "/marketing", "/changes", "/kpis/net_sales"):
        shown = page.get(start)
        for link in re.findall(r'href="(/[^"#?]*)', shown.content.decode()) if shown.status_code == 200 else ():
            linked.setdefault(link.split("/")[1], (start, link))  # one of each kind
    assert [found for kind, found in linked.items() if kind != "static" and page.get(found[1]).status_code == 404] == []
