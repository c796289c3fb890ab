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
from nextmove.kpis import EVERYTHING, Scope


@dataclass(frozen=True)
class Reach:
    """The scope of every question, the dimension that stands for it where there is one, and whether cost is hidden."""

    scope: Scope = EVERYTHING
    own: tuple[str, str] | None = None  # ("rep", "R07") or ("team", "North"): whose targets these are
    hides_cost: bool = False

    def sql(self, column: str) -> str:
        """A condition on a column that holds a rep_id."""
        if self.scope.reps is None:
            return "true"
        return f"{column} in ({', '.join(map(literal, sorted(self.scope.reps)))})" if self.scope.reps else "false"

    @property
    def sees_many(self) -> bool:
        """Whether more than one representative's work is within reach."""
        return self.scope.reps is None or len(self.scope.reps) > 1


def reach_of(user: User, edition: Edition) -> Reach:
    hides_cost = user.role in edition.settings.app.hide_cost_from
    if user.kind.sees_everything:
        return Reach(hides_cost=hides_cost)
    if user.kind is Role.representative:
        reps = (user.rep_id,) if user.rep_id else ()
        return Reach(Scope.of_reps(*reps), ("rep", user.rep_id), hides_cost)
    own = ("team", user.teams[0]) if len(user.teams) == 1 else None
    return Reach(Scope.of_reps(*_reps_of_teams(edition, tuple(user.teams))), own, hides_cost)


def _reps_of_teams(edition: Edition, teams: tuple[str, ...]) -> tuple[str, ...]:
    def ask() -> tuple[str, ...]:
        named = ", ".join(literal(team) for team in teams)
        found = edition.rows(f"select rep_id from main.reps where team in ({named}) order by rep_id") if teams else []
        return tuple(row["rep_id"] for row in found)

    return edition.kept(("reps of", teams), ask)
