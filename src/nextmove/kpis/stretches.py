"""Stretches: a large fact is read a few periods at a time, so that the groups of a pass stay few enough to be found fast, and to fit.

Every period falls into one stretch as a whole, so nothing is counted differently. Grains are read one after the other.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from nextmove.engine import Engine
from nextmove.facts import Fact
from nextmove.kpis.frame import ONE_DAY, Frame
from nextmove.kpis.wide import APART, Stretch, Wide, shift
from nextmove.tables.calendar import Calendar

ROWS_AT_ONCE = 1_000_000


@dataclass(frozen=True)
class Extent:
    """How many rows a fact has, and of which days."""

    rows: int
    first: dt.date
    last: dt.date

    @property
    def rows_a_day(self) -> float:
        return self.rows / ((self.last - self.first).days + 1)


@dataclass
class Stretches:
    """How the facts of a batch are read; the size of each is looked up once."""

    engine: Engine
    calendar: Calendar
    stored: frozenset[str]
    extents: dict[str, Extent | None] = field(default_factory=dict)

    def of(self, fact: Fact, frame: Wide) -> Sequence[Wide]:
        """The frame in parts that are read one after the other; as it is where the fact is small."""
        extent = self._extent(fact)
        if extent is None or extent.rows <= ROWS_AT_ONCE:
            return [frame]
        return [each for part in frame.parts for each in self._of_part(frame, part, extent)]

    def _of_part(self, frame: Wide, part: Frame, extent: Extent) -> Iterable[Wide]:
        grid = self.calendar.grid(part.calendar, part.grain)
        first = grid.holding(max(extent.first, part.start or extent.first)).id
        last = grid.holding(min(extent.last, part.until - ONE_DAY)).id
        days = (grid.period(max(first, last)).end - grid.period(first).start).days / (max(first, last) - first + 1)
        each = max(1, round(ROWS_AT_ONCE / extent.rows_a_day / days))
        for since, until in pairwise([None, *range(first + each, last + 1, each), None]):
            start, end = (grid.period(edge).start if edge else None for edge in (since, until))
            yield replace(frame, parts=(part,), stretch=Stretch(start, end, shift(part) + (since or 0), shift(part) + (until or APART)))

    def _extent(self, fact: Fact) -> Extent | None:
        if fact.name not in self.extents:
            self.extents[fact.name] = self._look_up(fact) if fact.name in self.stored and "day" in fact.columns else None
        return self.extents[fact.name]

    def _look_up(self, fact: Fact) -> Extent | None:
        told = self.engine.query(f"select count(*) as rows, min(day) as first, max(day) as last from facts.{fact.name}").to_pylist()[0]
        return Extent(int(told["rows"]), told["first"], told["last"]) if told["first"] else None
