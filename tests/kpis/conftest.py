"""A company of a few rows, made by each test."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest

from nextmove.engine import DuckDBEngine
from nextmove.facts import prepare
from nextmove.ingest.warehouse import create_tables
from nextmove.kpis import Question, answer, load_catalogue
from nextmove.settings import Settings
from nextmove.tables import TABLES

CATALOGUE = load_catalogue()
SETTINGS = Settings(company={"time_zone": "UTC", "reporting_currency": "EUR"})  # type: ignore[arg-type]
AS_OF = dt.date(2024, 6, 30)


class Shop:
    """A company of a few rows."""

    def __init__(self, engine: DuckDBEngine) -> None:
        self.engine = engine

    def sells(self, order: str, at: str, account: str | None = "A", net: float = 100, line: int = 1, **more: Any) -> None:  # Any: a cell
        row = {"order_id": order, "line_no": line, "ordered_at": at, "account_id": account, "quantity": 1, "net_amount": net, **more}
        self.insert("order_lines", **row)

    def insert(self, table: str, **row: Any) -> None:  # Any: a cell
        values = ", ".join("null" if value is None else f"'{value}'" for value in row.values())
        self.engine.execute(f"insert into main.{table} ({', '.join(row)}) values ({values})")

    def ask(self, kpi: str, *, as_of: dt.date = AS_OF, settings: Settings = SETTINGS, **question: Any) -> list[dict[str, Any]]:
        asked = Question(kpi, **{"grain": "month", **question})
        return list(answer(self.engine, asked, settings, as_of=as_of, catalogue=CATALOGUE).to_pylist())

    def value(self, kpi: str, **question: Any) -> Any:  # Any: a cell
        rows = self.ask(kpi, **question)
        assert len(rows) == 1, rows
        return rows[0]["value"]


@pytest.fixture(scope="module")
def prepared() -> Iterator[DuckDBEngine]:
    with DuckDBEngine() as engine:
        create_tables(engine)
        prepare(engine, SETTINGS, CATALOGUE.facts)
        yield engine


@pytest.fixture
def shop(prepared: DuckDBEngine) -> Iterator[Shop]:
    yield Shop(prepared)
    for table in (each.name for each in TABLES):
        prepared.execute(f"delete from main.{table}")
