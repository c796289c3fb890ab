"""Refresh: compute everything from the warehouse and publish an edition."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from threading import Event
from time import perf_counter

from nextmove.actions.find import find_actions
from nextmove.editions.asof import end_of
from nextmove.editions.definitions import definitions
from nextmove.editions.deltas import difference
from nextmove.editions.forecasts import keep_forecasts
from nextmove.editions.incremental import Move, accounts_with_changed_lines, bring_forward, find_touched, look_closely
from nextmove.editions.meta import Meta, write_meta
from nextmove.editions.predicting import READ_BY_KPIS, Past, Silence, learnt_before, predict_all, write_silence
from nextmove.editions.progress import Steps, Tell, quiet
from nextmove.editions.scores import Asked, fill_scores, take_over_chances
from nextmove.editions.shelf import Shelf
from nextmove.editions.side_by_side import few_threads, loading_libraries, taking_turns
from nextmove.editions.source import check_unchanged, show_source, state_of_warehouse, tables_of_warehouse, warehouse_attached
from nextmove.editions.tables import LEFT_BEHIND, copy_tables, materialise_facts, show_facts
from nextmove.editions.there import Routed, There, add_loaded_there, bring_fact, facts_of_there, ready_there
from nextmove.editions.way import Before, Way, choose, look_back
from nextmove.engine import DuckDBEngine
from nextmove.engine.once import sharing
from nextmove.facts import Fact
from nextmove.ingest.distant import warehouse_at_hand
from nextmove.insights.changes import detect_changes
from nextmove.kpis import Catalogue, load_catalogue
from nextmove.kpis.batch import Brought, compute_values, values_there
from nextmove.kpis.frame import ONE_DAY
from nextmove.kpis.needs import facts_read, loaded_columns, with_data
from nextmove.kpis.reach import Since
from nextmove.predictions import TASKS
from nextmove.settings import Settings
from nextmove.tables.calendar import write_calendar
from nextmove.words import text
from nextmove.workspace import Workspace


@dataclass(frozen=True)
class Published:
    """What came of a refresh."""

    edition: str
    as_of: dt.date
    incremental: bool
    why: str
    seconds: float


@dataclass(frozen=True)
class Build:
    """An edition that is being made: where, of what day, by which definitions."""

    engine: DuckDBEngine
    settings: Settings
    catalogue: Catalogue
    as_of: dt.date
    steps: Steps
    there: There | None = None  # the engine that has the rows, where it works for this edition

    @property
    def facts(self) -> Mapping[str, Fact]:
        return self.catalogue.facts

    @property
    def end(self) -> dt.datetime:
        """The moment (UTC) at which `as_of` is over."""
        return end_of(self.as_of, time_zone=self.settings.company.time_zone)


def refresh(workspace: Workspace, *, as_of: dt.date, now: dt.datetime, full: bool = False, tell: Tell = quiet) -> Published:
    """Build an edition of the numbers at the end of `as_of` and publish it; `now` (UTC) is only noted."""
    shelf, settings, started = Shelf(workspace.editions), workspace.settings, perf_counter()
    catalogue = load_catalogue(workspace)
    with warehouse_at_hand(workspace, leaving=LEFT_BEHIND) as hand, shelf.alone():
        shelf.sweep()
        before, volume = look_back(shelf.current()), shelf.next(as_of)
        state = state_of_warehouse(hand.path, since=before.meta.warehouse_version if before else 0)
        way = choose(before, state, definitions=definitions(settings, catalogue), as_of=as_of, full=full)
        tell(way.why)
        there = None if way.move else ready_there(hand, settings, catalogue.facts, as_of=as_of)
        if there is None:
            hand.bring_left()
        forward = way.move is not None
        turns, libraries = taking_turns(where=forward), loading_libraries(where=forward)
        with turns, libraries, _opened(shelf, before if forward else None, settings) as engine:
            build = Build(engine, settings, catalogue, as_of, Steps(tell), there)
            with few_threads(engine, side_by_side=1, where=forward), warehouse_attached(engine, hand.path):
                check_unchanged(engine, state)
                changed = take_rows(build, way.move)
            if before and not way.move:
                take_over_chances(engine, before.volume.path)
            with few_threads(engine, side_by_side=2, where=forward):
                draw_conclusions(build, changed, before)
            if there:
                hand.check_unchanged()
            seconds = perf_counter() - started
            meta = _meta(build, way, before, edition=volume.edition, version=state.version, now=now, seconds=seconds)
            write_meta(engine, meta)
            engine.execute("checkpoint")
        shelf.publish(volume)
        shelf.thin_out(keep_days=settings.editions.keep_days)
    return Published(volume.edition, as_of, way.move is not None, way.why, seconds)


def _opened(shelf: Shelf, before: Before | None, settings: Settings) -> DuckDBEngine:
    """The edition that is being made: a copy of the one before where that is brought forward, else an empty one."""
    if before:
        shutil.copyfile(before.volume.path, shelf.building)
    return DuckDBEngine(shelf.building, memory_limit=settings.editions.memory_limit, packed_at_end=True)


def take_rows(build: Build, move: Move | None) -> Since | None:
    """Everything that is read from the warehouse: tables and facts. Returns what may differ now; None for every number."""
    engine, settings = build.engine, build.settings
    show_source(engine, settings, as_of=build.as_of)
    since = None
    if move is None:
        with build.steps.step("tables"):
            write_calendar(engine, settings)
            copy_tables(engine)
            if build.there:
                add_loaded_there(engine, build.there)
        with build.steps.step("facts"):
            show_facts(engine, settings, build.facts)
            _make_facts(build)
    else:
        since = _take_what_changed(build, move)
    engine.execute("detach source")
    return since


def _make_facts(build: Build) -> None:
    engine, there = build.engine, build.there
    bring = {fact.name: partial(bring_fact, engine, there) for fact in facts_of_there(build.facts)} if there else {}
    materialise_facts(engine, build.settings, build.facts, bring=bring)


def _take_what_changed(build: Build, move: Move) -> Since | None:
    engine, settings = build.engine, build.settings
    with build.steps.step("tables"):
        move = look_closely(engine, settings, move)
        touched = find_touched(engine, build.facts, move)
        filled = loaded_columns(engine)
        copy_tables(engine, needed=lambda table: table.startswith("batch") or move.alters(table))
    with build.steps.step("facts"):
        show_facts(engine, settings, build.facts)
        brought = bring_forward(engine, settings, touched)
    if brought.anew:
        build.steps.tell(text("refresh.anew", facts=", ".join(sorted(brought.anew))))
    if touched.since is None or filled != loaded_columns(engine):
        return None
    tables = frozenset(each for each in tables_of_warehouse(engine) if move.alters(each))
    return Since(touched.since, move.before + ONE_DAY, {each: difference(each) for each in brought.altered}, tables)


def draw_conclusions(build: Build, changed: Since | None, before: Before | None) -> None:
    """Everything that is made of the edition's own tables.

    What will come (predictions, the actions they ask for) and what was (KPI values, alerts) are made one after the other; after a
    small load, which leaves little to do in each statement and much between them, side by side.
    """
    predicted = Event()
    if changed is None:
        silence = _look_ahead(build, changed, before, predicted) | _look_back(build, changed, before, predicted)
    else:
        with build.engine.beside() as other, ThreadPoolExecutor(1) as worker:
            back = worker.submit(_look_back, replace(build, engine=other), changed, before, predicted)
            try:
                silence = _look_ahead(build, changed, before, predicted) | back.result()
            except BaseException:  # Ctrl-C as well: nobody waits for what will not be published
                other.connection.interrupt()
                raise
    write_silence(build.engine, silence)


def _look_ahead(build: Build, changed: Since | None, before: Before | None, predicted: Event) -> Silence:
    """Predictions and actions; `predicted` is set as soon as what KPIs read of predictions stands. Where they wait, that comes first."""
    engine, settings, steps, ask = build.engine, build.settings, build.steps, Routed(build.engine, build.there) if build.there else None
    past = Past(learnt_before(engine), settings.editions.refit_days, accounts_with_changed_lines(engine, changed) if changed else None)
    first = READ_BY_KPIS if changed else TASKS
    with sharing(engine):
        try:
            silence = predict_all(engine, as_of=build.as_of, past=past, steps=steps, ask=ask, tasks=first)
            with steps.step("scores"):
                silence |= fill_scores(engine, Asked(build.as_of, changed.day if changed else None, learnt_before(engine)))
        finally:
            predicted.set()
        then = [task for task in TASKS if task not in first]
        silence |= predict_all(engine, as_of=build.as_of, past=past, steps=steps, ask=ask, tasks=then)
        keep_forecasts(engine, as_of=build.as_of, earlier=before.forecasts if before else None)
    with steps.step("actions"):
        return silence | find_actions(engine, settings, as_of=build.as_of, end=build.end)


def _look_back(build: Build, changed: Since | None, before: Before | None, predicted: Event) -> Silence:
    """KPI values, and the alerts that go on or begin."""
    engine, settings, steps = build.engine, build.settings, build.steps
    with steps.step("kpis"):
        wait = predicted.wait if changed else None
        brought = _values_of_there(build, build.there) if build.there else None
        compute_values(engine, build.catalogue, settings, as_of=build.as_of, since=changed, predicted=wait, brought=brought)
    with steps.step("alerts"):
        earlier, since = before.alerts if before else None, changed.day if changed else None
        return detect_changes(engine, build.catalogue, settings, as_of=build.as_of, earlier=earlier, since=since)


def _values_of_there(build: Build, there: There) -> Brought | None:
    """What can be told there; nothing where a KPI of the company's own is in SQL that only DuckDB has."""
    known = [kpi for kpi in with_data(build.engine, build.catalogue) if there.knows((), facts_read(build.catalogue, kpi))]
    try:
        return values_there(there.engine, known, build.engine, build.catalogue, build.settings, as_of=build.as_of)
    except Exception as error:  # each engine has errors of its own; what it cannot tell is told here
        build.steps.tell(" ".join(str(error).split()))
        return None


def _meta(build: Build, way: Way, before: Before | None, *, edition: str, version: int, now: dt.datetime, seconds: float) -> Meta:
    company = build.settings.company
    return Meta(
        edition=edition,
        as_of=build.as_of,
        published_at=now,
        warehouse_version=version,
        company=company.name,
        reporting_currency=company.reporting_currency,
        time_zone=company.time_zone,
        definitions=definitions(build.settings, build.catalogue),
        full_on=before.meta.full_on if way.move and before else build.as_of,
        way=way.why,
        seconds=round(seconds, 2),
    )
