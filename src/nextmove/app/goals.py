"""The company's goal as pages need it: read anew when `nextmove.toml` changes, so that a choice shows at once."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from nextmove.app import numbers
from nextmove.app.visit import Visit, shelf
from nextmove.errors import UserError
from nextmove.kpis.goals import USUAL, Selection, selection
from nextmove.settings import Goals, Settings
from nextmove.workspace import SETTINGS_FILE


def goals_now() -> Goals:
    """The settings of the goal as the file says now."""
    path = shelf().workspace.root / SETTINGS_FILE
    return _read(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=4)
def _read(path: Path, changed: int) -> Goals:
    return Settings.read(path).goals


def selected() -> Selection:
    """What the scorecard shows; a choice that no longer makes sense leaves the usual KPIs on it."""
    try:
        return selection(goals_now(), numbers.catalogue())
    except UserError:
        return USUAL


def computable(visit: Visit) -> set[str]:
    """The KPIs within reach that have what they need."""
    return {kpi.id for kpi in numbers.kpis_within_reach(visit) if not numbers.lacking(visit, kpi)}
