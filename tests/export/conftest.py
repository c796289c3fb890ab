"""The reference company loaded into a workspace in the usual way, with a published edition of its KPI values."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import pytest

from nextmove.editions import publish
from nextmove.ingest.load import load
from nextmove.kpis import batch
from nextmove.workspace import Workspace

COMPANY = Path(__file__).parent.parent / "company"
_LEFT_OUT = ("country", "segment", "industry", "category", "brand", "channel", "team")
NOW = dt.datetime(2024, 9, 18, 3)


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    root = tmp_path_factory.mktemp("export") / "company"
    made = Workspace.create(root, settings=(COMPANY / "nextmove.toml").read_text(encoding="utf-8"))
    load(made, [COMPANY], now=NOW)
    with pytest.MonkeyPatch.context() as patch:  # what learns takes a minute, and no export computes it
        for name in ("predict_all", "find_actions", "detect_changes"):
            patch.setattr(publish, name, lambda *_, **__: {})
        patch.setattr(batch, "STORED_GRAINS", ("month", "quarter"))
        patch.setattr(batch, "NOT_STORED", {*batch.NOT_STORED, *_LEFT_OUT})
        publish.refresh(made, as_of=made.settings.today(), now=NOW)
    return made


@pytest.fixture
def own_copy(workspace: Workspace, tmp_path: Path) -> Workspace:
    """A copy that a test may change."""
    shutil.copytree(workspace.root, tmp_path / "own")
    return Workspace.find(tmp_path / "own")
