"""What a reader may see: everything, or what belongs to certain representatives.

The scope is part of the query, never of the page: rows out of scope are not there. It is applied after the events of a
customer's life are found, so that a hand-over does not make every account new.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Scope:
    """`reps` is None for everything; an empty set sees nothing."""

    reps: frozenset[str] | None = None

    @property
    def everything(self) -> bool:
        return self.reps is None

    @classmethod
    def of_reps(cls, *reps: str) -> Scope:
        return cls(frozenset(reps))


EVERYTHING = Scope()
