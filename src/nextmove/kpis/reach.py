"""Which values a load can have changed, so that a refresh after it computes those and takes over the rest.

A KPI reaches as far as the rows of its facts that differ. A measure that counts rows by a day of theirs has other numbers on the days of
these rows alone, and on days that have come since. One that looks back (what is open at a period's end, a comparison, a fact that depends
on the period) may have others from the first of these days onward, and always in periods that were not over. Only columns that the
measure reads count: a deal that was closed changes what was won, not what was created.

`Since` names what differs. Where the rows of a fact are not kept, it is known by what it is made of.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce

from nextmove.engine import Engine, literal, name
from nextmove.facts import Fact
from nextmove.kpis.catalogue import Catalogue, Kpi
from nextmove.kpis.columns import Columns
from nextmove.kpis.definition import Measure
from nextmove.kpis.dimensions import dimension
from nextmove.kpis.frame import ONE_DAY, Frame
from nextmove.kpis.needs import others
from nextmove.tables import PREDICTED_NAMES

ALWAYS = dt.date.min
_WORD = re.compile(r"[a-z_][a-z0-9_]*")


@dataclass(frozen=True)
class Since:
    """What differs from what the values that are there were computed from.

    `day` is the first day that a load touched or brought into sight, `unseen` the first that was not over then. `rows` are the facts of
    which stored rows differ, with the relation of these (`sign`: how much more often a row is there now); `tables` the canonical tables
    that differ.
    """

    day: dt.date
    unseen: dt.date
    rows: Mapping[str, str] = field(default_factory=dict)
    tables: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Reach:
    """The periods that hold these days, and those that end after `first`."""

    days: frozenset[dt.date] = frozenset()
    first: dt.date | None = None

    def __or__(self, other: Reach) -> Reach:
        return Reach(self.days | other.days, min((each.first for each in (self, other) if each.first), default=None))

    def onward(self) -> Reach:
        """With all days after."""
        return Reach(first=min([*self.days, *([self.first] if self.first else [])], default=None))


@dataclass(frozen=True)
class Look:
    """A query of days on which something differs; `onward` where what comes later may differ with it."""

    sql: str
    onward: bool = False


@dataclass(frozen=True)
class Parts:
    """A reach of which some is still to be looked up."""

    looks: frozenset[Look] = frozenset()
    reach: Reach = Reach()

    def __or__(self, other: Parts) -> Parts:
        return Parts(self.looks | other.looks, self.reach | other.reach)

    def onward(self) -> Parts:
        return Parts(frozenset(replace(look, onward=True) for look in self.looks), self.reach.onward())


def reaches(engine: Engine, parts: Mapping[str, Parts], *, seen: dt.date) -> dict[str, Reach]:
    """All that is to be looked up, in one query; days that are not over yet count in no period."""
    looks = sorted({look for each in parts.values() for look in each.looks}, key=lambda look: (look.sql, look.onward))
    numbered = [f"select {n} as look, cast(day as date) as day from (\n{look.sql}\n) as found" for n, look in enumerate(looks)]
    found: dict[int, set[dt.date]] = {}
    if numbered:
        listed = "\nunion all\n".join(numbered)
        sql = f"select distinct look, day from (\n{listed}\n) as looks join main.calendar using (day) where day < {literal(seen)}"
        for row in engine.query(sql).to_pylist():
            found.setdefault(row["look"], set()).add(row["day"])
    told = {look: Reach(frozenset(found.get(n, ()))) for n, look in enumerate(looks)}
    return {kpi: _united([each.reach, *(_told(told[look], look) for look in each.looks)]) for kpi, each in parts.items()}


def _told(reach: Reach, look: Look) -> Reach:
    return reach.onward() if look.onward else reach


def _united(each: Sequence[Reach]) -> Reach:
    return reduce(lambda one, other: one | other, each, Reach())


@dataclass(frozen=True)
class Lookout:
    """Says what has to be looked up for each KPI."""

    catalogue: Catalogue
    since: Since
    frame: Frame  # of any grain: what `:name` stands for, and as of when

    def kpi(self, kpi: Kpi, cuts: frozenset[str] = frozenset()) -> Parts:
        """The reach of a KPI that is cut by its own dimensions and by these."""
        entry, cuts = kpi.entry, cuts | set(kpi.entry.cut_by)
        measures = entry.measures_read()
        if entry.retained:
            kept = entry.retained
            measures.append(Measure(fact=kept.fact, count="*", where=kept.where, per=kept.key))
            measures += [Measure(fact=kept.fact, sum=kept.sum, per=kept.key)] if kept.sum else []
        found = [self._measure(kpi, measure, cuts) for measure in measures]
        found += [self.kpi(other.under({}), cuts) for other in others(self.catalogue, kpi)]
        whole = reduce(lambda one, other: one | other, found, Parts())
        return (whole | self._open).onward() if entry.growth or entry.retained else whole

    @property
    def _open(self) -> Parts:
        return Parts(reach=Reach(first=self.since.unseen))

    def _measure(self, kpi: Kpi, measure: Measure, cuts: frozenset[str]) -> Parts:
        fact, joined = self.catalogue.fact(measure.fact), [self.catalogue.fact(each) for each in measure.join]
        columns = Columns(measure, fact, tuple(joined), replace(self.frame, parameters={**self.frame.parameters, **kpi.parameters}))
        looks_back = bool(measure.stock or measure.trailing_days or measure.last)
        found = self._open if looks_back or fact.per_period or columns.speaks_of("until") else Parts()
        if any(self._differs(each) for each in joined):
            found |= Parts(reach=Reach(first=ALWAYS if kpi.entry.moves else self.since.day))
        if fact.per_period:
            return found | self._behind(fact) | self._aging(fact)
        differs_unseen = not fact.stored and self._differs(fact)
        if kpi.entry.moves and (differs_unseen or _beyond_its_fact(columns)):
            return found | self._moving(kpi)
        if differs_unseen:
            return found | self._behind(fact)
        own = Parts(frozenset(self._own(columns, cuts)))
        return found | (own.onward() if looks_back else own)

    def _moving(self, kpi: Kpi) -> Parts:
        """Of a cohort, until it is no longer young: what happens now counts on an earlier day."""
        young = kpi.entry.immature_days
        return Parts(reach=Reach(first=self.since.day - dt.timedelta(int(young)) if young and young.isdigit() else ALWAYS))

    def _differs(self, fact: Fact) -> bool:
        return fact.name in self.since.rows or (not fact.stored and (self._made_of(fact) or any(map(self._differs, self._reads(fact)))))

    def _made_of(self, fact: Fact) -> bool:
        """Whether a fact reads a canonical table that differs, or what predictions tell."""
        return not (self.since.tables | PREDICTED_NAMES).isdisjoint(fact.tables)

    def _reads(self, fact: Fact) -> list[Fact]:
        return [self.catalogue.facts[each] for each in sorted(fact.reads)]

    def _behind(self, fact: Fact) -> Parts:
        """From the first day on which something that the fact is made of differs."""
        if fact.stored:
            return Parts(frozenset({Look(self._differing(fact, fact.columns), onward=True)} if fact.name in self.since.rows else ()))
        own = Parts(reach=Reach(first=self.since.day)) if self._made_of(fact) else Parts()
        return reduce(lambda one, other: one | other, map(self._behind, self._reads(fact)), own)

    @staticmethod
    def _aging(fact: Fact) -> Parts:
        """The days of rows that change as days go by."""
        return Parts(frozenset({Look(fact.ages)} if fact.ages else ()))

    def _own(self, columns: Columns, cuts: frozenset[str]) -> Iterable[Look]:
        """Rows that differ in what the measure reads, rows whose day has come, and what is said of `:as_of` that was not true then."""
        measure, fact = columns.measure, columns.fact
        day = columns.sql(measure.stock.since) if measure.stock else columns.day
        if fact.name in self.since.rows:
            yield self._changed(columns, day, cuts)
        read = f"select {day} as day from facts.{fact.name} as f where"
        yield Look(f"{read} {day} >= {literal(self.since.unseen)} and {day} < {literal(self.frame.seen)}")
        then = replace(columns, frame=replace(self.frame, as_of=self.since.unseen - ONE_DAY, parameters=columns.frame.parameters))
        for text in (measure.expression, measure.where) if columns.speaks_of("as_of") and not _beyond_its_fact(columns) else ():
            if text and text != "*":
                yield Look(f"{read} ({columns.sql(text)}) is distinct from ({then.sql(text)})")

    def _changed(self, columns: Columns, day: str, cuts: frozenset[str]) -> Look:
        fact = columns.fact
        words = {word for text in columns.measure.expressions() for word in _WORD.findall(text)}
        words |= {*columns.measure.join.values(), "day", "unpriced"}
        for each in map(dimension, cuts):
            words |= {columns.measure.dimensions.get(each.name) or each.column, each.key or each.column}
        read = tuple(column for column in fact.columns if column in words)
        return Look(self._differing(fact, read, day), onward=fact.until in read)

    def _differing(self, fact: Fact, columns: Sequence[str], day: str = "f.day") -> str:
        """The days of rows that differ in these columns. Where nothing but their end differs, they are as they were until then."""
        if "day" not in fact.columns:
            return f"select {literal(self.since.day)} as day"
        stands = [column for column in columns if column != fact.until]
        found = f"select {day} as day from ({self._unlike(fact, stands)}) as f"
        if fact.until not in columns:
            return found
        return f"{found} union all select f.{fact.until} from ({self._unlike(fact, columns)}) as f where f.{fact.until} is not null"

    def _unlike(self, fact: Fact, columns: Sequence[str]) -> str:
        """What is there more or less often than it was."""
        listed = ", ".join(name(column) for column in columns)
        return f"select {listed} from {self.since.rows[fact.name]} group by {listed} having sum(sign) <> 0"


def _beyond_its_fact(columns: Columns) -> bool:
    """Whether what is said of `:as_of` is also of the period's days or of another fact, so that rows alone do not tell what was true."""
    return columns.speaks_of("as_of") and (columns.needs_period or bool(columns.joined))
