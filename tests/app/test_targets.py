"""The Targets page: set, change, take away, undo; within reach; told at once while another process writes."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from nextmove.ingest.batches import batches
from nextmove.ingest.warehouse import open_warehouse
from nextmove.workspace import Workspace

if TYPE_CHECKING:
    from django.test import Client
    from playwright.sync_api import Page

SignedIn = Callable[[str], "Client"]
COMPANY = {"kpi": "orders", "grain": "month", "calendar": "gregorian", "day": "2026-12-15", "whom": ""}


@pytest.fixture(autouse=True)
def _same_warehouse(django: Workspace) -> Iterator[None]:
    """Each test leaves the warehouse as it found it."""
    path = django.data / "warehouse.duckdb"
    kept = path.with_suffix(".kept")
    shutil.copy(path, kept)
    yield
    shutil.move(kept, path)


def lines(client: Client, **only: str) -> list[dict[str, Any]]:
    return list(client.get("/api/targets", only).json()["lines"])


def test_set_change_delete_undo(signed_in: SignedIn, django: Workspace) -> None:
    admin = signed_in("admin")
    before = lines(admin, only="orders")
    answer = admin.post("/targets", {**COMPANY, "value": "120", "verb": "set"})
    assert answer.status_code == 302
    (line,) = [line for line in lines(admin, only="orders") if line["start"] == "2026-12-01" and not line["dimension"]]
    assert (line["value"], line["pending"], line["period"]) == (120, True, "Dec 2026")
    admin.post("/api/targets", {**COMPANY, "value": 130.5}, content_type="application/json")
    assert [line["value"] for line in lines(admin, only="orders") if line["start"] == "2026-12-01"] == [130.5]
    with open_warehouse(django, read_only=True) as engine:
        assert batches(engine)[0].file == "targets page: admin"
    admin.delete("/api/targets", COMPANY, content_type="application/json")
    assert lines(admin, only="orders") == before
    for _ in range(3):
        assert admin.post("/targets", {"verb": "undo"}).status_code == 302
    assert lines(admin, only="orders") == before
    page = admin.get("/targets", {"only": "orders"}).content.decode()
    assert "Undo the last change" not in page


def test_a_day_stands_for_its_period_in_any_calendar(signed_in: SignedIn) -> None:
    admin = signed_in("admin")
    for calendar, grain, start in (
        ("jalali", "month", "2026-11-22"),
        ("gregorian", "quarter", "2026-10-01"),
        ("jalali", "year", "2026-03-21"),
    ):
        asked = {**COMPANY, "calendar": calendar, "grain": grain, "value": 7}
        told = admin.post("/api/targets", asked, content_type="application/json").json()["lines"]
        assert any((line["start"], line["grain"], line["calendar"]) == (start, grain, calendar) for line in told)


def test_a_manager_sets_for_their_own_people_only(signed_in: SignedIn, ask: Callable[[str], list[dict[str, Any]]]) -> None:
    from nextmove.app.models import User

    manager = signed_in("manager")
    (team,) = User.objects.get(username="manager").teams
    inside, outside = (
        ask(f"select rep_id from main.reps where team {how} '{team}' and left_on is null order by 1")[0]["rep_id"] for how in ("=", "<>")
    )
    for whom, status in ((f"rep:{inside}", 302), (f"team:{team}", 302), (f"rep:{outside}", 200), ("", 404), ("region:UK North", 200)):
        answer = manager.post("/targets", {**COMPANY, "whom": whom, "value": "9", "verb": "set"})
        assert answer.status_code == status, whom
    seen = {(line["dimension"], line["member"]) for line in lines(manager)}
    mine = {("team", team), *(("rep", row["rep_id"]) for row in ask(f"select rep_id from main.reps where team = '{team}'"))}
    assert {("team", team), ("rep", inside)} <= seen <= mine
    told = next(line for line in lines(manager, only="orders") if line["dimension"] == "team" and line["start"] == "2026-12-01")
    assert told["reps_told"] == "9", "beside a team's own target stands what those who are in it today add up to"
    assert manager.post("/targets", {"verb": "undo"}).status_code == 302, "what a manager set last they may take back"
    assert not [line for line in lines(manager, only="orders") if line["dimension"] == "team" and line["start"] == "2026-12-01"]


def test_others_have_no_such_page(signed_in: SignedIn) -> None:
    for person in ("rep", "analyst", "marketing"):
        assert signed_in(person).get("/targets").status_code == 404
        answer = signed_in(person).post("/api/targets", {**COMPANY, "value": 1}, content_type="application/json")
        assert answer.status_code == 404


def test_what_is_wrong_is_said_and_the_form_is_kept(signed_in: SignedIn) -> None:
    admin = signed_in("admin")
    for wrong, said in (
        ({"value": "much"}, "is not a number"),
        ({"kpi": "oders"}, "There is no KPI called"),
        ({"day": "someday"}, "is not a day"),
        ({"whom": "rep:NOBODY"}, "There is no rep called"),
        ({"whom": "stage:offer"}, "There is no dimension of orders for targets"),
    ):
        page = admin.post("/targets", {**COMPANY, "value": "77", "verb": "set", **wrong})
        assert page.status_code == 200
        assert said in page.content.decode()
        assert not [line for line in lines(admin, only="orders") if line["value"] == 77]
    assert 'value="77"' in page.content.decode()


def test_while_another_process_writes_the_page_says_so(signed_in: SignedIn, django: Workspace) -> None:
    admin = signed_in("admin")
    program = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", program, str(django.data / "warehouse.duckdb")]
    other = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert other.stdout is not None
        assert other.stdout.readline() == "open\n"
        page = admin.get("/targets").content.decode()
        assert "Another process is writing" in page
        assert "Net sales" in page, "the targets of the edition are still there"
        assert "writing to the warehouse" in admin.post("/targets", {**COMPANY, "value": "1", "verb": "set"}).content.decode()
        assert admin.post("/api/targets", {**COMPANY, "value": 1}, content_type="application/json").status_code == 423
    finally:
        other.communicate("")


def test_setting_a_target_in_a_browser(visiting: Callable[..., Page]) -> None:
    page = visiting("admin")
    page.goto("/targets")
    page.get_by_label("For whom").select_option(index=0)
    page.get_by_label("Target", exact=True).fill("4321")
    page.get_by_role("button", name="Set", exact=True).click()
    page.get_by_text("from the next refresh on").first.wait_for()
    page.get_by_role("button", name="Undo the last change").click()
    page.wait_for_function("!document.body.innerText.includes('from the next refresh on')")
