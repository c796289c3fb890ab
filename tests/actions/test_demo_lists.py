"""What was planted in the demo company stands near the top of its representative's list within two of its usual gaps."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nextmove.actions.find import find_actions
from nextmove.actions.journal import Journal
from nextmove.actions.listing import list_actions
from nextmove.demo import STORIES_FILE, Plan, make_demo
from nextmove.editions.asof import end_of
from nextmove.editions.predicting import Past, predict_all
from nextmove.editions.progress import Steps, quiet
from nextmove.editions.publish import Build, take_rows
from nextmove.editions.source import warehouse_attached
from nextmove.engine import DuckDBEngine
from nextmove.kpis import EVERYTHING, load_catalogue

AS_OF = dt.date(2026, 9, 30)
ONE_DAY, THREE_DAYS = 10, 30  # moves: what a representative gets by default
KIND = {"silent_customer": "silent_customer", "big_customer_lost": "silent_customer", "dropped_item": "stopped_item"}
Story = dict[str, Any]  # Any: a JSON value
Places = list[tuple[Story, int | None, int | None]]  # in the whole list of the representative, and in the list of the kind


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Places]:
    """Each planted silence that is two usual gaps old and not in the control group, with its places in the representative's lists."""
    workspace = make_demo(tmp_path_factory.mktemp("demo") / "company", Plan(), tell=lambda _: None)
    told = json.loads((workspace.data / STORIES_FILE).read_text(encoding="utf-8"))["stories"]
    with DuckDBEngine() as engine:
        build = Build(engine, workspace.settings, load_catalogue(workspace), AS_OF, Steps(quiet))
        with warehouse_attached(engine, workspace.data / "warehouse.duckdb"):
            take_rows(build, None)
        assert predict_all(engine, as_of=AS_OF, past=Past({}, 0), steps=build.steps) == {}
        assert find_actions(engine, workspace.settings, as_of=AS_OF, end=end_of(AS_OF, time_zone="Europe/London")) == {}
        due = [story for story in told if story["kind"] in KIND and _due(story) and not _withheld(engine, story)]
        yield [(story, _place(engine, story), _place(engine, story, kind=KIND[story["kind"]])) for story in due]


def _due(story: Story) -> bool:
    return (AS_OF - dt.date.fromisoformat(story["day"])).days >= 2 * float(story["usual_gap_days"])


def _withheld(engine: DuckDBEngine, story: Story) -> bool:
    product = f"and product_id = '{story['product_id']}'" if "product_id" in story else ""
    ask = f"select withheld from main.actions where kind = '{KIND[story['kind']]}' and account_id = '{story['account_id']}' {product}"
    return any(engine.query(ask)["withheld"].to_pylist())


def _place(engine: DuckDBEngine, story: Story, *, kind: str | None = None) -> int | None:
    wanted, nothing = (KIND[story["kind"]], story["account_id"], story.get("product_id")), Journal(Path("none"))
    listed = list_actions(engine, nothing, scope=EVERYTHING, day=AS_OF, most=1_000_000, rep=story["rep_id"], kind=kind)
    return next((action.place for action in listed if (action.kind, action.account_id, action.product_id) == wanted), None)


def _share(places: Places, kind: str, most: int, *, of_kind: bool = False) -> float:
    mine = [place_of_kind if of_kind else place for story, place, place_of_kind in places if KIND[story["kind"]] == kind]
    assert len(mine) >= 7
    return sum(place is not None and place <= most for place in mine) / len(mine)


def test_silent_customers_are_among_the_moves_of_one_day(places: Places) -> None:
    assert _share(places, "silent_customer", ONE_DAY) >= 0.9


def test_dropped_items_are_all_in_the_list(places: Places) -> None:
    assert _share(places, "stopped_item", 1_000_000) == 1


def test_dropped_items_are_among_the_moves_of_three_days(places: Places) -> None:
    """Cheap ones stand behind dearer moves on purpose: the list is ranked by money."""
    assert _share(places, "stopped_item", THREE_DAYS) >= 0.9


@pytest.mark.parametrize("kind", ["silent_customer", "stopped_item"])
def test_each_kind_has_its_stories_in_the_first_ten_of_its_own_list(places: Places, kind: str) -> None:
    """What a representative sees who asks for silent customers, or for dropped items."""
    assert _share(places, kind, ONE_DAY, of_kind=True) >= 0.9
