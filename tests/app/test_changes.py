"""What changed, and why: within reach, grouped, with parts that add up; and nothing of others in any of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

Ask = Callable[[str], list[dict[str, Any]]]


def _all(answer: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for alert in answer["alerts"] for one in (alert, *alert["under_it"])]


def _person(username: str) -> Any:
    from nextmove.app.models import User

    return User.objects.get(username=username)


@pytest.mark.parametrize("person", ["admin", "analyst", "marketing"])
def test_who_sees_everything_is_told_of_every_open_alert(signed_in: Any, ask: Ask, person: str) -> None:
    told = {one["alert_id"] for one in _all(signed_in(person).get("/api/changes").json())}
    assert told == {row["alert_id"] for row in ask("select alert_id from main.alerts where closed_on is null")}


def test_a_representative_is_told_of_the_own_numbers_and_customers(signed_in: Any, ask: Ask) -> None:
    own = _person("rep").rep_id
    accounts = {row["account_id"] for row in ask(f"select account_id from main.accounts where rep_id = '{own}'")}
    told = _all(signed_in("rep").get("/api/changes").json())
    assert {one["member"] for one in told if one["dimension"] == "rep"} == {own}
    assert {one["dimension"] for one in told} == {"rep", "account"}
    assert {one["member"] for one in told if one["dimension"] == "account"} <= accounts


def test_a_manager_is_told_of_the_own_teams_and_their_people(signed_in: Any, ask: Ask) -> None:
    teams = set(_person("manager").teams)
    reps = {row["rep_id"] for row in ask("select rep_id, team from main.reps") if row["team"] in teams}
    told = _all(signed_in("manager").get("/api/changes").json())
    assert {one["member"] for one in told if one["dimension"] == "team"} == teams
    assert {one["member"] for one in told if one["dimension"] == "rep"} == reps
    assert not {one["dimension"] for one in told} & {"", "region"}


@pytest.mark.parametrize("person", ["manager", "rep"])
def test_a_change_of_somebody_else_is_not_there(signed_in: Any, ask: Ask, person: str) -> None:
    browser = signed_in(person)
    within = {one["alert_id"] for one in _all(browser.get("/api/changes").json())}
    for row in ask("select alert_id from main.alerts where closed_on is null"):
        expected = 200 if row["alert_id"] in within else 404
        assert browser.get(f"/changes/{row['alert_id']}").status_code == expected, row
        assert browser.get(f"/api/changes/{row['alert_id']}").status_code == expected, row


def test_a_cause_beyond_reach_is_not_named(signed_in: Any, ask: Ask) -> None:
    other = next(row["cause"] for row in ask("select cause from main.alerts where kpi = 'gross_profit'")).partition("=")[2]
    name = ask(f"select name from main.accounts where account_id = '{other}'")[0]["name"]
    browser = signed_in("rep")
    assert other not in (told := json.dumps(browser.get("/api/changes").json(), ensure_ascii=False)) and name not in told
    everything = {one["kpi"]: one["cause"] for one in _all(signed_in("admin").get("/api/changes").json())}
    assert name in everything["gross_profit"]


def test_rows_of_the_whole_company_are_counted_for_those_who_see_it(signed_in: Any) -> None:
    assert "98" in signed_in("admin").get("/api/changes").json()["held"][0]
    told = signed_in("rep").get("/api/changes").json()["held"]
    assert len(told) == 1 and "98" not in told[0] and "incomplete" in told[0]


def test_alerts_of_one_cause_stand_under_the_largest(signed_in: Any) -> None:
    listed = signed_in("rep").get("/api/changes").json()["alerts"]
    first = next(alert for alert in listed if alert["kpi"] == "gross_profit")
    assert [one["kpi"] for one in first["under_it"]] == ["units_sold"]
    assert [alert["at_stake"] for alert in listed] == sorted((alert["at_stake"] for alert in listed), reverse=True)


def test_what_closed_stands_apart_with_its_days(signed_in: Any) -> None:
    closed = signed_in("admin").get("/api/changes?view=closed").json()["alerts"]
    assert [alert["kpi"] for alert in closed] == ["orders"] and closed[0]["closed_on"]
    assert "closed on" in signed_in("admin").get("/changes?view=closed").content.decode()
    assert "Nothing closed" in signed_in("rep").get("/changes?view=closed").content.decode()


def test_a_change_has_three_lines_and_a_chart_with_its_band(signed_in: Any, ask: Ask) -> None:
    name = ask("select alert_id from main.alerts where kpi = 'net_sales' and dimension = ''")[0]["alert_id"]
    told = signed_in("admin").get(f"/api/changes/{name}").json()
    assert told["what"] is None or told["what"].startswith("Net sales fell")
    drawn = told["chart"]["option"]["series"]
    assert [series["name"] for series in drawn][1:] == ["Expected", "Expected at least", "Expected at most"]
    assert [value for value in drawn[1]["data"] if value is not None] == [3000.0, 3000.0]
    corners = drawn[1]["markArea"]["data"][0]
    assert (corners[0]["yAxis"], corners[1]["yAxis"]) == (2000.0, 4000.0)
    assert len(set(told["chart"]["option"]["xAxis"]["data"])) == len(drawn[0]["data"])


@pytest.mark.parametrize("person", ["admin", "manager", "rep"])
@pytest.mark.parametrize("versus", ["previous", "year_ago"])
def test_the_parts_add_up_to_the_change(signed_in: Any, person: str, versus: str) -> None:
    """By the API's own values a part is told, not computed: the sentence, the bridge and the KPI page must agree."""
    browser = signed_in(person)
    told = browser.get(f"/api/kpis/net_sales/why?versus={versus}").json()
    values = browser.get("/api/kpis/net_sales/values?grain=month").json()
    now = next(row for row in values if row["period_start"][:7] == told["period"])
    assert f"{now['value']:,.0f}" in told["what"]
    bridge = next(table for table in told["tables"] if table["kind"] == "bridge")
    parts = [float(part["effect"].replace("−", "-").replace("€", "").replace(",", "").replace("+", "")) for part in bridge["parts"]]
    change = float(told["change"].replace("−", "-").replace("€", "").replace(",", "").replace("+", ""))
    assert sum(parts) == pytest.approx(change, abs=len(parts)), "each part is rounded to one unit"


@pytest.mark.parametrize("person", ["manager", "rep"])
@pytest.mark.parametrize("kpi", ["net_sales", "gross_profit", "active_customers", "win_rate"])
def test_an_explanation_names_nobody_beyond_reach(signed_in: Any, ask: Ask, person: str, kpi: str) -> None:
    user = _person(person)
    own = (
        {user.rep_id} if user.rep_id else {row["rep_id"] for row in ask("select rep_id, team from main.reps") if row["team"] in user.teams}
    )
    beyond = {row["name"] for row in ask("select rep_id, name from main.reps") if row["rep_id"] not in own}
    told = json.dumps(signed_in(person).get(f"/api/kpis/{kpi}/why?versus=year_ago").json(), ensure_ascii=False)
    assert not [name for name in beyond if name in told]


def test_a_member_beyond_reach_explains_nothing(signed_in: Any, ask: Ask) -> None:
    own = _person("rep").rep_id
    other = ask(f"select rep_id from main.reps where rep_id <> '{own}' limit 1")[0]["rep_id"]
    told = signed_in("rep").get(f"/api/kpis/net_sales/why?where=rep:{other}").json()
    assert told["tables"] == [] and told["events"] == []


@pytest.mark.parametrize("query", ["versus=tomorrow", "where=colour:red", "period=2026-13", "period=2099"])
def test_a_why_that_makes_no_sense_is_refused(signed_in: Any, query: str) -> None:
    answer = signed_in("admin").get(f"/api/kpis/net_sales/why?{query}")
    assert answer.status_code in (400, 404) and answer.json()["error"]


def test_the_page_speaks_the_readers_language(signed_in: Any) -> None:
    from nextmove.app.models import User

    for language, title in (("he", "מה השתנה"), ("pl", "Co się zmieniło"), ("fa", "چه تغییر کرد")):
        User.objects.filter(username="manager").update(language=language)
        assert title in signed_in("manager").get("/changes").content.decode()
