"""Who may sign in to the demo: one person of each role, the representative being one with something to do in a team of many."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass

from nextmove.demo.workspace import STORIES_FILE
from nextmove.engine import literal
from nextmove.ingest.distant import tables_at_hand
from nextmove.workspace import Workspace


@dataclass(frozen=True)
class DemoPerson:
    username: str
    role: str
    name: str
    rep_id: str = ""
    teams: tuple[str, ...] = ()


def demo_people(workspace: Workspace) -> tuple[DemoPerson, ...]:
    """An administrator, the manager of the largest team, its representative with the most stories, and two of the office."""
    stories = json.loads((workspace.data / STORIES_FILE).read_text(encoding="utf-8"))["stories"]
    met = Counter(story["rep_id"] for story in stories if "account_id" in story)
    with tables_at_hand(workspace, ("reps",)) as engine:
        team_size = "select team from main.reps where team is not null group by team order by count(*) desc, team limit 1"
        members = engine.connection.execute(f"select rep_id from main.reps where team = ({team_size}) and left_on is null").fetchall()
        rep_id = max(sorted(rep_id for (rep_id,) in members), key=lambda rep_id: met[rep_id])
        rep, team, manager = engine.connection.execute(
            f"""select rep.name, rep.team, manager.name from main.reps as rep
                join main.reps as manager on manager.rep_id = rep.manager_id where rep.rep_id = {literal(rep_id)}"""
        ).fetchall()[0]
    return (
        DemoPerson("admin", "admin", "Demo admin"),
        DemoPerson("manager", "manager", manager, teams=(team,)),
        DemoPerson("rep", "representative", rep, rep_id=rep_id),
        DemoPerson("analyst", "analyst", "Demo analyst"),
        DemoPerson("marketing", "marketing", "Demo marketing"),
    )
