"""A system that knows only today's stage is given a history by being loaded again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from nextmove.editions import refresh
from nextmove.facts import load_facts, prepare
from nextmove.ingest.load import load
from nextmove.ingest.undo import undo
from nextmove.ingest.warehouse import FILE, open_warehouse
from nextmove.kpis import Question, answer
from nextmove.workspace import Workspace

pytestmark = pytest.mark.usefixtures("near")

HEAD = "opportunity_id,created_at,status,stage,amount,closed_at\n"
CHANGES = """select opportunity_id, strftime(changed_at, '%m-%d'), from_stage, to_stage, amount::int from stage_changes
             order by opportunity_id, changed_at"""
Told = tuple[str, str, str | None, str | None, int | None]
Load = Callable[..., Any]


@pytest.fixture
def load_on(workspace: Workspace, tmp_path: Path) -> Load:
    """Load rows of a table on a day of March 2025, at noon."""

    def run(day: int, rows: str, *, name: str = "opportunities.csv", head: str = HEAD) -> Any:
        path = tmp_path / f"{day}" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(head + rows)
        return load(workspace, [path], now=dt.datetime(2025, 3, day, 12))[0]

    return run


def pipeline(workspace: Workspace, day: dt.date, *, by: tuple[str, ...] = ()) -> list[tuple[Any, ...]]:
    facts = load_facts()
    with open_warehouse(workspace) as engine:
        prepare(engine, workspace.settings, facts)
        question = Question("pipeline_value", grain="day", start=day, end=day + dt.timedelta(days=1), by=by)
        found = answer(engine, question, workspace.settings, as_of=day).to_pylist()
        return [(*(row[name] for name in by), row["value"]) for row in found]


def test_a_second_load_tells_what_changed_and_when(load_on: Load, rows: Callable[[str], list[Told]], workspace: Workspace) -> None:
    load_on(1, "D,2025-02-01,open,Visit,100,\nE,2025-02-01,open,Visit,50,\n")
    assert rows(CHANGES) == []
    load_on(10, "D,2025-02-01,open,Offer,100,\nE,2025-02-01,open,Visit,50,\n")
    load_on(20, "D,2025-02-01,open,Offer,150,\nE,2025-02-01,lost,Lost,50,2025-03-15\n")
    assert rows(CHANGES) == [
        ("D", "02-01", "Visit", "Visit", 100), ("D", "03-10", "Visit", "Offer", 100), ("D", "03-20", "Offer", "Offer", 150),
        ("E", "02-01", "Visit", "Visit", 50), ("E", "03-15", "Visit", "Visit", 50)]  # fmt: skip
    assert pipeline(workspace, dt.date(2025, 3, 9), by=("stage",)) == [("Visit", Decimal(150))]
    assert pipeline(workspace, dt.date(2025, 3, 10), by=("stage",)) == [("Offer", Decimal(100)), ("Visit", Decimal(50))]
    assert pipeline(workspace, dt.date(2025, 3, 15)) == [(Decimal(100),)]
    assert pipeline(workspace, dt.date(2025, 3, 20)) == [(Decimal(150),)]


def test_loading_twice_finds_nothing_new(load_on: Load, rows: Callable[[str], list[Told]]) -> None:
    load_on(1, "D,2025-02-01,open,Visit,100,\n")
    load_on(10, "D,2025-02-01,open,Offer,120,\n")
    before = rows(CHANGES)
    load_on(11, "D,2025-02-01,open,Offer,120,\n")
    assert rows(CHANGES) == before


@pytest.mark.parametrize(
    ("taken_back", "left"),
    [
        ((3,), [("D", "02-01", "Visit", "Visit", 1), ("D", "03-10", "Visit", "Offer", 2)]),
        ((2,), [("D", "02-01", "Visit", "Visit", 1), ("D", "03-20", "Visit", "Terms", 3)]),
        ((1,), [("D", "02-01", "Offer", "Offer", 2), ("D", "03-20", "Offer", "Terms", 3)]),
        ((2, 3), []),
        ((3, 2, 1), []),
    ],
)
def test_undo_takes_changes_back(taken_back: tuple[int, ...], left: list[Told], load_on: Load, rows: Any, workspace: Workspace) -> None:
    for day, stage, amount in ((1, "Visit", 1), (10, "Offer", 2), (20, "Terms", 3)):
        load_on(day, f"D,2025-02-01,open,{stage},{amount},\n")
    for batch in taken_back:
        undo(workspace, batch, now=dt.datetime(2025, 3, 25))
    assert rows(CHANGES) == left


def test_stage_changes_of_a_file_win(load_on: Load, rows: Callable[[str], list[Told]], workspace: Workspace) -> None:
    head = "opportunity_id,changed_at,from_stage,to_stage,amount\n"
    load_on(1, "D,2025-02-01,open,Visit,1,\nE,2025-02-01,open,Visit,1,\n")
    load_on(10, "D,2025-02-01,open,Offer,1,\nE,2025-02-01,open,Offer,1,\n")
    found = rows(CHANGES)
    load_on(12, "D,2025-03-08,Visit,Offer,1\n", name="stage_changes.csv", head=head)
    assert rows(CHANGES) == [("D", "03-08", "Visit", "Offer", 1), *[row for row in found if row[0] == "E"]]
    undo(workspace, 3, now=dt.datetime(2025, 3, 13))
    assert rows(CHANGES) == found


def test_what_happened_after_the_file_is_added(load_on: Load, rows: Callable[[str], list[Told]]) -> None:
    load_on(1, "D,2025-02-01,open,Visit,,\n")
    load_on(2, "D,2025-02-10,Call,Visit,\n", name="stage_changes.csv", head="opportunity_id,changed_at,from_stage,to_stage,amount\n")
    load_on(10, "D,2025-02-01,open,Offer,,\n")
    assert [row for row in rows(CHANGES) if row[1] > "02-01"] == [
        ("D", "02-10", "Call", "Visit", None), ("D", "03-10", "Visit", "Offer", None)]  # fmt: skip


def test_the_source_may_say_when_it_changed(load_on: Load, rows: Callable[[str], list[Told]]) -> None:
    head = "opportunity_id,created_at,status,stage,amount,modified_at\n"
    load_on(1, "D,2025-02-01,open,Visit,1,2025-02-20\n", head=head)
    load_on(10, "D,2025-02-01,open,Offer,1,2025-03-07\n", head=head)
    load_on(20, "D,2025-02-01,open,Terms,1,2025-04-07\n", head=head)  # later than the load: a clock that is wrong
    assert [row[1:4] for row in rows(CHANGES)] == [("02-01", "Visit", "Visit"), ("03-07", "Visit", "Offer"), ("03-20", "Offer", "Terms")]


def test_a_new_currency_is_no_new_amount(load_on: Load, rows: Callable[[str], list[Told]]) -> None:
    """Unlike currencies are never compared: what stood in the old one is not told."""
    head = "opportunity_id,created_at,status,stage,amount,currency\n"
    load_on(1, "D,2025-02-01,open,Visit,100,USD\n", head=head)
    load_on(10, "D,2025-02-01,open,Offer,90,EUR\n", head=head)
    assert rows(CHANGES) == [("D", "02-01", "Visit", "Visit", None), ("D", "03-10", "Visit", "Offer", 90)]


@pytest.mark.parametrize("first", ["load", "read", "refresh"])
def test_a_warehouse_of_version_1_is_brought_up_to_date(
    first: str, load_on: Load, rows: Callable[[str], list[Told]], workspace: Workspace
) -> None:
    load_on(1, "D,2025-02-01,open,Visit,100,\n")
    with duckdb.connect(str(workspace.data / FILE)) as old:
        for schema in ("main", "history"):
            old.execute(f"alter table {schema}.opportunities drop column modified_at")
            old.execute(f"alter table {schema}.accounts drop column yearly_potential")
        old.execute("update schema_version set version = 1")
    if first == "read":
        open_warehouse(workspace, read_only=True).close()
    if first == "refresh":
        refresh(workspace, as_of=dt.date(2025, 3, 2), now=dt.datetime(2025, 3, 2))
    load_on(10, "D,2025-02-01,open,Offer,100,\n")
    assert rows(CHANGES)[-1] == ("D", "03-10", "Visit", "Offer", 100)
