"""How far a person may see: a representative their own accounts, a manager those of their teams, others everything.

The limit is part of each query, never a filter afterwards, so that what is out of reach is not there: not in a list, a
sum, an export or an error.
"""

from __future__ import annotations

from dataclasses import dataclass

from nextmove.app.edition import Edition
from nextmove.app.models import User
from nextmove.app.roles import Role
from nextmove.engine import literal

NOBODY = "(nobody)"  # a person without a representative reaches no account


@dataclass(frozen=True)
class Reach:
    """`reps` whose accounts are within reach; None means everything."""

    reps: tuple[str, ...] | None
    hides_cost: bool = False

    def sql(self, column: str) -> str:
        """A condition on a column that holds a rep_id."""
        if self.reps is None:
            return "true"
        return f"{column} in ({', '.join(literal(rep) for rep in self.reps or (NOBODY,))})"

    def includes(self, rep_id: str | None) -> bool:
        return self.reps is None or rep_id in self.reps


def reach_of(user: User, edition: Edition) -> Reach:
    hides_cost = user.role in edition.settings.app.hide_cost_from
    if user.kind.sees_everything:
        return Reach(None, hides_cost)
    if user.kind is Role.representative:
        return Reach((user.rep_id,) if user.rep_id else (), hides_cost)
    return Reach(_reps_of_teams(edition, tuple(user.teams)), hides_cost)


def _reps_of_teams(edition: Edition, teams: tuple[str, ...]) -> tuple[str, ...]:
    def ask() -> tuple[str, ...]:
        named = ", ".join(literal(team) for team in teams)
        found = edition.rows(f"select rep_id from main.reps where team in ({named}) order by rep_id") if teams else []
        return tuple(row["rep_id"] for row in found)

    return edition.kept(("reps of", teams), ask)
