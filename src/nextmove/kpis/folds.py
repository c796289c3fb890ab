"""Dimensions that go together: those of a customer, which most rows of it share.

A large fact is told by many dimensions more cheaply when its rows are first added up for each combination of their members: there are few
of these. A combination is known by the hash of its members. The relation of a fold lists them; it is looked up once whether any
two have the same hash, and whether they are few, else the fact is not folded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from nextmove.engine import Engine
from nextmove.facts import Fact
from nextmove.kpis.dimensions import dimension

OF_A_CUSTOMER = ("rep", "team", "region", "country", "channel", "segment", "industry")
WORTH_ROWS = 50_000  # of a fact: for fewer, planning costs more than it saves
ROWS_EACH = 4  # that stand behind a combination, on average, where adding up first saves anything


@dataclass(frozen=True)
class Fold:
    """The combinations of a fact's members: `relation` has `who` and these columns."""

    relation: str
    columns: tuple[str, ...]

    @property
    def who(self) -> str:
        return f"hash({', '.join(f'f.{column}' for column in self.columns)})"

    def takes(self, sets: Mapping[str, str]) -> tuple[str, ...]:
        """Of these dimensions, by the SQL of what they group by, those that are told from the fold; none where it would be one."""
        taken = tuple(name for name in sets if name in OF_A_CUSTOMER and dimension(name).column in self.columns)
        own = [name for name in taken if f"f.{dimension(name).column}" in sets[name]]
        return tuple(own) if len(own) > 1 else ()

    def holds(self, sets: Mapping[str, str]) -> bool:
        """Whether all of these dimensions can be told from the fold."""
        columns = {name: dimension(name).column for name in sets}
        return bool(sets) and all(columns[name] in self.columns and f"f.{columns[name]}" in sets[name] for name in sets)


@dataclass
class Folds:
    """The folds of a batch, each laid out when the first scan asks for it."""

    engine: Engine
    made: dict[str, Fold | None] = field(default_factory=dict)

    @cached_property
    def stored(self) -> frozenset[str]:
        return frozenset(name for name, kind in self.engine.tables("facts").items() if kind == "table")

    def of(self, fact: Fact) -> Fold | None:
        """The fold of a stored fact, if it will save anything."""
        if fact.name not in self.made:
            self.made[fact.name] = self._lay_out(fact) if fact.name in self.stored else None
        return self.made[fact.name]

    def clear(self) -> None:
        for each in self.made.values():
            if each:
                self.engine.execute(f"drop table {each.relation}")
        self.made.clear()

    def _lay_out(self, fact: Fact) -> Fold | None:
        columns = tuple(dimension(name).column for name in OF_A_CUSTOMER if dimension(name).column in fact.columns)
        if len(columns) < 2:
            return None
        fold = Fold(f"{fact.name}_members", columns)
        combinations = f"select {', '.join(columns)} from facts.{fact.name} group by all"
        members = f"select {fold.who} as who, f.* from ({combinations}) as f"
        if not self._saves(fact, members):
            return None
        self.engine.execute(f"create or replace temp table {fold.relation} as {members}")
        return fold

    def _saves(self, fact: Fact, members: str) -> bool:
        rows = int(self.engine.query(f"select count(*) as rows from facts.{fact.name}")["rows"][0].as_py())
        if rows < WORTH_ROWS:
            return False
        told = self.engine.query(f"select count(*) as members, count(distinct who) as known from ({members})").to_pylist()[0]
        return bool(told["members"] == told["known"] and told["members"] * ROWS_EACH <= rows)
