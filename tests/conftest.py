"""The reference company of `tests/company`: every table of the data model, small enough to check by eye, edge cases included.

`reference` has it in memory, with the calendar and the facts; nobody writes to it. Its numbers stand at the end of `AS_OF`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import hypothesis
import pytest

from nextmove.engine import DuckDBEngine
from nextmove.facts import load_facts, prepare
from nextmove.ingest.warehouse import create_tables
from nextmove.settings import Settings
from nextmove.tables import TABLES

hypothesis.settings.register_profile("nextmove", deadline=None, derandomize=True)  # a busy machine is no failure
hypothesis.settings.load_profile("nextmove")

COMPANY = Path(__file__).parent / "company"
VALUED = Path(__file__).parent / "kpis" / "golden" / "_valued.sql"
AS_OF = dt.date(2024, 9, 17)


@dataclass(frozen=True)
class Reference:
    """The reference company, loaded."""

    engine: DuckDBEngine
    settings: Settings
    as_of: dt.date = AS_OF


@pytest.fixture(scope="session")
def reference() -> Iterator[Reference]:
    settings = Settings.read(COMPANY / "nextmove.toml")
    with DuckDBEngine() as engine:
        load_company(engine)
        prepare(engine, settings, load_facts())
        engine.execute(VALUED.read_text(encoding="utf-8"))
        yield Reference(engine, settings)


def load_company(engine: DuckDBEngine) -> None:
    """Fill the canonical tables from the CSV files, each value cast as the table declares it."""
    create_tables(engine)
    for table in TABLES:
        path = COMPANY / f"{table.name}.csv"
        header = path.read_text(encoding="utf-8").splitlines()[0].split(",")
        casts = ", ".join(f'cast("{name}" as {table.column(name).kind.sql_type})' for name in header)
        names = ", ".join(f'"{name}"' for name in header)
        rows = f"read_csv('{path}', all_varchar = true, header = true)"
        engine.execute(f"insert into main.{table.name} ({names}) select {casts} from {rows}")
