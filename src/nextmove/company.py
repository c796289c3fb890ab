"""A company in Python: open a workspace, ask for numbers, get a table. Works in a notebook, without the app.

>>> import nextmove
>>> company = nextmove.open(".")                                          # doctest: +SKIP
>>> company.kpi("net_sales", by="rep", grain="month").to_pandas()         # doctest: +SKIP
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nextmove.engine import DuckDBEngine, Engine, is_distant
from nextmove.errors import UserError
from nextmove.facts import fingerprint, prepare
from nextmove.facts.views import prepared
from nextmove.ingest.batches import warehouse_version
from nextmove.ingest.distant import open_distant, tables_at_hand
from nextmove.ingest.warehouse import open_warehouse
from nextmove.kpis import EVERYTHING, Catalogue, Question, Scope, answer, compiled_sql, load_catalogue
from nextmove.kpis.movement import Moved, pipeline_movement
from nextmove.kpis.readable import readable
from nextmove.workspace import Workspace

if TYPE_CHECKING:
    import pandas
    import pyarrow as pa


@dataclass(frozen=True)
class Answer:
    """The values of a KPI, one row a period and member."""

    table: pa.Table
    question: Question

    @property
    def rows(self) -> list[dict[str, Any]]:  # Any: a cell
        return list(self.table.to_pylist())

    def to_arrow(self) -> pa.Table:
        return self.table

    def to_pandas(self) -> pandas.DataFrame:
        """The same as a data frame, money as floats."""
        if find_spec("pandas") is None:
            raise UserError("pandas is not installed.", hint="pip install nextmove[pandas], or to_arrow()")
        return _money_as_floats(self.table).to_pandas()


class Company:
    """A workspace that answers. Numbers come from the published edition where it is up to date, else from the warehouse."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.settings = workspace.settings

    @cached_property
    def catalogue(self) -> Catalogue:
        return load_catalogue(self.workspace)

    @cached_property
    def engine(self) -> Engine:
        """Where the numbers are read; opened once."""
        return self._edition() or open_answering(self.workspace, self.catalogue)

    @property
    def as_of(self) -> dt.date:
        return self.settings.today()

    def kpi(
        self,
        identifier: str,
        *,
        grain: str | None = None,
        by: str | Iterable[str] = (),
        where: Mapping[str, str | Iterable[str]] | None = None,
        start: dt.date | None = None,
        end: dt.date | None = None,
        calendar: str = "gregorian",
        basis: str | None = None,
        versus: str | None = None,
        options: Mapping[str, str] | None = None,
        scope: Scope = EVERYTHING,
    ) -> Answer:
        """The values of a KPI: cut `by` dimensions, limited by `where={"region": "north"}`, for the periods that overlap `[start, end)`."""
        question = Question(
            kpi=identifier,
            grain=grain,
            by=_several(by),
            where=tuple((name, member) for name, members in (where or {}).items() for member in _several(members)),
            start=start,
            end=end,
            calendar=calendar,
            basis=basis,
            versus=versus,
            options=dict(options or {}),
            scope=scope,
        )
        return self.answer(question)

    def answer(self, question: Question) -> Answer:
        """The answer to a question as of the company's day."""
        return Answer(answer(self.engine, question, self.settings, as_of=self.as_of, catalogue=self.catalogue), question)

    def sql(self, question: Question) -> str:
        """The SQL that answers a question, laid out for a reader; it runs as it stands."""
        return readable(compiled_sql(question, self.settings, as_of=self.as_of, catalogue=self.catalogue))

    def pipeline_movement(
        self, start: dt.date, end: dt.date, *, by: str | None = None, where: Iterable[tuple[str, str]] = (), scope: Scope = EVERYTHING
    ) -> list[Moved]:
        """What moved the open pipeline over `[start, end)`."""
        return pipeline_movement(self.engine, start=start, end=end, as_of=self.as_of, by=by, where=tuple(where), scope=scope)

    def close(self) -> None:
        """Let go of the database."""
        if "engine" in self.__dict__:
            self.engine.close()

    def _edition(self) -> DuckDBEngine | None:
        """The current edition, if it tells the same as the warehouse does now."""
        from nextmove.editions.definitions import definitions
        from nextmove.editions.meta import read_meta
        from nextmove.editions.shelf import Shelf

        volume = Shelf(self.workspace.editions).current()
        if volume is None or volume.as_of != self.as_of:
            return None
        edition = DuckDBEngine(volume.path, read_only=True)
        meta = read_meta(edition)
        with tables_at_hand(self.workspace, ("batches",)) as warehouse:
            current = warehouse_version(warehouse)
        if meta.definitions == definitions(self.settings, self.catalogue) and meta.warehouse_version == current:
            return edition
        edition.close()
        return None


def open(path: str | Path = ".") -> Company:  # noqa: A001  reads as nextmove.open
    """The company of the workspace at `path`."""
    return Company(Workspace.find(path))


def open_answering(workspace: Workspace, catalogue: Catalogue) -> Engine:
    """Where the tables are, near or far, with a calendar and facts that fit the settings; far, facts are made anew after a load."""
    if not is_distant(workspace.settings.warehouse.url):
        return open_prepared(workspace, catalogue)
    from nextmove.editions.there import prepare_there

    distant = open_distant(workspace)
    prepare_there(distant, workspace.settings, catalogue.facts)
    return distant


def open_prepared(workspace: Workspace, catalogue: Catalogue) -> DuckDBEngine:
    """The warehouse, read-only, with a calendar and facts that fit the settings."""
    engine = open_warehouse(workspace, read_only=True)
    if prepared(engine) == fingerprint(workspace.settings, catalogue.facts):
        return engine
    engine.close()
    with open_warehouse(workspace) as writing:
        prepare(writing, workspace.settings, catalogue.facts)
    return open_warehouse(workspace, read_only=True)


def _several(value: str | Iterable[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _money_as_floats(table: pa.Table) -> pa.Table:
    import pyarrow as pa

    fields = [pa.field(f.name, pa.float64()) if pa.types.is_decimal(f.type) else f for f in table.schema]
    return table.cast(pa.schema(fields))
