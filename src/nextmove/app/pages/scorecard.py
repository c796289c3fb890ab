"""Scorecard: where the numbers stand against target, and who closes the gap.

Two or three primary KPIs, five secondary ones at most, and a line for each representative within reach.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from django.http import HttpRequest, HttpResponse

from nextmove.app import exports, formats, numbers, telling
from nextmove.app.goals import computable, selected
from nextmove.app.moves import open_actions
from nextmove.app.numbers import Value
from nextmove.app.tiles import Tile, change_of, change_told, tiles
from nextmove.app.visit import Visit, page
from nextmove.kpis import Question
from nextmove.kpis.goals import Selection
from nextmove.words import text

SPARE = ("orders", "skus_per_customer", "repeat_purchase_rate", "units_sold")
GRAINS = ("month", "quarter")
LEADING = "net_sales"  # the KPI that representatives are compared by
BESIDE = ("active_customers", "gross_margin", "average_order_value")


@dataclass(frozen=True)
class Cell:
    value: float | None
    told: str


@dataclass(frozen=True)
class RepLine:
    """A representative: sales against target and last year, other KPIs, and what their open moves are worth."""

    rep_id: str
    name: str
    team: str | None
    value: float | None
    told: str
    target: float | None
    share: float | None
    change: float | None
    change_told: str | None
    cells: tuple[Cell, ...]
    moves: int
    moves_worth: Decimal

    @property
    def filled(self) -> int:
        return max(0, min(100, round((self.share or 0) * 100)))


@dataclass(frozen=True)
class Gap:
    """What is missing to the target of the running period, and what the open moves are worth."""

    target: float
    booked: float
    missing: float
    moves_worth: Decimal


@dataclass(frozen=True)
class ScorecardPage:
    template: ClassVar[str] = "scorecard.html"
    grain: str
    period: str
    complete: bool
    goal: str
    may_choose: bool
    primary: tuple[Tile, ...]
    secondary: tuple[Tile, ...]
    gap: Gap | None
    leading: str
    columns: tuple[str, ...]
    reps: tuple[RepLine, ...]
    grains: tuple[str, ...] = GRAINS


def scorecard_page(visit: Visit, *, grain: str = "month") -> ScorecardPage:
    grain = grain if grain in GRAINS else "month"
    start = numbers.periods_back(visit, calendar="gregorian", grain=grain, count=0)
    known, chosen = computable(visit), selected()
    wanted = [name for name in _beside(chosen) if name in known][: len(chosen.secondary)]
    primary = tiles(visit, [name for name in chosen.primary if name in known], grain=grain, calendar="gregorian")
    columns = tuple(name for name in BESIDE if name in known)
    reps = tuple(_reps(visit, grain, start, columns)) if LEADING in known else ()
    return ScorecardPage(
        grain=grain,
        period=formats.period(start, grain),
        complete=numbers.periods_back(visit, calendar="gregorian", grain=grain, count=-1) <= visit.edition.as_of + dt.timedelta(days=1),
        goal=text(f"goal.{chosen.goal}.name") if chosen.goal else "",
        may_choose=visit.user.kind.may_open("goals"),
        primary=primary,
        secondary=tiles(visit, wanted, grain=grain, calendar="gregorian"),
        gap=_gap(primary, reps),
        leading=LEADING,
        columns=columns,
        reps=reps,
    )


def _beside(chosen: Selection) -> tuple[str, ...]:
    """The secondary KPIs; where nobody has chosen, others stand in for those that lack data."""
    return chosen.secondary if chosen.goal else (*chosen.secondary, *SPARE)


def _gap(primary: tuple[Tile, ...], reps: tuple[RepLine, ...]) -> Gap | None:
    sales = next((tile for tile in primary if tile.kpi == LEADING), None)
    if sales is None or sales.target is None:
        return None
    booked = sales.value or 0.0
    worth = sum((rep.moves_worth for rep in reps), Decimal(0))
    return Gap(sales.target, booked, max(0.0, sales.target - booked), worth)


def _reps(visit: Visit, grain: str, start: dt.date, columns: tuple[str, ...]) -> list[RepLine]:
    against_plan = _by_rep(visit, LEADING, grain, start, versus="target")
    against_past = _by_rep(visit, LEADING, grain, start, versus="year_ago")
    beside = [_by_rep(visit, column, grain, start) for column in columns]
    moves = _moves(visit)
    kpi = numbers.catalogue().kpi(LEADING)
    people = visit.edition.rows(
        f"select rep_id, coalesce(name, rep_id) as name, team from main.reps where {visit.reach.sql('rep_id')} and left_on is null"
    )
    lines = []
    for person in people:
        value, past = against_plan.get(person["rep_id"]), against_past.get(person["rep_id"])
        count, worth = moves.get(person["rep_id"], (0, Decimal(0)))
        if value is None and not count:
            continue  # leads others, sells nothing
        change = change_of(kpi, past)
        lines.append(
            RepLine(
                rep_id=person["rep_id"],
                name=person["name"],
                team=person["team"],
                value=value.value if value else None,
                told=formats.money(value.value if value else None, visit.currency),
                target=value.target if value else None,
                share=_share(value),
                change=change,
                change_told=change_told(kpi, change),
                cells=tuple(_cell(visit, name, each.get(person["rep_id"])) for name, each in zip(columns, beside, strict=True)),
                moves=count,
                moves_worth=worth,
            )
        )
    return sorted(lines, key=lambda line: -(line.value or 0))


def _by_rep(visit: Visit, kpi: str, grain: str, start: dt.date, *, versus: str | None = None) -> dict[str, Value]:
    asked = Question(kpi, grain, by=("rep",), start=start, versus=versus)
    return {value.member: value for value in numbers.values(visit, asked) if value.start == start}


def _share(value: Value | None) -> float | None:
    return value.value / value.versus if value and value.target and value.versus and value.value is not None else None


def _cell(visit: Visit, name: str, value: Value | None) -> Cell:
    unit = numbers.catalogue().kpi(name).entry.unit
    return Cell(value.value if value else None, telling.in_unit(value.value if value else None, unit, currency=visit.currency))


def _moves(visit: Visit) -> dict[str, tuple[int, Decimal]]:
    found: dict[str, tuple[int, Decimal]] = {}
    for action in open_actions(visit):
        count, worth = found.get(action.rep_id or "", (0, Decimal(0)))
        found[action.rep_id or ""] = (count + 1, worth + action.expected_value)
    return found


@page("scorecard")
def scorecard(visit: Visit, request: HttpRequest) -> ScorecardPage:
    return scorecard_page(visit, grain=request.GET.get("grain", "month"))


@page("scorecard")
def scorecard_file(visit: Visit, request: HttpRequest) -> HttpResponse:
    """The lines of the representatives as CSV."""
    found = scorecard_page(visit, grain=request.GET.get("grain", "month"))
    columns = ("rep_id", "name", "team", "net_sales", "target", "share_of_plan", *found.columns, "open_moves", "open_moves_worth")
    rows = (
        [
            line.rep_id,
            line.name,
            line.team,
            line.value,
            line.target,
            line.share,
            *(cell.value for cell in line.cells),
            line.moves,
            line.moves_worth,
        ]
        for line in found.reps
    )
    return exports.csv_file(f"scorecard-{found.grain}.csv", columns, rows)
