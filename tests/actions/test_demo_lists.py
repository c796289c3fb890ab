"""What was planted in the demo company stands near the top of its representative's list within two of its usual gaps."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

import pytest

from nextmove.actions.find import find_actions
from nextmove.demo import STORIES_FILE, Plan, make_demo
from nextmove.editions.asof import end_of
from nextmove.editions.predicting import Past, predict_all
from nextmove.editions.progress import Steps, quiet
from nextmove.editions.publish import Build, take_rows
from nextmove.editions.source import warehouse_attached
from nextmove.engine import DuckDBEngine
from nextmove.kpis import load_catalogue

AS_OF = dt.date(2026, 9, 30)
ONE_DAY, THREE_DAYS = 10, 30  # moves: what a representative gets by default
KIND = {"silent_customer": "silent_customer", "big_customer_lost": "silent_customer", "dropped_item": "stopped_item"}
Story = dict[str, Any]  # Any: a JSON value


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[tuple[Story, int | None]]]:
    """Each planted silence that is two usual gaps old and not in the control group, with its place in the representative's list."""
    workspace = make_demo(tmp_path_factory.mktemp("demo") / "company", Plan(), tell=lambda _: None)
    told = json.loads((workspace.data / STORIES_FILE).read_text(encoding="utf-8"))["stories"]
    with DuckDBEngine() as engine:
        build = Build(engine, workspace.settings, load_catalogue(workspace), AS_OF, Steps(quiet))
        with warehouse_attached(engine, workspace.data / "warehouse.duckdb"):
            take_rows(build, None)
        assert predict_all(engine, as_of=AS_OF, past=Past({}, 0, None), steps=build.steps) == {}
        assert find_actions(engine, workspace.settings, as_of=AS_OF, end=end_of(AS_OF, time_zone="Europe/London")) == {}
        found = [(story, _place(engine, story)) for story in told if story["kind"] in KIND and _due(story)]
    yield [(story, place) for story, place in found if place != "withheld"]


def _due(story: Story) -> bool:
    return (AS_OF - dt.date.fromisoformat(story["day"])).days >= 2 * float(story["usual_gap_days"])


def _place(engine: DuckDBEngine, story: Story) -> Any:  # Any: a place, None or "withheld"
    product = f"and product_id = '{story['product_id']}'" if "product_id" in story else ""
    rows = engine.query(
        f"""select rank, withheld from main.actions where kind = '{KIND[story["kind"]]}' and rep_id = '{story["rep_id"]}'
            and account_id = '{story["account_id"]}' {product}"""
    ).to_pylist()
    return "withheld" if rows and rows[0]["withheld"] else rows[0]["rank"] if rows else None


def _share(places: list[tuple[Story, int | None]], kind: str, most: int) -> float:
    mine = [place for story, place in places if KIND[story["kind"]] == kind]
    assert len(mine) >= 7
    return sum(place is not None and place <= most for place in mine) / len(mine)


def test_silent_customers_are_among_the_moves_of_one_day(places: list[tuple[Story, int | None]]) -> None:
    assert _share(places, "silent_customer", ONE_DAY) >= 0.9


def test_dropped_items_are_all_in_the_list(places: list[tuple[Story, int | None]]) -> None:
    assert _share(places, "stopped_item", 1_000_000) == 1


def test_dropped_items_are_among_the_moves_of_three_days(places: list[tuple[Story, int | None]]) -> None:
    """Cheap ones stand behind dearer moves on purpose: the list is ranked by money."""
    assert _share(places, "stopped_item", THREE_DAYS) >= 0.9
