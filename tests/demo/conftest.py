"""A demo company of the default size, made once for all tests of this folder, and read only."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from nextmove.demo import STORIES_FILE, Plan, make_demo
from nextmove.engine import DuckDBEngine
from nextmove.workspace import Workspace

Story = dict[str, Any]  # Any: a JSON value


def silent(_: str) -> None:
    """Progress that nobody reads."""


@pytest.fixture(scope="session")
def demo_workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return make_demo(tmp_path_factory.mktemp("demo") / "company", Plan(), tell=silent)


@pytest.fixture(scope="session")
def demo_engine(demo_workspace: Workspace) -> Iterator[DuckDBEngine]:
    with DuckDBEngine(demo_workspace.data / "warehouse.duckdb", read_only=True) as engine:
        yield engine


@pytest.fixture(scope="session")
def stories(demo_workspace: Workspace) -> list[Story]:
    told: list[Story] = json.loads((demo_workspace.data / STORIES_FILE).read_text(encoding="utf-8"))["stories"]
    return told
