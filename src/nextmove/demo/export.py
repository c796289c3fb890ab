"""The demo company as CSV files, one a table, as another system would hand them over."""

from __future__ import annotations

from pathlib import Path

from nextmove.engine import DuckDBEngine, literal
from nextmove.ingest.distant import whole_warehouse
from nextmove.tables import TABLES
from nextmove.workspace import Workspace


def export_tables(workspace: Workspace, folder: Path) -> None:
    """Write every table that has rows to `folder/<table>.csv`, with canonical headers."""
    folder.mkdir(parents=True, exist_ok=True)
    with whole_warehouse(workspace) as path, DuckDBEngine(path, read_only=True) as engine:
        for table in TABLES:
            if engine.query(f"select 1 from main.{table.name} limit 1").num_rows:
                listed = ", ".join(column.name for column in table.columns)
                file = literal(str(folder / f"{table.name}.csv"))
                engine.execute(f"copy (select {listed} from main.{table.name}) to {file} (format csv, header)")
