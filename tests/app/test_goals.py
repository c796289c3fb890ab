"""The goal wizard and the KPI page's other definitions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from nextmove.settings import Settings
from nextmove.workspace import Workspace

if TYPE_CHECKING:
    from django.test import Client
    from playwright.sync_api import Page

SignedIn = Callable[[str], "Client"]


@pytest.fixture
def settings(django: Workspace) -> Iterator[Callable[[], Settings]]:
    """The settings as the file says; put back afterwards."""
    path = django.root / "nextmove.toml"
    before = path.read_text(encoding="utf-8")
    yield lambda: Settings.read(path)
    path.write_text(before, encoding="utf-8")


def test_choosing_a_goal_changes_the_scorecard_at_once(signed_in: SignedIn, settings: Callable[[], Settings]) -> None:
    admin = signed_in("admin")
    assert admin.get("/api/scorecard").json()["primary"][0]["kpi"] == "net_sales"
    draft = admin.get("/settings/goals", {"goal": "higher_conversion", "shown": "more_revenue"}).content.decode()
    assert 'name="primary" value="win_rate" checked' in draft
    form = {
        "goal": "higher_conversion",
        "shown": "higher_conversion",
        "primary": ["win_rate", "stage_conversion"],
        "secondary": ["leads", "win_rate"],
    }
    answer = admin.post("/settings/goals", form)
    assert (answer.status_code, answer["Location"]) == (302, "/settings/goals?saved=1")
    assert (settings().goals.goal, settings().goals.primary, settings().goals.secondary) == (
        "higher_conversion",
        ("win_rate", "stage_conversion"),
        ("leads",),
    )
    card = admin.get("/api/scorecard").json()
    assert [tile["kpi"] for tile in card["primary"]] == ["win_rate", "stage_conversion"]
    assert [tile["kpi"] for tile in card["secondary"]] == ["leads"]
    assert card["goal"] == "Higher conversion"
    assert "Higher conversion" in admin.get("/scorecard").content.decode()


def test_what_pulls_is_told_and_what_is_no_scorecard_cannot_be_saved(signed_in: SignedIn, settings: Callable[[], Settings]) -> None:
    manager = signed_in("manager")
    page = manager.get("/settings/goals", {"goal": "more_revenue", "shown": "more_revenue", "primary": "net_sales"}).content.decode()
    assert "discounts that cost gross margin" in page
    assert "would see it get worse" in page
    assert "two or three primary KPIs" in page
    before = settings().goals
    refused = manager.post("/api/goals", {"goal": "more_revenue", "primary": ["net_sales"]}, content_type="application/json")
    assert refused.status_code == 400
    assert settings().goals == before


def test_the_goal_is_not_everybodys_to_choose(signed_in: SignedIn) -> None:
    for person in ("rep", "analyst", "marketing"):
        assert signed_in(person).get("/settings/goals").status_code == 404
        assert signed_in(person).post("/api/goals", {"goal": "more_profit"}, content_type="application/json").status_code == 404


def test_a_kpi_says_how_it_is_defined_and_what_it_would_be_otherwise(signed_in: SignedIn) -> None:
    analyst = signed_in("analyst")
    page = analyst.get("/kpis/churn_rate").content.decode()
    assert "Months without a purchase until lost" in page
    told: Any = analyst.get("/api/kpis/churn_rate/definitions", {"grain": "quarter"}).json()
    by_option = {one["option"]: {each["choice"]: each for each in one["definitions"]} for one in told["disputed"]}
    assert set(by_option) >= {"churn_window_months", "denominator"}
    assert [choice for choice, each in by_option["churn_window_months"].items() if each["chosen"]] == ["12"]
    for option in ("churn_window_months", "denominator"):
        for choice, each in by_option[option].items():
            asked = {"grain": "quarter", "option": f"{option}={choice}"}
            values = analyst.get("/api/kpis/churn_rate/values", asked).json()
            assert each["value"] == pytest.approx(values[-1]["value"]), (option, choice)
    assert len({each["value"] for each in by_option["churn_window_months"].values()}) > 1
    assert "Under other definitions" in page
    assert analyst.get("/kpis/churn_rate/definitions").status_code == 200


def test_an_unknown_definition_names_its_neighbours(signed_in: SignedIn) -> None:
    answer = signed_in("analyst").get("/api/kpis/churn_rate/values", {"option": "denominator=avrage"})
    assert answer.status_code == 404
    assert "average" in answer.json()["hint"]


def test_the_wizard_in_a_browser(visiting: Callable[..., Page]) -> None:
    page = visiting("admin")
    page.goto("/settings/goals")
    page.get_by_text("Keep customers").click()
    page.wait_for_selector('input[name="primary"][value="churn_rate"]:checked')
    page.get_by_label("Satisfaction", exact=False).first.wait_for()
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Saved").wait_for()
    page.goto("/scorecard")
    assert page.get_by_text("Keep customers").count() == 1
