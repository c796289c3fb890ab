"""A refresh of a workspace on PostgreSQL gives the edition that DuckDB gives, and the heavy work is done there."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nextmove.demo import Plan, make_demo
from nextmove.editions import publish, refresh
from nextmove.editions.shelf import Shelf
from nextmove.editions.tables import LEFT_BEHIND
from nextmove.editions.there import ready_there
from nextmove.engine import DuckDBEngine
from nextmove.engine.postgres import PostgresEngine
from nextmove.errors import UserError
from nextmove.facts import load_facts
from nextmove.ingest import distant
from nextmove.ingest.distant import warehouse_at_hand
from nextmove.workspace import Workspace

PLAN = Plan(lines=2_000)
NOW = dt.datetime(2026, 10, 1, 6)
# What an edition says of itself, and checksums of doubles, which differ in the last bit.
NOT_COMPARED = {"main.meta", "main.alert_watch"}


def _refreshed(workspace: Workspace) -> Path:
    refresh(workspace, as_of=PLAN.as_of, now=NOW, full=True)
    return _current(workspace)


def _current(workspace: Workspace) -> Path:
    volume = Shelf(workspace.editions).current()
    assert volume
    return volume.path


@pytest.fixture(scope="module")
def near(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return make_demo(tmp_path_factory.mktemp("near") / "company", PLAN, tell=lambda _: None)


@pytest.fixture(scope="module")
def far(new_place: Callable[[str, str], str], tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    root = tmp_path_factory.mktemp("far")
    (root / "nextmove.toml").write_text(f'[warehouse]\nurl = "{new_place("postgres", "refreshed")}"\n', encoding="utf-8")
    return make_demo(root, PLAN, tell=lambda _: None)


def test_the_edition_is_the_same_and_the_work_was_done_there(near: Workspace, far: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = PostgresEngine
    told, asked = Counter[str](), Counter[str]()
    execute, query = engine.execute, engine.query
    monkeypatch.setattr(engine, "execute", lambda self, sql: (told.update(sql.split()[:1]), execute(self, sql))[1])
    monkeypatch.setattr(engine, "query", lambda self, sql: (asked.update(["facts." if "facts." in sql else ""]), query(self, sql))[1])
    copied = list[str]()
    take = distant.take
    monkeypatch.setattr(
        distant, "take", lambda near, relation, rows, **more: (copied.append(relation), take(near, relation, rows, **more))[1]
    )
    theirs = _refreshed(far)
    assert told["insert"] > 20  # of the values of KPIs
    assert told["create"] > 100  # facts, and the passes over them
    assert asked["facts."] > 15  # what predictions learn from
    assert not {f"main.{each}" for each in LEFT_BEHIND} & set(copied)
    assert _differing(_refreshed(near), theirs) == {}


def _differing(ours: Path, theirs: Path) -> dict[str, int]:
    """Table → how many rows differ, doubles by more than the sixth digit."""
    with DuckDBEngine() as engine:
        for name, path in (("ours", ours), ("theirs", theirs)):
            engine.execute(f"attach '{path}' as {name} (read_only)")
        listed = "select concat(schema_name, '.', table_name) as name from duckdb_tables() where database_name = '{}' order by 1"
        names = [engine.query(listed.format(each))["name"].to_pylist() for each in ("ours", "theirs")]
        assert names[0] == names[1]
        found = {each: _rows_that_differ(engine, each) for each in names[0] if each not in NOT_COMPARED}
    return {each: rows for each, rows in found.items() if rows}


def _rows_that_differ(engine: DuckDBEngine, table: str) -> int:
    kinds, theirs = (engine.query(f"select column_name, column_type from (describe {of}.{table})").to_pylist() for of in ("ours", "theirs"))
    assert kinds == theirs
    doubles = {row["column_name"] for row in kinds if row["column_type"] == "DOUBLE"}
    order = ", ".join(f'"{row["column_name"]}"' for row in sorted(kinds, key=lambda row: row["column_name"] in doubles))
    one, other = (engine.query(f"select * from {of}.{table} order by {order}") for of in ("ours", "theirs"))
    if one.num_rows != other.num_rows:
        return abs(one.num_rows - other.num_rows)
    differ = np.zeros(one.num_rows, bool)
    for row in kinds:
        mine, its = (each[row["column_name"]] for each in (one, other))
        if row["column_name"] in doubles:
            differ |= ~np.isclose(mine.to_numpy(), its.to_numpy(), rtol=1e-6, atol=1e-9, equal_nan=True)
        else:
            differ |= np.array([a != b for a, b in zip(mine.to_pylist(), its.to_pylist(), strict=True)], bool)
    return int(differ.sum())


def test_what_the_engine_cannot_carry_is_worked_out_here(far: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    said = "This SQL cannot be carried to postgres without the risk of another number: MEDIAN(net)."

    def refuse(*_: object, **__: object) -> None:
        raise UserError(said)

    told = list[str]()
    monkeypatch.setattr(publish, "values_there", refuse)
    refresh(far, as_of=PLAN.as_of, now=NOW, full=True, tell=told.append)
    assert said in told
    with DuckDBEngine(_current(far), read_only=True) as engine:
        assert engine.query("select 1 from main.kpi_values where kpi = 'net_sales'").num_rows


def test_tables_are_copied_where_the_settings_say_so(far: Workspace) -> None:
    """And for a day after which order lines have come."""
    with warehouse_at_hand(far, leaving=LEFT_BEHIND) as hand:
        facts = load_facts()
        assert ready_there(hand, far.settings, facts, as_of=PLAN.as_of)
        assert ready_there(hand, far.settings, facts, as_of=PLAN.as_of - dt.timedelta(days=30)) is None
        here = far.settings.warehouse.model_copy(update={"work_there": False})
        assert ready_there(hand, far.settings.model_copy(update={"warehouse": here}), facts, as_of=PLAN.as_of) is None
