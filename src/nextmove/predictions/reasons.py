"""Why a row came up, for people and for programs: facts with their numbers, told through words, never sentences in code.

A fact is a words id and the numbers that fill it, for the rows where it is true. `evidence` keeps them as JSON, so that a page can tell
them in its reader's language; `reason` is the same told in the current one. Both are built column by column.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import Formatter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from nextmove.predictions.rhythm import Counts, Flags, Numbers
from nextmove.words import text


@dataclass(frozen=True)
class Fact:
    """What is said of the rows `where` it is true; numbers are told rounded, days since 1970 (`…_on`) as days."""

    say: str
    where: Flags
    values: Mapping[str, Numbers]

    def _numbers(self) -> dict[str, pa.Array]:
        told = {name: np.where(self.where, np.nan_to_num(value), 0).round().astype(np.int64) for name, value in self.values.items()}
        return {name: pc.cast(_days(value) if _is_day(name) else pa.array(value), pa.string()) for name, value in told.items()}

    def sentence(self) -> pa.Array:
        """The sentence where it is true, null elsewhere."""
        numbers, pieces = self._numbers(), []
        for before, name, _, _ in Formatter().parse(text(self.say)):
            pieces += [before] + ([numbers[name]] if name else [])
        return self._joined(pieces)

    def json(self) -> pa.Array:
        """The fact as a JSON object where it is true, null elsewhere."""
        pieces: list[str | pa.Array] = ['{"say": "' + self.say + '", "values": {']
        for place, (name, value) in enumerate(self._numbers().items()):
            pieces += [(", " if place else "") + f'"{name}": ', *(['"', value, '"'] if _is_day(name) else [value])]
        return self._joined([*pieces, "}}"])

    def _joined(self, pieces: Sequence[str | pa.Array]) -> pa.Array:
        size = len(self.where)
        columns = [pa.array(np.full(size, piece)) if isinstance(piece, str) else piece for piece in pieces]
        joined = pc.binary_join_element_wise(*columns, "")
        return pc.if_else(pa.array(self.where), joined, pa.scalar(None, pa.string()))


def _is_day(name: str) -> bool:
    """Pages tell it as their reader writes days."""
    return name.endswith("_on")


def _days(numbers: Counts) -> pa.Array:
    return pa.array(numbers.astype("datetime64[D]"))


def told(facts: Sequence[Fact]) -> dict[str, pa.Array]:
    """The columns `reason` and `evidence` of these facts, in their order."""
    reason = pc.binary_join_element_wise(*(fact.sentence() for fact in facts), "; ", null_handling="skip")
    listed = pc.binary_join_element_wise(*(fact.json() for fact in facts), ", ", null_handling="skip")
    size = len(facts[0].where)
    brackets = [pa.array(np.full(size, mark)) for mark in "[]"]
    return {"reason": reason, "evidence": pc.binary_join_element_wise(brackets[0], listed, brackets[1], "")}
