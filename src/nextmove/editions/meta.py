"""What an edition says about itself, and the proof that it is whole.

`meta` is a table of keys and values; `manifest` holds how many rows each table has. DuckDB checks each block that it reads
by itself, so counting is enough to know that the file is the one that was published: a copy without its last pages, or
an empty file that opens without complaint, does not pass.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import pyarrow as pa

from nextmove.engine import Engine, name
from nextmove.errors import UserError


@dataclass(frozen=True)
class Meta:
    """Which numbers these are: of what day, made when, from which state of the warehouse, by which definitions."""

    edition: str
    as_of: dt.date
    published_at: dt.datetime
    warehouse_version: int
    company: str
    reporting_currency: str
    time_zone: str
    definitions: str  # a fingerprint of settings, facts, KPIs and version: equal means comparable row by row
    full_on: dt.date  # when everything was last computed from the start
    way: str  # made anew or brought forward, and why
    seconds: float


def write_meta(engine: Engine, meta: Meta) -> None:
    """Write `meta`, then the manifest of all tables."""
    values = asdict(meta)
    rows = pa.table({"key": list(values), "value": [str(value) for value in values.values()]})
    engine.write("main.meta", rows)
    counts = _row_counts(engine, _tables(engine))
    engine.write("main.manifest", counts)


def read_meta(engine: Engine) -> Meta:
    """Read `meta`; an edition without it was never finished."""
    rows = {row["key"]: row["value"] for row in engine.query("select key, value from main.meta").to_pylist()}
    return Meta(**{field.name: _READ[str(field.type)](rows[field.name]) for field in fields(Meta)})


_READ: Mapping[str, Callable[[str], Any]] = {  # Any: the type of the field
    "str": str,
    "int": int,
    "float": float,
    "dt.date": dt.date.fromisoformat,
    "dt.datetime": dt.datetime.fromisoformat,
}


def verify(engine: Engine) -> None:
    """Refuse an edition whose tables do not have the rows that were published."""
    manifest = {row["table_name"]: row["row_count"] for row in engine.query("select table_name, row_count from main.manifest").to_pylist()}
    found = {row["table_name"]: row["row_count"] for row in _row_counts(engine, list(manifest)).to_pylist()}
    for table, rows in manifest.items():
        if found[table] != rows:
            raise UserError(f"The edition is damaged: {table} has {found[table]} of {rows} rows.", hint="nextmove refresh")


def _tables(engine: Engine) -> list[str]:
    rows = engine.query(
        "select table_schema, table_name from information_schema.tables"
        " where table_catalog = current_database() and table_type = 'BASE TABLE' and table_name not in ('meta', 'manifest') order by 1, 2"
    ).to_pylist()
    return [f"{row['table_schema']}.{name(row['table_name'])}" for row in rows]


def _row_counts(engine: Engine, tables: list[str]) -> pa.Table:
    counts = [f"select '{table}' as table_name, count(*) as row_count from {table}" for table in tables]
    return engine.query(" union all ".join(counts) or "select null::varchar as table_name, null::bigint as row_count where false")
