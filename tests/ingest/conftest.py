"""A workspace with an empty warehouse, and a way to load bytes into it."""

from __future__ import annotations

import datetime as dt
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest

from nextmove.ingest import load as loading
from nextmove.ingest.child import serve
from nextmove.ingest.load import Loaded, load
from nextmove.ingest.plan import Options
from nextmove.ingest.readers import Source
from nextmove.ingest.settings_file import settings_file
from nextmove.ingest.warehouse import FILE, open_warehouse
from nextmove.workspace import Workspace

NOW = dt.datetime(2026, 1, 15, 12)


@pytest.fixture(scope="session")
def empty_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = Workspace.create(tmp_path_factory.mktemp("empty") / "company", settings=settings_file("Test company"))
    open_warehouse(made).close()
    return made.data / FILE


@pytest.fixture
def workspace(tmp_path: Path, empty_warehouse: Path) -> Workspace:
    made = Workspace.create(tmp_path / "company", settings=settings_file("Test company"))
    shutil.copy(empty_warehouse, made.data / FILE)
    return made


class NearReader:
    """The reader without its process: the same code, for the many files that need no limits to be tested."""

    source: Source | None = None  # one for all tests, as one child serves all files of a load

    def __init__(self, scratch: Path) -> None:
        NearReader.source = self.source or Source()

    def open(self, path: Path, scratch: Path, options: dict[str, str | None]) -> Any:
        scratch.mkdir(parents=True, exist_ok=True)
        return self.ask("open", path=str(path.resolve()), scratch=str(scratch), options=options)

    def ask(self, what: str, **more: object) -> Any:
        return serve(self.source, {"do": what, **more})

    def __enter__(self) -> NearReader:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        pass


@pytest.fixture
def near(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "Reader", NearReader)


LoadBytes = Callable[..., list[Loaded]]


@pytest.fixture
def load_bytes(workspace: Workspace, tmp_path: Path) -> LoadBytes:
    """Write a file and load it: `load_bytes("accounts.csv", b"…", dates="dmy")`."""

    def run(name: str, content: bytes, **options: Any) -> list[Loaded]:
        path = tmp_path / "files" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        return load(workspace, [path], now=NOW, options=Options(**options))

    return run


Rows = Callable[[str], list[tuple[Any, ...]]]


@pytest.fixture
def rows(workspace: Workspace) -> Rows:
    """Ask the warehouse."""

    def run(sql: str) -> list[tuple[Any, ...]]:
        with open_warehouse(workspace) as engine:
            return engine.connection.execute(sql).fetchall()

    return run


@pytest.fixture
def rejected(workspace: Workspace) -> Callable[[int], list[list[str]]]:
    """The lines of a batch's rejects file."""
    import csv

    def run(batch: int = 1) -> list[list[str]]:
        with (workspace.rejects / f"{batch}.csv").open(newline="") as file:
            return list(csv.reader(file))[1:]

    return run


os.environ.setdefault("OMP_NUM_THREADS", "1")
