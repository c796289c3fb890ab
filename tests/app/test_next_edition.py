"""Another edition is published: readers change over to it, and nobody waits for it to be made ready."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path
from typing import Any

import duckdb
import pytest

from nextmove.app.edition import Edition, NoEdition, Shelf
from nextmove.workspace import Workspace


@pytest.fixture
def workspace(company: Workspace, tmp_path: Path) -> Workspace:
    shutil.copytree(company.root, tmp_path / "demo")
    return Workspace.find(tmp_path / "demo")


def _publish_another(workspace: Workspace) -> str:
    """The same numbers under the next number, as a refresh would name them."""
    pointer = workspace.editions / "current"
    present = pointer.read_text(encoding="utf-8").strip()
    following = present.replace(".0001.", ".0002.")
    shutil.copyfile(workspace.editions / present, workspace.editions / following)
    draft = workspace.editions / "current.new"
    draft.write_text(following + "\n", encoding="utf-8")
    draft.replace(pointer)
    return following


def test_the_next_request_reads_the_next_edition(workspace: Workspace) -> None:
    shelf = Shelf(workspace)
    first = shelf.current()
    assert shelf.current() is first
    following = _publish_another(workspace)
    second = shelf.current()
    assert second is not first
    assert second.engine.path is not None and second.engine.path.name == following
    assert first.rows("select 1 as one") == [{"one": 1}], "an answer under way finishes on the edition it began with"


def test_readers_keep_the_old_edition_until_the_new_one_is_ready(workspace: Workspace) -> None:
    ready, entered = threading.Event(), threading.Event()

    def warm(edition: Edition) -> None:
        entered.set()
        assert ready.wait(20)

    shelf = Shelf(workspace)
    first = shelf.current()
    shelf.warm = warm
    _publish_another(workspace)
    assert shelf.current() is first
    assert entered.wait(20)
    assert shelf.current() is first, "while it is made ready"
    ready.set()
    for thread in threading.enumerate():
        if thread.name == "next-edition":
            thread.join(20)
    assert shelf.current() is not first


def test_without_an_edition_there_is_a_sentence(workspace: Workspace) -> None:
    (workspace.editions / "current").unlink()
    with pytest.raises(NoEdition, match="No numbers have been published yet"):
        Shelf(workspace).current()


def test_what_was_asked_once_is_not_asked_again(workspace: Workspace) -> None:
    edition, asked = Shelf(workspace).current(), []
    for _ in range(3):
        assert edition.kept("question", lambda: asked.append(1) or len(asked)) == 1
    assert asked == [1]


def test_the_rest_is_asked_after_readers_have_changed_over(workspace: Workspace) -> None:
    seen: list[tuple[Edition, bool]] = []
    shelf = Shelf(workspace)
    first = shelf.current()
    shelf.warm = lambda edition: None
    shelf.warm_the_rest = lambda edition, is_current: seen.append((edition, is_current()))
    _publish_another(workspace)
    shelf.current()
    for thread in threading.enumerate():
        if thread.name == "next-edition":
            thread.join(20)
    assert seen == [(shelf.current(), True)] and seen[0][0] is not first


def test_a_page_that_an_older_edition_cannot_fill_says_so_and_the_others_are_served(django: Workspace, signed_in: Any) -> None:
    pointer = django.editions / "current"
    present, older = pointer.read_text(encoding="utf-8"), "2026-09-30.0007.duckdb"
    shutil.copyfile(django.editions / present.strip(), django.editions / older)
    with duckdb.connect(str(django.editions / older)) as connection:
        connection.execute("drop table main.account_values")
        connection.execute("delete from main.manifest where table_name like '%account_values%'")
        connection.execute("update main.meta set value = 'older' where key = 'definitions'")
    try:
        pointer.write_text(older + "\n", encoding="utf-8")
        browser = signed_in("admin")
        page = browser.get("/kpis/clv")
        assert page.status_code == 409 and "nextmove refresh" in page.content.decode()
        assert "another version" in page.content.decode()
        assert browser.get("/kpis/net_sales").status_code == 200
        answer = browser.get("/api/kpis/clv")
        assert (answer.status_code, answer.json()["hint"]) == (409, "nextmove refresh")
    finally:
        pointer.write_text(present, encoding="utf-8")


def test_warming_asks_what_people_ask(django: Workspace) -> None:
    """After it, neither a start page nor the reasons of a change ask the edition for a number that it was not asked for."""
    from nextmove.app import warming
    from nextmove.app.pages.changes import change_page
    from nextmove.app.pages.kpis import kpis_page
    from nextmove.app.visit import shelf

    edition = Edition(shelf().current().published, shelf().workspace.settings)
    visit = next(warming._visits(edition))
    warming.warm(edition)
    left = iter([True] * 3 + [False] * 1000)
    warming.warm_the_rest(edition, lambda: next(left))
    known = set(edition._kept)
    kpis_page(visit)
    change_page(visit, warming.listed(visit, closed=False)[0].alert_id)
    assert {key for key in edition._kept if isinstance(key, tuple) and key[0] in ("explained", "values")} <= known
