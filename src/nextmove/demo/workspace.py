"""The workspace of a demo company: made in one step, taken away in one step."""

from __future__ import annotations

import datetime as dt
import shutil
import tomllib
from collections.abc import Callable
from pathlib import Path

from nextmove.demo.clock import COUNTRY, TIME_ZONE
from nextmove.demo.plan import Plan
from nextmove.errors import UserError
from nextmove.ingest.distant import DRAFT, make_ready, new_warehouse, tables_at_hand
from nextmove.settings_text import changed
from nextmove.workspace import SETTINGS_FILE, Workspace

STORIES_FILE = "stories.json"
SETTINGS_BEFORE = "nextmove.before-demo.toml"
KIND = "demo"
Tell = Callable[[str], None]


def make_demo(root: Path, plan: Plan, *, tell: Tell) -> Workspace:
    """Make a workspace with the demo company in it; an earlier demo company there is replaced."""
    workspace = _workspace(root, plan)
    _fill(workspace, plan, tell)
    return workspace


def clear_demo(workspace: Workspace) -> None:
    """Take the demo company away and leave the workspace ready for real data, with the settings of before where there were some."""
    if not is_demo(workspace):
        raise UserError("There is no demo company in this workspace.", where=str(workspace.root))
    _refuse_own_data(workspace)
    _empty(workspace)
    before = workspace.root / SETTINGS_BEFORE
    if before.exists():
        before.replace(workspace.root / SETTINGS_FILE)
    else:
        (workspace.root / SETTINGS_FILE).write_text(_SETTINGS_AFTER, encoding="utf-8")
    with new_warehouse(workspace):
        pass  # nothing comes in the place of the demo company's rows


def is_demo(workspace: Workspace) -> bool:
    return (workspace.data / STORIES_FILE).is_file()


def _workspace(root: Path, plan: Plan) -> Workspace:
    """A new workspace, an empty one, or that of an earlier demo company."""
    settings = root / SETTINGS_FILE
    if not settings.exists():
        return _new_workspace(root, plan)
    workspace = Workspace(root.resolve())
    before = settings.read_text(encoding="utf-8")
    if is_demo(workspace) or (workspace.data / DRAFT).exists():
        _refuse_own_data(workspace)
        _empty(workspace)
    else:
        _refuse_taken(workspace)
        settings.replace(root / SETTINGS_BEFORE)
    settings.write_text(_kept_warehouse(before, _settings(plan)), encoding="utf-8")
    return Workspace(root.resolve())


def _new_workspace(root: Path, plan: Plan) -> Workspace:
    """Made only where its tables would come to a free place: the address may be set outside of the folder."""
    workspace = Workspace.create(root, settings=_settings(plan))
    try:
        _refuse_taken(workspace)
    except UserError:
        (root / SETTINGS_FILE).unlink()
        raise
    return workspace


def _refuse_taken(workspace: Workspace) -> None:
    if _batches(workspace):
        raise UserError(
            "This folder is a workspace with data of its own.", where=str(workspace.root), hint="another folder for the demo company"
        )


def _kept_warehouse(before: str, settings: str) -> str:
    """The settings of the demo company, its tables where those of the workspace were."""
    url = tomllib.loads(before).get("warehouse", {}).get("url")
    return changed(settings, "warehouse", {"url": url}) if url else settings


def _empty(workspace: Workspace) -> None:
    """Remove all that was computed from the demo company with it: a cleared table would keep its rows in the file."""
    shutil.rmtree(workspace.data)
    for folder in (workspace.data, workspace.editions, workspace.rejects, workspace.mappings):
        folder.mkdir(parents=True, exist_ok=True)


def _fill(workspace: Workspace, plan: Plan, tell: Tell) -> None:
    """Write the company into a file of its own, where each batch of rows leaves the memory at once; whole, it takes its place."""
    from nextmove.demo.company import found_company, write_company
    from nextmove.demo.store import Store

    with new_warehouse(workspace) as engine:
        store = Store(engine, batch=1)
        company = found_company(plan)
        write_company(company, store, tell=tell)
        store.record(KIND, time_zone=TIME_ZONE, loaded_at=dt.datetime.combine(plan.as_of, dt.time(23, 59)))
        engine.execute("checkpoint")
        told = company.stories_json(engine)
    (workspace.data / STORIES_FILE).write_text(told, encoding="utf-8")


def _batches(workspace: Workspace, condition: str = "true") -> list[int]:
    make_ready(workspace)
    with tables_at_hand(workspace, ("batches",)) as engine:
        found: list[int] = engine.query(f"select batch from main.batches where {condition} order by batch desc")["batch"].to_pylist()
        return found


def _refuse_own_data(workspace: Workspace) -> None:
    """Real data loaded beside the demo company are not thrown away with it; a load that was taken back is no data."""
    own = _batches(workspace, "kind = 'load' and undone_by is null")
    if own:
        raise UserError(
            "This workspace holds loads of its own beside the demo company.",
            where=str(workspace.root),
            hint=f"take them back first: {', '.join(f'nextmove undo {batch}' for batch in own)}",
        )


def _settings(plan: Plan) -> str:
    return f"""[company]
name = "Northgate Supply (demo)"
time_zone = "{TIME_ZONE}"
reporting_currency = "EUR"
country = "{COUNTRY}"
as_of = {plan.as_of.isoformat()}  # the last day of the demo company; "today" once real data are in

[definitions]
stage_order = ["qualified", "needs", "proposal", "negotiation"]

[persona]
segment = ["Key account", "Mid-market"]
industry = ["Construction", "Manufacturing", "Facility management"]
"""


_SETTINGS_AFTER = f"""[company]
name = "My company"
time_zone = "{TIME_ZONE}"
reporting_currency = "EUR"
country = "{COUNTRY}"
as_of = "today"
"""
