"""From a measure's words to SQL: columns of its fact, dimensions, conditions, the period's days.

A name that a fact has as a column becomes `f.name`; one of a joined fact becomes `alias.name`. Dimensions that the fact does not
hold are looked up over a unique key, so a join never multiplies rows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from nextmove.engine import literal
from nextmove.errors import OutOfScope, UserError
from nextmove.facts import Fact, fill
from nextmove.kpis.definition import Measure
from nextmove.kpis.dimensions import UNKNOWN, dimension
from nextmove.kpis.frame import DIMENSION, DIMENSION_ASKED, MEMBER, Frame

_NAMES = re.compile(r"'(?:[^']|'')*'|(?<![.:\w])[a-z_][a-z0-9_]*\b(?!\s*\()")
_OF_PERIOD = {"start": "p.start_day", "end": "p.end_day", "until": "p.until"}


@lru_cache(maxsize=4096)
def qualified(text: str, columns: tuple[tuple[str, str], ...]) -> str:
    """`text` with each known column under the alias of its relation."""
    alias_of = dict(columns)

    def place(match: re.Match[str]) -> str:
        word = match[0]
        return f"{alias_of[word]}.{word}" if word in alias_of else word

    return _NAMES.sub(place, text)


@dataclass(frozen=True)
class Grouped:
    """The parts of a `select` that groups by dimensions: their columns as they are, and with `(unknown)`; its joins; its `group by`."""

    raw: list[str]
    known: list[str]
    joins: list[str]
    by: str


@dataclass(frozen=True)
class Columns:
    """What a measure may say, in SQL, within a frame."""

    measure: Measure
    fact: Fact
    joined: tuple[Fact, ...]
    frame: Frame
    rolled: str | None = None  # the relation that is read in place of the fact: it added up for each customer
    told: Mapping[str, str] = field(default_factory=dict)  # columns in which rows that were added up hold the dimensions

    @cached_property
    def _aliases(self) -> tuple[tuple[str, str], ...]:
        aliases = {column: f"j{n}" for n, fact in enumerate(self.joined) for column in fact.columns}
        return tuple((aliases | dict.fromkeys(self.fact.columns, "f")).items())

    def sql(self, text: str) -> str:
        """An expression of the entry as SQL."""
        values: Mapping[str, str] = {**self.frame.parameters, **_OF_PERIOD, "as_of": literal(self.frame.as_of)}
        return fill(qualified(text, self._aliases), values)

    @property
    def needs_period(self) -> bool:
        """Whether an expression speaks of the period's own days."""
        return self.speaks_of("start", "end", "until")

    def speaks_of(self, *words: str) -> bool:
        """Whether an expression says one of these as `:word`."""
        said = re.compile(rf"(?<![:\w]):({'|'.join(words)})\b")
        return any(said.search(text) for text in self.measure.expressions())

    @property
    def day(self) -> str:
        return self.sql(self.measure.day)

    def period(self) -> tuple[list[str], str]:
        """The join that tells the period of a row, where one is needed, and the period's id."""
        name = self.frame.period_id
        if self.fact.per_period or self.rolled:
            return [], "f.period_id"
        if self.measure.day == "day" and name in self.fact.columns:
            return [], self.frame.period_of(f"f.{name}")
        return [f"join {self.frame.days} as c on c.day = {self.day}"], f"c.{self.frame.period_of_day}"

    def joins(self, *, beside: bool = True) -> list[str]:
        """The facts of one row a key that the measure brings in, the tables that dimensions are looked up in, and what stands `beside`."""
        found = [
            f"left join facts.{fact.name} as j{n} on j{n}.{key} = f.{key}"
            for n, (fact, key) in enumerate(zip(self.joined, self.measure.join.values(), strict=True))
        ]
        found += [f"left join main.{table} as {table} on {table}.{key} = f.{key}" for table, key in sorted(self._lookups())]
        return [*found, self.frame.beside] if self.frame.beside and beside else found

    def _lookups(self) -> set[tuple[str, str]]:
        asked = {*self.frame.members_of, *(name for name, _ in self.frame.where)}
        found = (dimension(name) for name in asked if self._own_column(name) is None and not self._whole(name))
        return {(d.table, d.key) for d in found if d.table and d.key}

    def _whole(self, name: str) -> bool:
        """Whether this fact does not have the dimension, so that its whole stands beside each member."""
        return name in self.measure.dimensions and self.measure.dimensions[name] is None

    def _own_column(self, name: str) -> str | None:
        column = self.measure.dimensions.get(name) or dimension(name).column
        return column if column in self.fact.columns else None

    def member(self, name: str) -> str:
        """The member of a dimension, `(unknown)` where it is missing."""
        column = self._column(name)
        return column if column == DIMENSION_ASKED else f"coalesce({column}, {literal(UNKNOWN)})"

    def _column(self, name: str) -> str:
        """Where a dimension stands; in a frame of several, where the one stands that the row is told for."""
        if name == DIMENSION:
            return DIMENSION_ASKED
        if name == MEMBER:
            cases = " ".join(f"when {literal(each)} then {self._column(each)}" for each in self.frame.members_of)
            return f"case {DIMENSION_ASKED} {cases} end"
        own = self._own_column(name)
        if own is not None:
            return f"f.{own}"
        d = dimension(name)
        if d.table is None or d.key not in self.fact.columns:
            raise UserError(f"The fact {self.fact.name} cannot be cut by {name}.", where=str(self.fact.path))
        return f"{d.table}.{d.column}"

    def groups(self) -> list[str]:
        """What to group by for each dimension: the column itself where only null is unknown, since that is cheaper."""
        return [self._group(name) for name in self.dimensions]

    def _group(self, name: str) -> str:
        return self._column(name) if self.fact.null_is_unknown else self.member(name)

    @cached_property
    def sets(self) -> Mapping[str, str]:
        """What to group by for each of several dimensions told side by side, where a set of groups each can tell them apart."""
        columns = {name: self.told.get(name) or self._group(name) for name in self.frame.members_of} if self.frame.beside else {}
        return columns if len(set(columns.values())) == len(columns) else {}

    def grouped(self, period: str, *keys: str) -> Grouped:
        """How rows are grouped by period, by each dimension asked, and by these keys."""
        if not self.sets:
            raw = [f"{group} as {name}" for group, name in zip(self.groups(), self.dimensions, strict=True)]
            return Grouped(raw, self.cuts(), self.joins(), ", ".join([period, *self.groups(), *keys]))
        names = " ".join(f"when grouping({column}) = 0 then {literal(name)}" for name, column in self.sets.items())
        members = " ".join(f"when grouping({column}) = 0 then {column}" for column in self.sets.values())
        dimension, member = f"case {names} end as {DIMENSION}", f"case {members} end"
        each = ", ".join(f"({', '.join([period, column, *keys])})" for column in self.sets.values())
        known = f"coalesce({member}, {literal(UNKNOWN)}) as {MEMBER}"
        return Grouped([dimension, f"{member} as {MEMBER}"], [dimension, known], self.joins(beside=False), f"grouping sets ({each})")

    def cuts(self) -> list[str]:
        """`member as name` for each dimension asked that this fact has."""
        return [f"{self.member(name)} as {name}" for name in self.dimensions]

    @property
    def dimensions(self) -> tuple[str, ...]:
        return tuple(name for name in self.frame.by if not self._whole(name))

    def limits(self) -> list[str]:
        """The question's conditions and the reader's scope."""
        found = [self._limit(name, members) for name, members in self.frame.where if not self._whole(name)]
        return found + self._scope()

    def _limit(self, name: str, members: tuple[str, ...]) -> str:
        column = self._column(name)
        listed = ", ".join(literal(member) for member in members)
        known = f"{column} in ({listed})" if len(members) > 1 else f"{column} = {listed}"
        return f"({known} or {column} is null)" if UNKNOWN in members else known

    def _scope(self) -> list[str]:
        reps = self.frame.scope.reps
        if reps is None:
            return []
        if "rep_id" not in self.fact.columns:
            raise OutOfScope(f"What belongs to nobody cannot be shown to a representative: {self.fact.name} names none.")
        return [f"f.rep_id in ({', '.join(literal(rep) for rep in sorted(reps))})" if reps else "false"]

    def range(self) -> list[str]:
        """The days that are read, so that nothing else is; nothing is seen after `as_of`."""
        day, frame = self.day, self.frame
        found = [f"{day} >= {literal(frame.start)}"] if frame.start else []
        found.append(f"{day} < {literal(frame.until)}")
        if day != "f.day" and "day" in self.fact.columns:
            found.append(f"f.day < {frame.seen_of_row}")
        return found + frame.within(self.period()[1], day)

    @property
    def priced(self) -> bool:
        """Whether the measure reads money that a missing rate of exchange would leave out."""
        measure = self.measure
        if self.fact.name in self.frame.priced:
            return False
        adds_money = measure.aggregate in ("sum", "quantile", "mean", "last") and measure.expression != "quantity"
        return adds_money and "unpriced" in self.fact.columns
