"""Company goals: which KPIs a company steers by, and which of them pull against each other.

A goal picks two or three primary KPIs; at most five others stand beside them. Every one of a pair that pulls can be made better by making
the other worse, so whoever has one of them on the scorecard should see both.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from nextmove.errors import UnknownName, UserError
from nextmove.kpis.catalogue import Catalogue
from nextmove.settings import Goals
from nextmove.words import text

MOST_PRIMARY, LEAST_PRIMARY, MOST_SECONDARY = 3, 2, 5


@dataclass(frozen=True)
class Goal:
    """A goal with the KPIs that tell whether it is being reached."""

    id: str
    primary: tuple[str, ...]
    secondary: tuple[str, ...]

    @property
    def name(self) -> str:
        return text(f"goal.{self.id}.name")


@dataclass(frozen=True)
class Selection:
    """What a scorecard shows, in its order; `goal` is empty where the company has chosen none."""

    goal: str
    primary: tuple[str, ...]
    secondary: tuple[str, ...]

    @property
    def all(self) -> tuple[str, ...]:
        return (*self.primary, *self.secondary)


GOALS: tuple[Goal, ...] = (
    Goal(
        "more_customers",
        ("new_customers", "active_customers", "lead_to_customer_rate"),
        ("leads", "persona_fit", "win_rate", "cac", "response_time"),
    ),
    Goal(
        "more_revenue",
        ("net_sales", "net_revenue_retention", "skus_per_customer"),
        ("gross_margin", "average_order_value", "active_customers", "new_customers", "pipeline_coverage"),
    ),
    Goal(
        "higher_conversion",
        ("lead_to_customer_rate", "win_rate", "stage_conversion"),
        ("response_time", "sales_cycle_length", "mql_to_sql_rate", "average_deal_size", "slipped_deals"),
    ),
    Goal(
        "more_profit",
        ("gross_profit", "gross_margin", "clv_to_cac"),
        ("discount_rate", "net_sales", "return_rate", "cac", "price_index"),
    ),
    Goal(
        "keep_customers",
        ("churn_rate", "retention_rate", "nps"),
        ("net_revenue_retention", "due_not_buying", "on_time_in_full", "repeat_purchase_rate", "csat"),
    ),
)
PULLS: tuple[tuple[str, str], ...] = (
    ("net_sales", "gross_margin"),
    ("leads", "persona_fit"),
    ("calls", "activities_per_win"),
    ("new_customers", "cac"),
)
USUAL = Selection(
    "",
    ("net_sales", "gross_profit", "active_customers"),
    ("new_customers", "churn_rate", "net_revenue_retention", "gross_margin", "average_order_value"),
)


def goal(identifier: str) -> Goal:
    found = {each.id: each for each in GOALS}
    if identifier not in found:
        raise UnknownName("goal", identifier, found)
    return found[identifier]


def suggested(identifier: str, catalogue: Catalogue, *, computable: Collection[str] | None = None) -> Selection:
    """The KPIs of a goal, of those that there are and can be computed."""
    known = catalogue.kpis if computable is None else computable
    chosen = goal(identifier)
    return Selection(
        chosen.id, tuple(name for name in chosen.primary if name in known), tuple(name for name in chosen.secondary if name in known)
    )


def selection(goals: Goals, catalogue: Catalogue) -> Selection:
    """What the company has chosen, else the goal's own KPIs, else the usual ones."""
    if not goals.goal and not goals.primary:
        return USUAL
    own = suggested(goals.goal, catalogue) if goals.goal else USUAL
    return check(Selection(goals.goal, goals.primary or own.primary, goals.secondary or own.secondary), catalogue)


def check(chosen: Selection, catalogue: Catalogue, *, where: str = "goals") -> Selection:
    """Refuse what is no scorecard: unknown KPIs, too many or too few, one that stands twice."""
    for name in chosen.all:
        if name not in catalogue.kpis:
            raise UnknownName("KPI", name, catalogue.kpis, where=where)
    twice = sorted({name for name in chosen.all if chosen.all.count(name) > 1})
    if twice:
        raise UserError(text("goal.error.twice", kpi=", ".join(twice)), where=where)
    if not LEAST_PRIMARY <= len(chosen.primary) <= MOST_PRIMARY:
        raise UserError(text("goal.error.primary", given=len(chosen.primary)), where=where, hint=text("goal.error.primary_hint"))
    if len(chosen.secondary) > MOST_SECONDARY:
        raise UserError(text("goal.error.secondary", given=len(chosen.secondary)), where=where)
    return chosen


def warnings(names: Iterable[str], catalogue: Catalogue) -> list[str]:
    """A sentence for each pair that pulls: both are there, or one without the other, which nobody would see fall."""
    there = set(names)
    found = []
    for pair in PULLS:
        seen = [name for name in pair if name in there and name in catalogue.kpis]
        if len(seen) == 2:
            found.append(text(f"goal.pull.{'.'.join(pair)}"))
        elif seen:
            found.append(f"{text('goal.pull.' + '.'.join(pair))} {_blind(pair, seen, catalogue)}")
    return found


def _blind(pair: Sequence[str], seen: Sequence[str], catalogue: Catalogue) -> str:
    from nextmove.kpis.words import named

    other = next(name for name in pair if name not in seen)
    return text("goal.pull.blind", kpi=named(catalogue.kpi(other)))
