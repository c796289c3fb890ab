"""How right were we? What a backtest found is on the page and in the API, for those whose page it is; before, it says what to do."""

from __future__ import annotations

from typing import Any

import pytest

from nextmove.editions.backtests import Backtest, keep, kept, look_back
from nextmove.engine import DuckDBEngine
from nextmove.predictions.clv import CustomerValue
from nextmove.workspace import Workspace


@pytest.fixture
def tried(django: Workspace) -> Any:
    """A backtest that was really run on the company's edition; taken away again."""
    edition = django.editions / (django.editions / "current").read_text(encoding="utf-8").strip()
    as_of = django.settings.today()
    with DuckDBEngine(edition, read_only=True) as engine:
        found = look_back(engine, CustomerValue(), as_of=as_of)
    keep(django, found)
    keep(django, Backtest("leads", as_of, 180, silent="There are too few leads."))
    yield found
    for path in django.backtests.iterdir():
        path.unlink()


def test_before_any_backtest_it_says_what_to_run(signed_in: Any) -> None:
    assert "nextmove backtest" in signed_in("admin").get("/how-right").content.decode()


def test_ours_stands_beside_the_rule_on_each_past_day(signed_in: Any, tried: Backtest) -> None:
    shown = signed_in("manager").get("/api/how-right").json()["judged"]
    clv = next(each for each in shown if each["task"] == "clv")
    assert [past["cutoff"] for past in clv["past"]] == sorted({f.cutoff.isoformat() for f in tried.figures})
    errors = {f.method: f.value for f in tried.figures if f.measure == "mean_absolute_error_net_sales"}
    assert set(errors) == {"rule", "model"}
    assert clv["verdict"].startswith("Off by")
    assert clv["score"].startswith("The score is no probability")
    better = {line["name"]: line["better"] for line in clv["lines"]}
    assert None not in {better["Order by net sales (Spearman)"], better["Off by, net sales a customer"]}


def test_a_task_without_enough_past_says_why(signed_in: Any, tried: Backtest) -> None:
    body = signed_in("admin").get("/how-right").content.decode()
    assert "There are too few leads." in body


def test_a_representative_has_no_such_page(signed_in: Any, tried: Backtest) -> None:
    assert signed_in("rep").get("/how-right").status_code == 404


def test_what_was_kept_comes_back_and_a_broken_file_counts_as_none(django: Workspace, tried: Backtest) -> None:
    assert next(each for each in kept(django) if each.task == "clv") == tried
    (django.backtests / "clv.json").write_text("{", encoding="utf-8")
    assert [each.task for each in kept(django)] == ["leads"]
