"""Every page in every language, its headers, its door, and what it says when there is nothing to say."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from nextmove import words

PAGES = (
    "/today",
    "/today?view=away",
    "/scorecard",
    "/scorecard?grain=quarter",
    "/kpis",
    "/kpis/net_sales",
    "/customers",
    "/data",
    "/how-right",
    "/funnel",
    "/leads",
    "/products",
    "/peers",
    "/leavers",
    "/marketing",
    "/marketing?by=channel&only=bleeding",
    "/pipeline",
    "/forecast",
    "/gap",
)
LANGUAGES = words.LANGUAGES


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", PAGES)
def test_a_page_speaks_the_readers_language(signed_in: Any, language: str, path: str) -> None:
    browser = signed_in("admin")
    browser.post("/language", {"language": language, "next": "/"})
    body = browser.get(path).content.decode()
    direction = "rtl" if language in words.RIGHT_TO_LEFT else "ltr"
    assert f'<html lang="{language}" dir="{direction}">' in body
    assert ("tabler.rtl.min.css" in body) == (direction == "rtl")
    assert "{count}" not in body and "{money}" not in body


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_customer_speaks_the_readers_language(signed_in: Any, ask: Any, language: str) -> None:
    account = ask("select account_id from facts.sales where account_id is not null group by 1 order by count(*) desc limit 1")[0][
        "account_id"
    ]
    browser = signed_in("admin")
    browser.post("/language", {"language": language, "next": "/"})
    body = browser.get(f"/customers/{account}").content.decode()
    assert "strip-day" in body
    assert re.search(r'x1="[\d.]+"', body), "places in a drawing are for machines in every language"


def test_days_are_solar_hijri_in_persian(signed_in: Any) -> None:
    browser = signed_in("admin")
    browser.post("/language", {"language": "fa", "next": "/"})
    assert "۱۴۰۵" in browser.get("/today").content.decode()  # 30 September 2026


def test_kpis_of_every_theme_have_a_page(signed_in: Any) -> None:
    """Each tells a value or what it lacks, its definition and its SQL; none breaks."""
    browser = signed_in("admin")
    for theme in browser.get("/api/kpis").json()["themes"]:
        for line in theme["lines"][:2]:
            answer = browser.get(f"/kpis/{line['kpi']}")
            assert answer.status_code == 200, line["kpi"]
            body = answer.content.decode()
            assert '<pre class="sql"' in body
            assert ("data-chart" in body) or line["missing"] or "–" in body, line["kpi"]


@pytest.mark.parametrize("grain", ["day", "week", "month", "quarter", "year"])
@pytest.mark.parametrize("calendar", ["gregorian", "fiscal", "jalali"])
def test_a_kpi_is_told_in_every_period_and_calendar(signed_in: Any, grain: str, calendar: str) -> None:
    page = signed_in("admin").get(f"/api/kpis/net_sales?grain={grain}&calendar={calendar}&by=region").json()
    assert page["values"] and page["period"] and page["chart"]
    assert page["values"][-1]["complete"] in (True, False)
    running = [value for value in page["values"] if not value["complete"]]
    assert len(running) <= 1


def test_a_period_that_runs_looks_unfinished(signed_in: Any) -> None:
    page = signed_in("admin").get("/api/kpis/net_sales?grain=year").json()
    assert not page["values"][-1]["complete"]
    assert page["chart"]["option"]["series"][0]["data"][-1]["itemStyle"]["borderType"] == "dashed"
    assert "still running" in signed_in("admin").get("/kpis/net_sales?grain=year").content.decode()


def test_parts_of_a_kpi_make_the_whole(signed_in: Any) -> None:
    page = signed_in("admin").get("/api/kpis/net_sales?grain=year&by=segment&all=1").json()
    assert sum(member["value"] for member in page["members"]) == pytest.approx(page["values"][-1]["value"])


def test_what_is_missing_is_named(signed_in: Any) -> None:
    """A KPI that lacks a column says which; the data page lists it."""
    lacking = signed_in("admin").get("/api/data").json()["lacking"]
    for lack in lacking:
        assert all(lack["needs"])


@pytest.mark.parametrize("path", ["/nothing", "/kpis/nothing", "/customers/nothing", "/data/rejects/99.csv", "/moves/x/accept"])
def test_what_is_not_there_is_told_in_style(signed_in: Any, path: str) -> None:
    answer = signed_in("admin").get(path) if "moves" not in path else signed_in("admin").post(path)
    assert answer.status_code == 404
    assert "Nothing here" in answer.content.decode()


def test_our_own_fault_tells_no_detail(signed_in: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from nextmove.app import layout

    def broken(user: object) -> None:
        raise RuntimeError("a secret detail")

    browser = signed_in("admin")
    browser.raise_request_exception = False
    monkeypatch.setattr(layout, "_links", broken)
    answer = browser.get("/customers")
    assert answer.status_code == 500
    assert "secret" not in answer.content.decode() and "our fault" in answer.content.decode()


def test_a_workspace_without_numbers_says_what_to_do(signed_in: Any, django: Any) -> None:
    pointer: Path = django.editions / "current"
    kept = pointer.read_text(encoding="utf-8")
    pointer.unlink()
    try:
        body = signed_in("admin").get("/scorecard").content.decode()
        assert "No numbers yet" in body and "nextmove refresh" in body
        assert signed_in("admin").get("/api/scorecard").status_code == 409
    finally:
        pointer.write_text(kept, encoding="utf-8")


# the door


def test_one_signs_in_and_starts_on_ones_own_page(django: Any, password: str) -> None:
    from django.test import Client

    for person, start in (("rep", "/today"), ("manager", "/scorecard"), ("analyst", "/kpis")):
        browser = Client()
        answer = browser.post("/sign-in", {"username": person.upper(), "password": password}, follow=True)
        assert answer.redirect_chain[-1][0] == start


def test_a_wrong_password_tells_nothing_and_the_sixth_try_waits(django: Any) -> None:
    from django.test import Client

    browser = Client()
    said = {
        browser.post("/sign-in", {"username": name, "password": "wrong"}).content.decode().count("do not match")
        for name in ("rep", "nobody")
    }
    assert said == {1}
    for _ in range(4):
        browser.post("/sign-in", {"username": "rep", "password": "wrong"})
    shut = browser.post("/sign-in", {"username": "rep", "password": "wrong"})
    assert shut.status_code == 429 and "Too many tries" in shut.content.decode()
    assert browser.post("/sign-in", {"username": "analyst", "password": "wrong"}).status_code == 400, "others are not shut out"


def test_nobody_is_sent_to_another_site(django: Any) -> None:
    from django.test import Client

    assert Client().post("/language", {"language": "he", "next": "https://elsewhere.example/"})["Location"] == "/"


def test_pages_are_guarded_by_headers(signed_in: Any) -> None:
    answer = signed_in("admin").get("/kpis/net_sales")
    policy = answer["Content-Security-Policy"]
    assert "script-src 'self'" in policy and "default-src 'none'" in policy and "unsafe-eval" not in policy
    assert re.search(r"script-src [^;]*unsafe-inline", policy) is None
    assert answer["X-Frame-Options"] == "DENY" and answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Cache-Control"] == "no-store"
    body = answer.content.decode()
    assert not re.search(r"<script(?![^>]*(src=|application/json))", body), "no script stands in a page"
    assert not re.search(r"\son[a-z]+=", body), "no handler stands in an attribute"


def test_nothing_comes_from_elsewhere(signed_in: Any) -> None:
    body = signed_in("admin").get("/kpis/net_sales").content.decode()
    assert not re.findall(r'(?:src|href)="https?://', body)


def test_files_are_kept_by_browsers_until_they_change(django: Any) -> None:
    from django.test import Client

    browser = Client(headers={"accept-encoding": "gzip"})
    address = re.search(r'href="(/static/app\.css\?v=\w+)"', browser.get("/sign-in").content.decode())
    assert address
    answer = browser.get(address[1])
    assert answer["Content-Encoding"] == "gzip" and "max-age=2592000" in answer["Cache-Control"]


def test_vendored_files_are_what_they_say() -> None:
    import hashlib
    import json

    import nextmove.app

    folder = Path(nextmove.app.__file__).parent / "static" / "vendor"
    listed = {name: digest for package in json.loads((folder / "VENDORED.json").read_text()) for name, digest in package["files"].items()}
    found = {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*") if path.is_file()}
    found.pop("VENDORED.json")
    assert listed == found


def test_the_secret_is_for_the_owner_alone(django: Any) -> None:
    assert (django.data / "secret_key").stat().st_mode & 0o777 == 0o600


def test_django_has_nothing_to_complain_about(django: Any) -> None:
    from django.core.management import call_command

    call_command("check", fail_level="WARNING")
    call_command("makemigrations", "app", check=True, dry_run=True, verbosity=0)


def test_the_api_describes_itself(signed_in: Any) -> None:
    described = signed_in("admin").get("/api/openapi.json").json()
    assert described["openapi"].startswith("3.")
    assert {"/api/today", "/api/moves/{key}/{verb}", "/api/kpis/{kpi}/values", "/api/customers/{account_id}", "/api/data"} <= set(
        described["paths"]
    )


def test_values_have_the_columns_of_the_command_line(signed_in: Any) -> None:
    rows = signed_in("admin").get("/api/kpis/gross_margin/values?grain=month&by=region&start=2026-08-01&end=2026-09-01").json()
    columns = {
        "kpi",
        "period_start",
        "period_end",
        "region",
        "value",
        "numerator",
        "denominator",
        "rows",
        "complete",
        "immature",
        "coverage",
        "unit",
    }
    assert rows and all(set(row) == columns for row in rows)
    assert all(isinstance(row["value"], (int, float)) for row in rows)


@pytest.mark.parametrize("query", ["grain=fortnight", "by=colour", "where=region", "versus=tomorrow", "calendar=mayan"])
def test_a_question_that_makes_no_sense_is_refused_in_a_sentence(signed_in: Any, query: str) -> None:
    answer = signed_in("admin").get(f"/api/kpis/net_sales/values?{query}")
    assert answer.status_code in (400, 404)
    assert answer.json()["error"]
