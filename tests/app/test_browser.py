"""The app in a real browser: what a person does in a day, on a laptop and on a phone, left to right and right to left."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

Visiting = Callable[..., Page]
PAGES = ("/today", "/scorecard", "/changes", "/kpis", "/kpis/net_sales", "/customers", "/pipeline", "/data")


def _first_move(page: Page) -> str:
    page.goto("/today")
    expect(page.locator(".move").first).to_be_visible()
    return page.locator(".move").first.get_attribute("id") or ""


def _choose(page: Page, move: str, menu: str, choice: str) -> None:
    page.locator(f"#{move} [data-menu={menu}]").click()
    page.locator(f"#{move} .dropdown-menu.show").get_by_role("button", name=choice).click()


def test_accepting_a_move_survives_a_reload(visiting: Visiting) -> None:
    page = visiting("rep")
    move = _first_move(page)
    page.locator(f"#{move}").get_by_role("button", name="Accept").click()
    expect(page.locator(".nm-toast")).to_contain_text("Accepted")
    page.reload()
    expect(page.locator(f"#{move}")).to_contain_text("Accepted")
    expect(page.locator(f"#{move}").get_by_role("button", name="Accept", exact=True)).to_have_count(0)


@pytest.mark.parametrize(
    ("menu", "choice", "told"),
    [
        ("snooze", "In 7 days", "Put off until"),
        ("dismiss", "The data is wrong", "The data is wrong"),
        ("done", "They ordered", "They ordered"),
    ],
)
def test_a_move_that_is_put_away_stays_away_and_can_be_taken_back(visiting: Visiting, menu: str, choice: str, told: str) -> None:
    page = visiting("rep")
    move = _first_move(page)
    _choose(page, move, menu, choice)
    expect(page.locator(f"#{move}")).to_have_count(0)
    page.reload()
    expect(page.locator(f"#{move}")).to_have_count(0)
    page.get_by_role("link", name="Put away").click()
    expect(page.locator(f"#{move}")).to_contain_text(told)
    page.locator(f"#{move}").get_by_role("button", name="Take back").click()
    expect(page.locator(f"#{move}")).to_have_count(0)
    page.get_by_role("link", name="To do").click()
    expect(page.locator(f"#{move}")).to_be_visible()


def test_undo_stands_in_the_toast(visiting: Visiting) -> None:
    page = visiting("rep")
    move = _first_move(page)
    _choose(page, move, "dismiss", "No time for it")
    expect(page.locator(f"#{move}")).to_have_count(0)
    page.locator(".nm-toast").get_by_role("button", name="Undo").click()
    expect(page.locator(f"#{move}")).to_be_visible()


def test_a_chart_follows_its_choices(visiting: Visiting) -> None:
    page = visiting("manager")
    page.goto("/kpis/net_sales")
    expect(page.locator("[data-chart] svg").first).to_be_visible()
    page.get_by_text("Quarter", exact=True).click()
    page.wait_for_url("**grain=quarter**")
    expect(page.locator("[data-chart] svg").first).to_be_visible()
    page.locator("#by").select_option("segment")
    expect(page.locator(".cut h2")).to_have_text("By segment")


def test_a_change_tells_its_reason_and_draws_what_was_to_be_expected(visiting: Visiting) -> None:
    page = visiting("admin")
    page.get_by_role("link", name="Changes").first.click()
    first = page.locator(".change").first
    expect(first.locator("[data-chart] svg")).to_be_visible()
    expect(first.locator("[data-chart]")).to_contain_text("Expected")
    page.locator(".segments").get_by_role("link", name="Closed").click()
    expect(page.locator(".change")).to_have_count(1)


def test_a_kpi_says_why_when_asked(visiting: Visiting) -> None:
    page = visiting("rep")
    page.goto("/kpis/net_sales")
    expect(page.locator(".lines")).to_have_count(0)
    page.get_by_text("Why?").click()
    expect(page.locator("#why .lines")).to_contain_text("Net sales")
    expect(page.locator("#why tfoot").first).to_contain_text("Change")
    page.locator("#why").get_by_text("Year before").click()
    expect(page.locator("#why .lines")).to_contain_text("in September 2025")


def test_the_list_of_customers_is_searched_as_one_types(visiting: Visiting) -> None:
    page = visiting("admin")
    page.goto("/customers")
    name = page.locator(".row-link").nth(3).inner_text()
    page.locator("#q").type(name)
    expect(page.locator("tbody tr").first).to_contain_text(name)
    page.wait_for_url("**q=**")


def test_hebrew_runs_from_right_to_left(visiting: Visiting) -> None:
    page = visiting("manager")
    page.get_by_label("Your account").first.click()
    page.get_by_role("button", name="עברית").click()
    page.goto("/today")
    html = page.locator("html")
    expect(html).to_have_attribute("dir", "rtl")
    expect(html).to_have_attribute("lang", "he")
    side, content = page.locator(".side").bounding_box(), page.locator("#content").bounding_box()
    assert side is not None and content is not None
    assert side["x"] > content["x"], "the navigation stands on the right"
    assert "rtl" in (page.locator("link[href*=tabler]").get_attribute("href") or "")
    page.locator("button[name=language][value=en]").first.dispatch_event("click")
    page.wait_for_load_state()


@pytest.mark.parametrize("path", PAGES)
def test_nothing_is_wider_than_a_phone(visiting: Visiting, path: str) -> None:
    page = visiting("admin", width=360, height=740)
    page.goto(path)
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    expect(page.locator(".tabs")).to_be_visible()


def test_one_can_work_with_the_keyboard_alone(visiting: Visiting) -> None:
    page = visiting("rep")
    page.goto("/today")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#content")).to_be_focused()


def test_the_theme_is_remembered(visiting: Visiting) -> None:
    page = visiting("rep")
    page.get_by_label("Your account").first.click()
    page.get_by_role("button", name="Light or dark").click()
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
