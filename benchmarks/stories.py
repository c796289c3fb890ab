"""The planted silences of demo companies: where each stands in its representative's list when it is two usual gaps old.

    python benchmarks/stories.py [SEED …]                 (1 2 3 4 5; companies of 30,000 lines)

For each silent customer and dropped item the company is taken back to the day that is two of its usual gaps after the last purchase, learns
from what was known then, and finds its moves. "Top of the list" is the first ten (a day's moves) of the moves of that kind that the
representative gets: `nextmove actions --rep R --kind silent_customer`, `--kind stopped_item`. Moves withheld as a control are in no list
and are not counted.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import sys
import tempfile
from pathlib import Path
from typing import Any

from nextmove.actions.find import find_actions
from nextmove.actions.journal import Journal
from nextmove.actions.listing import list_actions
from nextmove.demo import STORIES_FILE, Plan, make_demo
from nextmove.editions.asof import end_of
from nextmove.editions.progress import Steps, quiet
from nextmove.editions.publish import Build, take_rows
from nextmove.editions.source import warehouse_attached
from nextmove.engine import DuckDBEngine
from nextmove.kpis import EVERYTHING, load_catalogue
from nextmove.predictions import task_called
from nextmove.workspace import Workspace

KINDS = {"silent_customer": "silent_customer", "big_customer_lost": "silent_customer", "dropped_item": "stopped_item"}
LAST, TOP, BAR = dt.date(2026, 9, 30), 10, 0.9
Story = dict[str, Any]  # Any: a JSON value


def main() -> None:
    places: dict[str, list[int | None]] = {kind: [] for kind in KINDS.values()}
    for seed in [int(given) for given in sys.argv[1:]] or [1, 2, 3, 4, 5]:
        with tempfile.TemporaryDirectory() as folder:
            workspace = make_demo(Path(folder) / "company", Plan(lines=30_000, seed=seed), tell=quiet)
            for story in json.loads((workspace.data / STORIES_FILE).read_text(encoding="utf-8"))["stories"]:
                _look(workspace, story, places)
    reached = [_tell(kind, found) for kind, found in places.items()]
    sys.exit(0 if all(reached) else "missed")


def _look(workspace: Workspace, story: Story, places: dict[str, list[int | None]]) -> None:
    kind = KINDS.get(story["kind"])
    if kind is None:
        return
    day = dt.date.fromisoformat(story["day"]) + dt.timedelta(days=math.ceil(2 * float(story["usual_gap_days"])))
    found = _place(workspace, story, kind, min(day, LAST))
    print(f"{kind:16} {story['account_id']} {story.get('product_id', ''):8} {day}  place {found}", flush=True)
    if found != "withheld":
        places[kind].append(found)


def _place(workspace: Workspace, story: Story, kind: str, as_of: dt.date) -> Any:  # Any: a place, None or "withheld"
    wanted = (story["account_id"], story.get("product_id"))
    with DuckDBEngine() as engine:
        build = Build(engine, workspace.settings, load_catalogue(workspace), as_of, Steps(quiet))
        with warehouse_attached(engine, workspace.data / "warehouse.duckdb"):
            take_rows(build, None)
        engine.execute("create schema if not exists predictions")
        for task in ("customers", "items"):
            engine.write(f"predictions.{task}", task_called(task)().fit(engine, as_of=as_of).predict())
        find_actions(engine, workspace.settings, as_of=as_of, end=end_of(as_of, time_zone=workspace.settings.company.time_zone))
        held = engine.query(f"select account_id, product_id from main.actions where withheld and kind = '{kind}'").to_pylist()
        if wanted in {(row["account_id"], row["product_id"]) for row in held}:
            return "withheld"
        nothing = Journal(workspace.data / "none.sqlite3")
        listed = list_actions(engine, nothing, scope=EVERYTHING, day=as_of, most=1_000_000, rep=story["rep_id"], kind=kind)
    return next((action.place for action in listed if (action.account_id, action.product_id) == wanted), None)


def _tell(kind: str, found: list[int | None]) -> bool:
    share = sum(place is not None and place <= TOP for place in found) / max(len(found), 1)
    print(f"{kind:16} {len(found)} stories, {share:.0%} in the first {TOP}   ≥ {BAR:.0%}   {'reached' if share >= BAR else 'MISSED'}")
    return share >= BAR


if __name__ == "__main__":
    main()
