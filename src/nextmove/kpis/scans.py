"""Scans: measures of one fact under one frame, read together in one pass.

A plan hands out the column in which a measure will stand; measures that read the same rows share a scan. A question has a
plan of its own, the batch of a refresh one for all KPIs of a dimension: the same code, fewer passes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from nextmove.kpis import shapes
from nextmove.kpis.catalogue import Catalogue
from nextmove.kpis.columns import Columns
from nextmove.kpis.definition import Measure
from nextmove.kpis.frame import Frame
from nextmove.words import text

_ROWS = ("fact", "day", "stock", "trailing_days", "keep", "key", "per", "join", "dimensions")


@dataclass(frozen=True)
class Reference:
    """Where a measure's value stands: a relation with `period_id`, the cuts, the value and how many rows are behind it."""

    relation: str
    column: str
    rows: str
    unpriced: str | None
    dimensions: tuple[str, ...]
    adds_up: bool


@dataclass
class Scan:
    """One relation in the making."""

    name: str
    frame: Frame
    columns: Columns
    measures: list[Measure] = field(default_factory=list)

    def sql(self) -> str:
        return shapes.sql(self.columns, self.measures, self.frame)


@dataclass
class Plan:
    """The scans that a set of KPIs needs, and the relations built on them, in order."""

    catalogue: Catalogue
    scans: dict[str, Scan] = field(default_factory=dict)
    frames: dict[str, Frame] = field(default_factory=dict)
    relations: list[tuple[str, str]] = field(default_factory=list)
    inlined: dict[str, str] = field(default_factory=dict)

    def measure(self, measure: Measure, frame: Frame) -> Reference:
        """Have `measure` computed; a scan of the same rows is shared."""
        self.frames.setdefault(frame.periods, frame)
        columns = self.columns(measure, frame)
        scan = self._scan(measure, frame, columns)
        if measure not in scan.measures:
            scan.measures.append(measure)
        n = scan.measures.index(measure)
        unpriced = f"unpriced_{n}" if columns.priced else None
        return Reference(scan.name, f"m{n}", f"rows_{n}", unpriced, columns.dimensions, measure.adds_up)

    def columns(self, measure: Measure, frame: Frame) -> Columns:
        fact = self.catalogue.fact(measure.fact)
        if fact.per_period:
            self._inline(fact.name, frame)
        return Columns(measure, fact, tuple(self.catalogue.fact(name) for name in measure.join), frame)

    def _inline(self, name: str, frame: Frame) -> None:
        from nextmove.facts import fill
        from nextmove.kpis.shapes import relation_of

        fact = self.catalogue.fact(name)
        values = {**frame.parameters, **shapes.period_parameters(frame)}
        self.frames.setdefault(frame.periods, frame)
        self.inlined.setdefault(relation_of(fact, frame), fill(fact.query, values).replace(" periods ", f" {frame.periods} "))

    def _scan(self, measure: Measure, frame: Frame, columns: Columns) -> Scan:
        shared = measure.model_dump_json(include=set(_ROWS))
        alone = "" if shapes.shares(measure) else measure.model_dump_json()
        limits = (frame.by, frame.where, frame.scope, sorted(frame.parameters.items()))
        key = "\0".join((frame.periods, repr(limits), shared, alone))
        if key not in self.scans:
            self.scans[key] = Scan(self._free(f"{measure.fact}_{len(self.scans) + 1}"), frame, columns)
        return self.scans[key]

    def relation(self, name: str, sql: str) -> str:
        """Add a relation; its name is made unique."""
        unique = self._free(name)
        self.relations.append((unique, sql))
        return unique

    def _free(self, name: str) -> str:
        """`name`, numbered where a relation or a scan bears it already: a KPI may be called as its fact is."""
        taken = {each for each, _ in self.relations} | {scan.name for scan in self.scans.values()}
        unique, n = name, 2
        while unique in taken:
            unique, n = f"{name}_{n}", n + 1
        return unique

    def about(self, name: str) -> str:
        """A comment that says what a step is, for whoever reads the SQL."""
        scanned = {scan.name: scan.columns.fact for scan in self.scans.values()}
        if name in {frame.periods for frame in self.frames.values()}:
            return f"-- {text('kpi.sql.periods')}\n"
        if name in scanned:
            return f"-- {text('kpi.sql.scan', fact=scanned[name].name, about=scanned[name].about)}\n"
        if name in self.inlined:
            return f"-- {text('kpi.sql.inlined')}\n"
        return f"-- {text('kpi.sql.step')}\n"

    def steps(self) -> Iterable[tuple[str, str]]:
        """All relations as `(name, sql)`, each after those that it reads."""
        yield from self.passes()
        yield from self.relations

    def passes(self) -> Iterable[tuple[str, str]]:
        """What reads facts: the periods, the facts that depend on them, the scans."""
        yield from ((name, frame.periods_sql) for name, frame in self.frames.items())
        yield from self.inlined.items()
        yield from ((scan.name, scan.sql()) for scan in self.scans.values())
