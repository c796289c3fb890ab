"""Each kind finds its case, says why with dates and numbers, and gives it to who can act."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from nextmove import words
from nextmove.actions import KINDS
from nextmove.actions.contract import with_settings
from nextmove.actions.find import find_actions
from nextmove.actions.journal import Journal
from nextmove.actions.listing import action_called, list_actions
from nextmove.engine import DuckDBEngine
from nextmove.errors import UnknownName
from nextmove.kpis.scope import EVERYTHING, Scope
from nextmove.settings import Actions, Settings

AS_OF, END = dt.date(2024, 12, 30), dt.datetime(2024, 12, 31)
CASES = {
    "silent_customer": {"account_id": "A1"},
    "declining_customer": {"account_id": "A3"},
    "stopped_item": {"account_id": "A4", "product_id": "P1"},
    "cross_sell": {"account_id": "A10", "product_id": "P5"},
    "reorder_due": {"account_id": "A6"},
    "margin_erosion": {"account_id": "A5", "product_id": "P2"},
    "price_gap": {"account_id": "A13", "product_id": "P3"},
    "lead_without_response": {"lead_id": "L1"},
    "deal_without_activity": {"opportunity_id": "QUIET"},
    "deal_stuck": {"opportunity_id": "STUCK"},
}


def rows(engine: DuckDBEngine, where: str = "true") -> list[dict[str, Any]]:  # Any: a cell
    found: list[dict[str, Any]] = engine.query(f"select * from main.actions where {where} order by action_key").to_pylist()
    return found


@pytest.mark.parametrize("kind", CASES)
def test_a_kind_finds_its_case(found: DuckDBEngine, kind: str) -> None:
    case = " and ".join(f"{column} = '{value}'" for column, value in CASES[kind].items())
    [action] = rows(found, f"kind = '{kind}' and {case}")
    assert float(action["expected_value"]) == pytest.approx(float(action["at_stake"]) * action["probability"] * action["effect"], abs=0.02)
    assert action["rep_id"] == "R1"
    assert action["due_on"] > AS_OF
    assert json.loads(action["evidence"])


def test_no_kind_finds_what_is_not_there(found: DuckDBEngine) -> None:
    alone = set(CASES) - {"reorder_due"}
    others = rows(found, f"kind in ({', '.join(repr(kind) for kind in alone)})")
    assert sorted(action["kind"] for action in others) == sorted(alone)


def test_every_kind_is_in_the_list() -> None:
    assert [kind.kind for kind in KINDS] == list(CASES)


def told(engine: DuckDBEngine, kind: str) -> tuple[dict[str, Any], dict[str, Any]]:  # Any: a cell
    """The kind's one case, and what each line of its evidence says."""
    [action] = rows(engine, " and ".join(f"{column} = '{value}'" for column, value in {"kind": kind, **CASES[kind]}.items()))
    return action, {line["say"].removeprefix("action."): line["values"] for line in json.loads(action["evidence"])}


def test_a_due_order_is_that_of_the_prediction(found: DuckDBEngine) -> None:
    action, lines = told(found, "reorder_due")
    assert lines["reorder_due.expected"] == {"due_on": "2025-01-01", "earliest_on": "2024-12-31", "latest_on": "2025-01-24"}
    assert lines["reorder_due.order"] == {"expected_order_money": 420}
    assert lines["reorder_due.items"] == {"items": "\u206812 × Product 2\u2069, \u206812 × Product 1\u2069", "items_count": 2}
    assert action["product_id"] == "P2"
    assert action["probability"] == 0.9
    assert 0 < action["at_stake"] < 420


def test_a_lead_has_the_chance_and_the_way_of_contact_of_the_prediction(found: DuckDBEngine) -> None:
    action, lines = told(found, "lead_without_response")
    assert (action["probability"], action["contact_method"]) == (0.25, "message")
    assert lines["lead_without_response.grade"] == {"grade": "A", "customer_share": 0.25, "usual_share": 0.1}
    assert lines["lead_without_response.because"]["member_share"] == 0.2
    assert lines["lead_without_response.persona"] == {"persona_share": 0.5}
    assert "lead_without_response.score" not in lines


def test_where_leads_cannot_be_told_apart_their_own_score_moves_the_rate(found: DuckDBEngine) -> None:
    found.execute("update predictions.leads set grade = null, score = 0.1, evidence = null")
    again(found)
    action, lines = told(found, "lead_without_response")
    assert action["probability"] == pytest.approx(0.1 * (0.33 + 2.67 * 0.8))
    assert lines["lead_without_response.score"] == {"lead_score": 80}
    assert not lines.keys() & {"lead_without_response.grade", "lead_without_response.because"}


def test_a_deal_tells_its_chance_and_what_helps_or_hurts(found: DuckDBEngine) -> None:
    for kind, say, share in (("deal_without_activity", "helps", 0.6), ("deal_stuck", "hurts", 0.1)):
        action, lines = told(found, kind)
        assert action["probability"] == 0.4
        assert lines["evidence.chance"]["usual_share"] == 0.3
        values = {"field": "predictions.field.rep_id", "member": "Ria", f"{say}_share": share, "all_share": 0.3}
        assert lines[f"evidence.deal_{say}"] == values
        assert len([line for line in lines if line.startswith("evidence.deal_")]) == 1
        assert lines["evidence.likely_close"] == {"likely_close_on": "2025-01-20"}


def test_a_silence_tells_what_the_customer_was_worth_before_it(found: DuckDBEngine) -> None:
    _, lines = told(found, "silent_customer")
    assert lines["silent_customer.worth"] == {"worth_before_money": 60000, "three_years_money": 400}


def test_every_line_of_evidence_has_its_words(found: DuckDBEngine, tmp_path: Path) -> None:
    listed = list_actions(found, Journal(tmp_path / "none"), scope=EVERYTHING, day=AS_OF, most=1000)
    for action in listed:
        assert action.step
        assert action.title
        assert all("{" not in line for line in action.lines(currency="EUR"))
    for kind in KINDS:
        assert words.has(f"action.{kind.kind}.description")


def test_who_left_is_followed_by_the_manager(found: DuckDBEngine) -> None:
    assert {action["rep_id"] for action in rows(found, "account_id = 'A2'")} == {"M"}


def test_the_list_is_ranked_by_expected_value_and_spread_over_customers(found: DuckDBEngine, tmp_path: Path) -> None:
    listed = list_actions(found, Journal(tmp_path / "none"), scope=EVERYTHING, day=AS_OF, most=10, rep="R1")
    assert [action.place for action in listed] == list(range(1, 11))
    assert len({action.subject for action in listed}) >= 8
    first_of_subject = {action.subject: float(action.expected_value) for action in reversed(listed)}
    values = [first_of_subject[subject] for subject in dict.fromkeys(action.subject for action in listed)]
    assert values == sorted(values, reverse=True)


def test_a_list_counts_only_what_it_holds(found: DuckDBEngine, tmp_path: Path) -> None:
    """A line that is halved behind a dearer one of its customer is not halved where that one is of another kind, or dismissed."""
    lines = (("first", "margin_erosion", "A4", 150, 1), ("other", "stopped_item", "A9", 60, 2), ("second", "stopped_item", "A4", 100, 3))
    journal = Journal(tmp_path / "data" / "app.sqlite3")

    def keys(kind: str | None = None) -> list[str]:
        listed = list_actions(found, journal, scope=EVERYTHING, day=AS_OF, most=10, rep="R1", kind=kind)
        assert [action.place for action in listed] == list(range(1, len(listed) + 1))
        return [action.action_key for action in listed]

    found.execute("create temp table one as from main.actions where kind = 'stopped_item' limit 1; delete from main.actions")
    for key, kind, account, value, rank in lines:
        found.execute(
            f"""insert into main.actions select * replace ('{key}' as action_key, '{kind}' as kind, '{account}' as account_id,
                'R1' as rep_id, {value} as expected_value, {rank} as rank, false as withheld) from one"""
        )
    assert keys() == ["first", "other", "second"]
    assert keys("stopped_item") == ["second", "other"]
    journal.dismiss("first", reason="no", at=END, who="Ria")
    assert keys() == ["second", "other"]
    found.execute("drop table one")
    again(found)


def test_a_scope_never_leaks(found: DuckDBEngine, tmp_path: Path) -> None:
    nothing = Journal(tmp_path / "none")
    key = rows(found, "rep_id = 'R1'")[0]["action_key"]
    for scope in (Scope.of_reps("M"), Scope(frozenset())):
        listed = list_actions(found, nothing, scope=scope, day=AS_OF, most=1000)
        assert {action.rep_id for action in listed} <= (scope.reps or set())
        with pytest.raises(UnknownName):
            action_called(found, nothing, key, scope=scope)
    with pytest.raises(UnknownName):
        list_actions(found, nothing, scope=Scope.of_reps("M"), day=AS_OF, most=10, rep="R1")


def again(engine: DuckDBEngine, *, share: float = 0.0, as_of: dt.date = AS_OF) -> dict[str, dict[str, Any]]:  # Any: a cell
    find_actions(engine, Settings(actions=Actions(control_share=share)), as_of=as_of, end=END)
    return {action["action_key"]: action for action in rows(engine)}


def test_keys_and_control_group_survive_a_refresh(found: DuckDBEngine, tmp_path: Path) -> None:
    before, after = again(found), again(found, share=0.3)
    assert set(before) == set(after)
    withheld = {key for key, action in after.items() if action["withheld"]}
    assert 0 < len(withheld) < len(after) / 2
    assert withheld == {key for key, action in again(found, share=0.3).items() if action["withheld"]}
    listed = list_actions(found, Journal(tmp_path / "none"), scope=EVERYTHING, day=AS_OF, most=1000)
    assert {action.action_key for action in listed} == set(after) - withheld
    again(found)


def test_a_new_silence_is_a_new_action(found: DuckDBEngine) -> None:
    [first] = rows(found, "kind = 'silent_customer'")
    found.execute(
        "begin; insert into order_lines (order_id, line_no, ordered_at, account_id, product_id, quantity, net_amount)"
        " values ('BACK', 1, '2024-11-25 10:00', 'A1', 'P1', 1, 100); commit"
    )
    again(found)
    [second] = rows(found, "kind = 'silent_customer'")
    found.execute("delete from order_lines where order_id = 'BACK'")
    again(found)
    [third] = rows(found, "kind = 'silent_customer'")
    assert first["action_key"] == third["action_key"] != second["action_key"]


def test_a_contract_buyer_is_silent_once_its_day_has_passed_and_not_before(found: DuckDBEngine) -> None:
    found.execute("update predictions.customers set due_on = date '2025-01-05' where account_id = 'A1'")
    again(found)
    assert not rows(found, "kind = 'silent_customer'")
    found.execute("update predictions.customers set due_on = date '2024-12-01', late_by_days = 22 where account_id in ('A1', 'A2')")
    again(found)
    assert {row["account_id"] for row in rows(found, "kind = 'silent_customer'")} == {"A1", "A2"}
    found.execute("update predictions.customers set due_on = null, late_by_days = 0")
    again(found)
    assert [row["account_id"] for row in rows(found, "kind = 'silent_customer'")] == ["A1"]


def test_thresholds_are_settings() -> None:
    [silent] = [kind for kind in with_settings(KINDS, {"silent_customer": {"patience": 3}}) if kind.kind == "silent_customer"]
    assert silent.patience == 3.0  # type: ignore[attr-defined]
    with pytest.raises(UnknownName, match="patiense"):
        with_settings(KINDS, {"silent_customer": {"patiense": 3}})
    with pytest.raises(UnknownName, match="silnt"):
        with_settings(KINDS, {"silnt": {}})


def test_a_kind_without_its_data_stays_silent_and_says_why(found: DuckDBEngine) -> None:
    found.execute("alter table predictions.items rename to put_away")
    silent = find_actions(found, Settings(actions=Actions(control_share=0.0)), as_of=AS_OF, end=END)
    assert list(silent) == ["stopped_item"]
    assert "predictions.items.score" in silent["stopped_item"]
    found.execute("alter table predictions.put_away rename to items")
    again(found)


def test_a_company_that_knows_no_cost_is_told_in_net_sales(found: DuckDBEngine) -> None:
    with_cost = rows(found, "kind = 'declining_customer'")[0]["at_stake"]
    found.execute("update main.products set unit_cost = null")
    find_actions(found, Settings(actions=Actions(control_share=0.0)), as_of=AS_OF, end=END)
    assert float(rows(found, "kind = 'declining_customer'")[0]["at_stake"]) > 1.5 * float(with_cost)
