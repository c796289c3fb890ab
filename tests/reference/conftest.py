"""Three random companies, each loaded once by the product and read once by the reference."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from nextmove.engine import DuckDBEngine
from nextmove.facts import prepare
from nextmove.ingest.load import load
from nextmove.ingest.warehouse import open_warehouse
from nextmove.kpis import load_catalogue
from nextmove.settings import Settings
from nextmove.workspace import Workspace

from .company import Company, Terms
from .modelled import write_scores
from .random_company import write_company

COMPANIES = (
    Terms(1, "Asia/Jerusalem", dt.date(2025, 1, 26), fiscal_start=4, week_start="sunday", churn_window=3, weeks=(4, 4, 5)),
    Terms(2, "America/New_York", dt.date(2024, 12, 31), fiscal_start=7, week_start="monday", churn_window=12),
    Terms(
        3,
        "Asia/Tehran",
        dt.date(2025, 1, 15),
        fiscal_start=1,
        week_start="saturday",
        churn_window=1,
        working_week=("saturday", "sunday", "monday", "tuesday", "wednesday"),
        holidays=(dt.date(2025, 1, 7), dt.date(2025, 1, 20)),
    ),
)


@dataclass(frozen=True)
class Loaded:
    """The same company twice: in the product's warehouse and in the reference's rows."""

    engine: DuckDBEngine
    settings: Settings
    company: Company

    @property
    def terms(self) -> Terms:
        return self.company.terms


@pytest.fixture(scope="session", params=COMPANIES, ids=lambda terms: f"seed {terms.seed}")
def loaded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loaded]:
    terms: Terms = request.param
    files = tmp_path_factory.mktemp(f"company{terms.seed}")
    write_company(files, seed=terms.seed)
    workspace = Workspace.create(files / "workspace", settings=terms.toml())
    open_warehouse(workspace).close()
    _load(workspace, files)
    with DuckDBEngine(workspace.data / "warehouse.duckdb") as engine:
        engine.execute("set threads = 1")  # small tables: more threads only cost
        prepare(engine, workspace.settings, load_catalogue().facts)
        company = Company(files, terms)
        write_scores(engine, company)
        yield Loaded(engine, workspace.settings, company)


def _load(workspace: Workspace, files: Path) -> None:
    results = load(workspace, sorted(files.glob("*.csv")), now=dt.datetime(2025, 2, 1, tzinfo=dt.UTC))
    assert sum(result.rejected for result in results) == 0
