"""Scans: measures of one fact under one frame, read together in one pass.

A plan hands out the column in which a measure will stand; measures that read the same rows share a scan. A question has a
plan of its own, the batch of a refresh one for all KPIs, grains and dimensions: the same code, fewer passes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from nextmove.facts import Fact
from nextmove.kpis import shapes
from nextmove.kpis.catalogue import Catalogue
from nextmove.kpis.columns import Columns
from nextmove.kpis.definition import Measure
from nextmove.kpis.folds import Fold, Folds
from nextmove.kpis.frame import Frame
from nextmove.kpis.inlined import relation_of, relations_of
from nextmove.kpis.rolled import added_up, by_customer, reach
from nextmove.kpis.stretches import Stretches
from nextmove.kpis.wide import Wide
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
    cuts: list[set[str]] = field(default_factory=list)  # by which dimensions each measure is asked
    rolled: str | None = None  # what is read in place of the fact where dimensions are told together

    def ask(self, measure: Measure, frame: Frame) -> int:
        """The place of a measure among those that are read, here for the dimensions of this frame as well."""
        if measure not in self.measures:
            self.measures.append(measure)
            self.cuts.append(set())
        n = self.measures.index(measure)
        self.cuts[n].update(frame.members_of)
        return n

    def take_in(self, frame: Frame) -> None:
        """Reach the periods and be cut by the dimensions that this frame asks."""
        if isinstance(frame, Wide) and isinstance(self.frame, Wide):
            self.frame = self.frame.with_all_of(frame)

    def sqls(self, *, cuts_at_once: int, folds: Folds | None, stretches: Stretches | None) -> list[str]:
        """The scan as SQL, in parts where more periods or more dimensions are asked than are to be read at once."""
        if not isinstance(self.frame, Wide):
            return [shapes.sql(self._columns(self.frame), self.measures, self.frame)]
        frames = stretches.of(self.columns.fact, self.frame) if stretches and self._many_groups else [self.frame]
        return [sql for frame in frames for sql in self._sqls(frame, cuts_at_once=cuts_at_once, folds=folds)]

    @property
    def _many_groups(self) -> bool:
        """Whether rows are grouped by a key, which a pass over fewer periods finds faster."""
        keyed = any(measure.distinct or measure.per for measure in self.measures)
        return keyed and shapes.shares(self.measures[0]) and not self.columns.fact.per_period

    def _sqls(self, asked: Wide, *, cuts_at_once: int, folds: Folds | None) -> list[str]:
        if not asked.cuts:
            return [shapes.sql(self._columns(asked), self.measures, asked)]
        fold, together = self.together(folds)
        cuts = [name for name in asked.cuts if name not in together]
        frames = [replace(asked, cuts=tuple(cuts[n : n + cuts_at_once])) for n in range(0, len(cuts), cuts_at_once)]
        if not fold or not together:
            first = shapes.sql(self._columns(frames[0]), self.measures, frames[0])
            return [first, *(self._of_asked(frame) for frame in frames[1:])]
        whole = replace(asked, cuts=together)
        columns = replace(self._columns(whole), rolled=self.rolled)
        return [shapes.folded_sql(columns, self.measures, whole, fold), *(self._of_asked(frame) for frame in frames)]

    def _of_asked(self, frame: Wide) -> str:
        """The measures that are asked by these dimensions; the others stand empty, as columns of the part before."""
        asked = [n for n, cuts in enumerate(self.cuts) if not cuts.isdisjoint(frame.cuts)]
        columns = replace(self._columns(frame), measure=self.measures[asked[0]])
        told = shapes.sql(columns, [self.measures[n] for n in asked], frame)
        if len(asked) == len(self.measures):
            return told
        found = [f"{_of(asked, n, name)} as {name}{n}" for n, measure in enumerate(self.measures) for name in self._names(measure, frame)]
        return f"select {', '.join(['period_id', *columns.dimensions, *found])}\nfrom (\n{told}\n) as asked"

    def _names(self, measure: Measure, frame: Wide) -> Sequence[str]:
        """What the columns of a measure are called, before its number."""
        priced = replace(self._columns(frame), measure=measure).priced
        return ("m", "rows_", "unpriced_") if priced else ("m", "rows_")

    def together(self, folds: Folds | None) -> tuple[Fold | None, tuple[str, ...]]:
        """The dimensions that are told together, and from what."""
        columns = self._columns(self.frame)
        fold = folds.of(columns.fact) if folds and shapes.folds(columns, self.measures, self.frame) else None
        return fold, fold.takes(columns.sets) if fold else ()

    def _columns(self, frame: Frame) -> Columns:
        return replace(self.columns, frame=frame)


@dataclass(frozen=True)
class Pass:
    """A relation of a plan that reads facts, in one part or more; `kept` where a batch makes it a table and reads that."""

    name: str
    parts: Sequence[str]
    kept: bool = True

    @property
    def sql(self) -> str:
        return "\nunion all\n".join(self.parts)


@dataclass
class Plan:
    """The scans that a set of KPIs needs, and the relations built on them, in order."""

    catalogue: Catalogue
    scans: dict[str, Scan] = field(default_factory=dict)
    frames: dict[str, Frame] = field(default_factory=dict)
    relations: list[tuple[str, str]] = field(default_factory=list)
    inlined: dict[str, Pass] = field(default_factory=dict)
    folds: Folds | None = None
    stretches: Stretches | None = None

    def measure(self, measure: Measure, frame: Frame) -> Reference:
        """Have `measure` computed; a scan of the same rows is shared."""
        self.frames.setdefault(frame.periods, frame)
        columns = self.columns(measure, frame)
        scan = self._scan(measure, frame, columns)
        n = scan.ask(measure, frame)
        unpriced = f"unpriced_{n}" if columns.priced else None
        return Reference(scan.name, f"m{n}", f"rows_{n}", unpriced, columns.dimensions, measure.adds_up)

    def columns(self, measure: Measure, frame: Frame) -> Columns:
        fact = self.catalogue.fact(measure.fact)
        self._bring_in(fact, frame)
        return Columns(measure, fact, tuple(self.catalogue.fact(name) for name in measure.join), frame)

    def _bring_in(self, fact: Fact, frame: Frame) -> None:
        if fact.per_period:
            self._inline(fact, frame)
        elif isinstance(frame, Wide):
            self.frames.setdefault(frame.periods, frame)

    def _inline(self, fact: Fact, frame: Frame) -> None:
        for each in (*frame.parts, frame) if isinstance(frame, Wide) else (frame,):
            self.frames.setdefault(each.periods, each)
        for name, sql in relations_of(fact, frame):
            together = isinstance(frame, Wide) and name == relation_of(fact, frame)
            self.inlined.setdefault(name, Pass(name, [sql], kept=not together))

    def _scan(self, measure: Measure, frame: Frame, columns: Columns) -> Scan:
        shared = measure.model_dump_json(include=set(_ROWS))
        alone = _counted(measure, frame) if shapes.shares(measure) else measure.model_dump_json()
        limits = (frame.by, frame.where, frame.scope, sorted(frame.parameters.items()))
        key = "\0".join((frame.sharing, repr(limits), shared, alone))
        if key not in self.scans:
            self.scans[key] = Scan(self._free(f"{measure.fact}_{len(self.scans) + 1}"), frame, columns)
        scan = self.scans[key]
        scan.take_in(frame)
        if scan.frame is not frame:
            self._bring_in(columns.fact, scan.frame)
        return scan

    def relation(self, name: str, sql: str) -> str:
        """Add a relation; its name is made unique."""
        unique = self._free(name)
        self.relations.append((unique, sql))
        return unique

    def keep(self, name: str, sql: str) -> str:
        """Add a relation that a batch makes a table, so that several KPIs read what was found once."""
        same = next((each.name for each in self.inlined.values() if each.sql == sql), None)
        if same is None:
            same = self._free(name)
            self.inlined[same] = Pass(same, [sql])
        return same

    def _free(self, name: str) -> str:
        """`name`, numbered where a relation or a scan bears it already: a KPI may be called as its fact is."""
        taken = {each for each, _ in self.relations} | {scan.name for scan in self.scans.values()} | self.inlined.keys()
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
        yield from ((each.name, each.sql) for each in self.passes())
        yield from self.relations

    def passes(self, *, cuts_at_once: int = 1000) -> Iterable[Pass]:
        """What reads facts: the periods, the facts that depend on them, the scans."""
        rolled = list(self._rolled())
        for frame in self.frames.values():
            yield from (Pass(name, [sql]) for name, sql in frame.relations)
        yield from self.inlined.values()
        yield from rolled
        for scan in self.scans.values():
            yield Pass(scan.name, scan.sqls(cuts_at_once=cuts_at_once, folds=self.folds, stretches=self.stretches))

    def _rolled(self) -> Iterable[Pass]:
        """Facts added up for each customer, where more than one scan reads that."""
        groups: dict[str, list[Scan]] = {}
        for scan in self.scans.values():
            fold, together = scan.together(self.folds) if isinstance(scan.frame, Wide) and scan.frame.cuts else (None, ())
            if fold and together and by_customer(scan.columns, scan.measures):
                groups.setdefault(f"{scan.columns.fact.name}\0{scan.frame.sharing}", []).append(scan)
        for n, scans in enumerate(group for group in groups.values() if len(group) > 1):
            fact, frame = scans[0].columns.fact, reach([scan.frame for scan in scans if isinstance(scan.frame, Wide)])
            fold = self.folds.of(fact) if self.folds else None
            assert fold
            self.frames.setdefault(frame.periods, frame)
            relation = f"{fact.name}_of_customers_{n + 1}"
            for scan in scans:
                scan.rolled = relation
            frames = self.stretches.of(fact, frame) if self.stretches else [frame]
            read = [[(replace(scan.columns, frame=each), scan.measures) for scan in scans] for each in frames]
            yield Pass(relation, [added_up(each, fold) for each in read])


def _of(asked: Sequence[int], n: int, name: str) -> str:
    return f"{name}{asked.index(n)}" if n in asked else "null"


def _counted(measure: Measure, frame: Frame) -> str:
    """In a batch each key is counted by a scan of its own: counting groups is cheaper than counting distinct. What adds up stands apart."""
    if not isinstance(frame, Wide):
        return ""
    if measure.per:
        return "adds up" if measure.sum or measure.count else ""
    return measure.expression if measure.distinct else ""
