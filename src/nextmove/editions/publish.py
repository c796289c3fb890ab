"""Refresh: compute everything from the warehouse and publish an edition."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from time import perf_counter

from nextmove.editions.meta import Meta, write_meta
from nextmove.editions.progress import Steps, Tell, quiet
from nextmove.editions.shelf import Shelf
from nextmove.editions.source import show_source, warehouse_attached
from nextmove.editions.tables import copy_tables, materialise_facts, show_facts
from nextmove.engine import DuckDBEngine
from nextmove.workspace import Workspace


@dataclass(frozen=True)
class Published:
    """What came of a refresh."""

    edition: str
    as_of: dt.date
    way: str
    seconds: float


def refresh(workspace: Workspace, *, as_of: dt.date, now: dt.datetime, tell: Tell = quiet) -> Published:
    """Build an edition of the numbers at the end of `as_of` and publish it; `now` (UTC) is only noted."""
    shelf = Shelf(workspace.editions)
    settings = workspace.settings
    started = perf_counter()
    with shelf.alone():
        shelf.sweep()
        volume = shelf.next(as_of)
        with DuckDBEngine(shelf.building, memory_limit=settings.editions.memory_limit) as engine:
            with warehouse_attached(engine, workspace.data / "warehouse.duckdb"):
                build(engine, workspace, as_of=as_of, steps=Steps(tell))
            seconds = perf_counter() - started
            write_meta(engine, _meta(workspace, edition=volume.edition, as_of=as_of, now=now, seconds=seconds))
            engine.execute("checkpoint")
        shelf.publish(volume)
        shelf.thin_out(keep_days=settings.editions.keep_days)
    return Published(volume.edition, as_of, "full", seconds)


def build(engine: DuckDBEngine, workspace: Workspace, *, as_of: dt.date, steps: Steps) -> None:
    """Fill the edition, step by step."""
    with steps.step("tables"):
        show_source(engine, workspace.settings, as_of=as_of)
        copy_tables(engine)
    with steps.step("facts"):
        materialise_facts(engine, show_facts(engine))
    engine.execute("detach source")


def _meta(workspace: Workspace, *, edition: str, as_of: dt.date, now: dt.datetime, seconds: float) -> Meta:
    company = workspace.settings.company
    return Meta(
        edition=edition,
        as_of=as_of,
        published_at=now,
        warehouse_version=0,
        company=company.name,
        reporting_currency=company.reporting_currency,
        time_zone=company.time_zone,
        definitions="",
        fitted_on=as_of,
        full_on=as_of,
        way="full",
        seconds=round(seconds, 2),
    )
