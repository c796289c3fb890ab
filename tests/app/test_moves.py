"""Deciding on moves: in place by htmx, kept in the journal, back by undo, and never twice."""

from __future__ import annotations

from typing import Any

import pytest

from nextmove.app.choices import OUTCOMES, REASONS, SNOOZE_DAYS


@pytest.fixture
def rep(signed_in: Any) -> Any:
    return signed_in("rep")


def _keys(browser: Any, view: str = "open") -> list[str]:
    return [move["key"] for move in browser.get(f"/api/moves?view={view}").json()["moves"]]


def test_the_list_is_ranked_and_as_long_as_a_day_holds(rep: Any, django: Any) -> None:
    moves = rep.get("/api/moves").json()["moves"]
    assert 1 <= len(moves) <= django.settings.actions.per_day
    assert len({move["key"] for move in moves}) == len(moves)
    first = moves[0]
    assert first["evidence"] and first["next_step"] and first["due_on"] and first["method"]
    assert 0 < first["expected_value"] <= first["at_stake"]


def test_the_page_shows_what_the_api_tells(rep: Any) -> None:
    page = rep.get("/today").content.decode()
    for key in _keys(rep):
        assert f'id="move-{key}"' in page


@pytest.mark.parametrize(
    ("verb", "form", "expected"),
    [
        ("accept", {}, {"decision": "accept"}),
        ("snooze", {"days": SNOOZE_DAYS[1]}, {"decision": "snooze"}),
        ("dismiss", {"reason": REASONS[0]}, {"decision": "dismiss", "reason": REASONS[0]}),
        ("done", {"outcome": OUTCOMES[0]}, {"decision": "done", "outcome": OUTCOMES[0]}),
    ],
)
def test_a_decision_is_kept_with_who_and_why(rep: Any, django: Any, verb: str, form: dict[str, Any], expected: dict[str, str]) -> None:
    from nextmove.actions.journal import Journal

    key = _keys(rep)[0]
    answer = rep.post(f"/moves/{key}/{verb}", form, headers={"HX-Request": "true", "HX-Target": "moves"})
    assert answer.status_code == 200
    body = answer.content.decode()
    assert "<html" not in body and f"/moves/{key}/undo" in body, "the list alone, and a toast that offers undo"
    standing = Journal(django.app_database).of(key)
    assert standing is not None and standing.who == "rep"
    told = {"decision": standing.decision.value, "reason": standing.reason, "outcome": standing.outcome}
    assert {name: told[name] for name in expected} == expected
    assert (key in _keys(rep)) == (verb == "accept")
    assert (key in _keys(rep, "away")) == (verb != "accept")


def test_undo_brings_it_back(rep: Any) -> None:
    before = _keys(rep)
    rep.post(f"/moves/{before[0]}/dismiss", {"reason": REASONS[0]})
    assert before[0] not in _keys(rep)
    rep.post(f"/moves/{before[0]}/undo")
    assert _keys(rep) == before


@pytest.mark.parametrize(
    ("verb", "form"),
    [("dismiss", {"reason": "because"}), ("done", {"outcome": ""}), ("snooze", {"days": "9999"}), ("snooze", {"days": "x"})],
)
def test_a_choice_that_is_not_offered_is_refused_in_a_sentence(rep: Any, verb: str, form: dict[str, str]) -> None:
    key = _keys(rep)[0]
    answer = rep.post(f"/moves/{key}/{verb}", form)
    assert answer.status_code == 400
    assert "Traceback" not in answer.content.decode()
    assert key in _keys(rep)


def test_an_unknown_verb_does_nothing(rep: Any) -> None:
    key = _keys(rep)[0]
    assert rep.post(f"/moves/{key}/explode").status_code == 404
    assert key in _keys(rep)


def test_looking_never_decides(rep: Any) -> None:
    key = _keys(rep)[0]
    assert rep.get(f"/moves/{key}/accept").status_code == 405


def test_a_form_without_its_token_is_refused(django: Any) -> None:
    from django.test import Client

    from nextmove.app.models import User

    browser = Client(enforce_csrf_checks=True)
    browser.force_login(User.objects.get(username="rep"))
    key = _keys(browser)[0]
    assert browser.post(f"/moves/{key}/accept").status_code == 403
    assert browser.post(f"/api/moves/{key}/accept", "{}", content_type="application/json").status_code == 403


def test_a_managers_list_names_the_representative_and_can_be_narrowed(signed_in: Any) -> None:
    manager = signed_in("manager")
    listed = manager.get("/api/today").json()
    assert listed["list"]["shows_rep"] and len(listed["people"]) > 1
    person = listed["people"][0]["rep_id"]
    assert {move["rep_id"] for move in manager.get(f"/api/moves?rep={person}").json()["moves"]} <= {person}


def test_the_api_decides_as_the_page_does(rep: Any) -> None:
    key = _keys(rep)[0]
    answer = rep.post(f"/api/moves/{key}/done", {"outcome": OUTCOMES[0]}, content_type="application/json")
    assert answer.status_code == 200
    assert key not in {move["key"] for move in answer.json()["moves"]}
    assert rep.post(f"/api/moves/{key}/dismiss", {"reason": "?"}, content_type="application/json").json()["hint"]
