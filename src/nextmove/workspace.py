"""A workspace: the folder of one company, with its settings, warehouse, editions and app database.

DIR/nextmove.toml            settings
DIR/kpis/*.yaml              the company's own KPIs      DIR/facts/*.sql   its own facts
DIR/mappings/*.toml          saved column mappings
DIR/data/warehouse.duckdb    canonical tables and their batches
DIR/data/editions/           published editions, and `current`
DIR/data/rejects/            rows that failed, one file a batch
DIR/data/backtests/          how right the predictions would have been, one file a task
DIR/data/app.sqlite3         accounts, decisions on actions
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from nextmove.errors import UserError
from nextmove.settings import Settings
from nextmove.settings_text import Setting, changed

SETTINGS_FILE = "nextmove.toml"


@dataclass(frozen=True)
class Workspace:
    """The paths of a workspace and its settings; opening a database is the engine's work."""

    root: Path

    @classmethod
    def find(cls, path: str | Path | None = None) -> Workspace:
        """The workspace at `path`, else at `NEXTMOVE_WORKSPACE`, else here."""
        root = Path(path or os.environ.get("NEXTMOVE_WORKSPACE") or ".").resolve()
        if not (root / SETTINGS_FILE).is_file():
            raise UserError("This folder is not a workspace.", where=str(root), hint=f"nextmove init {root}")
        return cls(root)

    @classmethod
    def create(cls, root: Path, *, settings: str) -> Workspace:
        """Make the folders and write the settings; an existing workspace is left as it is and refused."""
        if (root / SETTINGS_FILE).exists():
            raise UserError("This folder is a workspace already.", where=str(root), hint=f"nextmove load --workspace {root} FILE")
        workspace = cls(root.resolve())
        for folder in (workspace.data, workspace.editions, workspace.rejects, workspace.mappings):
            folder.mkdir(parents=True, exist_ok=True)
        (root / SETTINGS_FILE).write_text(settings, encoding="utf-8")
        return workspace

    @cached_property
    def settings(self) -> Settings:
        return Settings.read(self.root / SETTINGS_FILE)

    def change_settings(self, section: str, values: Mapping[str, Setting]) -> Settings:
        """Write these settings into `nextmove.toml`, whole or not at all, and return what holds from now on."""
        path = self.root / SETTINGS_FILE
        draft = self.root / f"{SETTINGS_FILE}.new"
        draft.write_text(changed(path.read_text(encoding="utf-8"), section, values), encoding="utf-8")
        try:
            settings = Settings.read(draft)
        except UserError:
            draft.unlink()
            raise
        draft.replace(path)
        return settings

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def warehouse(self) -> Path:
        """The DuckDB file of the canonical tables; a workspace that keeps them elsewhere has none."""
        scheme, _, place = self.settings.warehouse.url.partition("://")
        if scheme != "duckdb":
            raise UserError(
                "This cannot be done here: the tables of this workspace are not in a DuckDB file.",
                where=f"warehouse.url = {scheme}://…",
                hint="a workspace whose warehouse.url is duckdb:///data/warehouse.duckdb",
            )
        return self.root / place.removeprefix("/")

    @property
    def editions(self) -> Path:
        return self.data / "editions"

    @property
    def rejects(self) -> Path:
        return self.data / "rejects"

    @property
    def backtests(self) -> Path:
        return self.data / "backtests"

    @property
    def mappings(self) -> Path:
        return self.root / "mappings"

    @property
    def app_database(self) -> Path:
        return self.data / "app.sqlite3"
