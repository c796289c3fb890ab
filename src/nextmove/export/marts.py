"""The marts: what an edition holds for tools that draw for themselves — facts, dimensions, KPI values, predictions, actions.

They are written as Parquet, one file a table in a folder a schema, or into a PostgreSQL database, one schema each with the
same names. A column that ends in `_id` joins the dimension of that name; `day` joins `dimensions.calendar`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from nextmove.engine import Engine, literal, name
from nextmove.kpis import Catalogue
from nextmove.kpis.words import described, named, questioned

_DIMENSIONS = ("accounts", "reps", "products", "campaigns", "calendar", "periods")
_TOLD = ("kpi_values", "targets", "actions", "alerts")
_HIDDEN = ("learnt", "norms_")  # what tasks keep for their next day begins so; nobody draws it


@dataclass(frozen=True)
class Mart:
    """One table that leaves: under which schema and name, and what it is read from."""

    schema: str
    name: str
    source: str


Tell = Callable[[str], None]


def marts(edition: Engine) -> list[Mart]:
    """What this edition can give."""
    rows = edition.query("select table_schema as s, table_name as t from information_schema.tables order by 1, 2").to_pylist()
    there = [(str(row["s"]), str(row["t"])) for row in rows]
    found = [Mart(schema, table, f"{schema}.{name(table)}") for schema, table in there if schema == "facts"]
    found += [Mart("dimensions", table, f"main.{table}") for table in _DIMENSIONS if ("main", table) in there]
    found += [Mart("marts", table, f"main.{table}") for table in _TOLD if ("main", table) in there]
    found += [Mart(s, table, f"{s}.{name(table)}") for s, table in there if s == "predictions" and not table.startswith(_HIDDEN)]
    return found


def kpi_dimension(catalogue: Catalogue) -> pa.Table:
    """One row a KPI: what `kpi_values.kpi` stands for."""
    kpis = list(catalogue.kpis.values())
    return pa.table(
        {
            "kpi": [kpi.id for kpi in kpis],
            "theme": [kpi.theme for kpi in kpis],
            "name": [named(kpi) for kpi in kpis],
            "question": [questioned(kpi) for kpi in kpis],
            "description": [described(kpi) for kpi in kpis],
            "unit": [kpi.entry.unit for kpi in kpis],
            "better": pa.array([kpi.entry.better for kpi in kpis], pa.string()),
            "cadence": [kpi.entry.cadence for kpi in kpis],
        }
    )


def export_parquet(folder: Path, edition: Engine, catalogue: Catalogue) -> list[tuple[str, int]]:
    """Write each mart as `SCHEMA/NAME.parquet`; returns names and rows."""
    import pyarrow.parquet as pq

    written = []
    for mart in marts(edition):
        path = folder / mart.schema / f"{mart.name}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        copy = f"copy (select * from {mart.source}) to {literal(str(path))} (format parquet, compression zstd)"
        edition.execute(copy)
        written.append((f"{mart.schema}/{mart.name}.parquet", pq.read_metadata(path).num_rows))
    told = kpi_dimension(catalogue)
    pq.write_table(told, folder / "dimensions" / "kpis.parquet", compression="zstd")
    return [*written, ("dimensions/kpis.parquet", told.num_rows)]


def export_postgres(target: Engine, edition: Engine, catalogue: Catalogue) -> list[tuple[str, int]]:
    """Write each mart as a table of the same schema and name; one that is there is replaced. Returns names and rows."""
    written = []
    for mart in marts(edition):
        rows = edition.query(f"select * from {mart.source}")
        target.write(f"{mart.schema}.{mart.name}", rows)
        written.append((f"{mart.schema}.{mart.name}", rows.num_rows))
    told = kpi_dimension(catalogue)
    target.write("dimensions.kpis", told)
    return [*written, ("dimensions.kpis", told.num_rows)]
