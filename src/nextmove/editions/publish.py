"""Refresh: compute everything from the warehouse and publish an edition."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from time import perf_counter

from nextmove import __version__
from nextmove.actions.find import find_actions
from nextmove.editions.asof import end_of
from nextmove.editions.meta import Meta, write_meta
from nextmove.editions.predicting import predict_all, write_silence
from nextmove.editions.progress import Steps, Tell, quiet
from nextmove.editions.shelf import Shelf
from nextmove.editions.source import show_source, version_of_warehouse, warehouse_attached
from nextmove.editions.tables import copy_tables, materialise_facts, show_facts
from nextmove.engine import DuckDBEngine
from nextmove.facts.catalogue import Fact, load_facts
from nextmove.facts.views import fingerprint
from nextmove.settings import Settings
from nextmove.workspace import Workspace


@dataclass(frozen=True)
class Published:
    """What came of a refresh."""

    edition: str
    as_of: dt.date
    way: str
    seconds: float


@dataclass(frozen=True)
class Build:
    """An edition that is being made: where, of what day, by which definitions."""

    engine: DuckDBEngine
    settings: Settings
    facts: dict[str, Fact]
    as_of: dt.date
    steps: Steps

    @property
    def end(self) -> dt.datetime:
        """The moment (UTC) at which `as_of` is over."""
        return end_of(self.as_of, time_zone=self.settings.company.time_zone)


def refresh(workspace: Workspace, *, as_of: dt.date, now: dt.datetime, tell: Tell = quiet) -> Published:
    """Build an edition of the numbers at the end of `as_of` and publish it; `now` (UTC) is only noted."""
    shelf = Shelf(workspace.editions)
    settings = workspace.settings
    started = perf_counter()
    with shelf.alone():
        shelf.sweep()
        volume = shelf.next(as_of)
        facts = load_facts(workspace.root / "facts")
        with DuckDBEngine(shelf.building, memory_limit=settings.editions.memory_limit) as engine:
            build = Build(engine, settings, facts, as_of, Steps(tell))
            with warehouse_attached(engine, workspace.data / "warehouse.duckdb"):
                version = version_of_warehouse(engine)
                fill(build)
            seconds = perf_counter() - started
            write_meta(engine, _meta(build, edition=volume.edition, version=version, now=now, seconds=seconds))
            engine.execute("checkpoint")
        shelf.publish(volume)
        shelf.thin_out(keep_days=settings.editions.keep_days)
    return Published(volume.edition, as_of, "full", seconds)


def fill(build: Build) -> None:
    """Fill the edition, step by step."""
    engine, settings, steps = build.engine, build.settings, build.steps
    with steps.step("tables"):
        show_source(engine, settings, as_of=build.as_of)
        copy_tables(engine, settings)
    with steps.step("facts"):
        show_facts(engine, settings, build.facts)
        materialise_facts(engine, settings, build.facts)
    engine.execute("detach source")
    silence = predict_all(engine, as_of=build.as_of, known={}, refit_days=settings.editions.refit_days, steps=steps)
    with steps.step("actions"):
        silence |= find_actions(engine, settings, as_of=build.as_of, end=build.end)
    write_silence(engine, silence)


def definitions(settings: Settings, facts: dict[str, Fact]) -> str:
    """A fingerprint of all that decides a number apart from the data."""
    parts = [__version__, fingerprint(settings, facts), settings.actions.model_dump_json()]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _meta(build: Build, *, edition: str, version: int, now: dt.datetime, seconds: float) -> Meta:
    company = build.settings.company
    return Meta(
        edition=edition,
        as_of=build.as_of,
        published_at=now,
        warehouse_version=version,
        company=company.name,
        reporting_currency=company.reporting_currency,
        time_zone=company.time_zone,
        definitions=definitions(build.settings, build.facts),
        fitted_on=build.as_of,
        full_on=build.as_of,
        way="full",
        seconds=round(seconds, 2),
    )
