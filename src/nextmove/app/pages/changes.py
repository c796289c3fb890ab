"""What changed: the few changes that matter, each with its reason and its next move. What a card says beyond its headline — the
three lines, and the chart with what was to be expected — comes as it scrolls into view."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from itertools import product
from typing import ClassVar

from django.http import HttpRequest

from nextmove.app import alerts, charts, formats, numbers
from nextmove.app.alerts import Alert
from nextmove.app.charts import Chart, Series
from nextmove.app.numbers import Value
from nextmove.app.visit import Visit, page
from nextmove.app.why import answering, story_or_nothing
from nextmove.engine import literal
from nextmove.errors import UserError
from nextmove.insights.changes.state import Told
from nextmove.kpis import Kpi, Question
from nextmove.kpis.words import named
from nextmove.words import text

VIEWS = ("open", "closed")
SHOWN = {"week": 39, "month": 18}  # periods of a chart


@dataclass(frozen=True)
class ChangesPage:
    template: ClassVar[str] = "changes.html"
    view: str
    alerts: tuple[Alert, ...]
    held: tuple[str, ...]
    watched: bool
    views: tuple[str, ...] = VIEWS

    @property
    def worse(self) -> int:
        return sum(not alert.good for alert in self.alerts)

    @property
    def better(self) -> int:
        return len(self.alerts) - self.worse


@dataclass(frozen=True)
class ChangePage:
    """One change: what happened, why, and what to do next; and how the number went."""

    template: ClassVar[str] = "parts/change_more.html"
    alert: Alert
    what: str | None
    why: str | None
    next: str | None
    moves: str | None
    chart: Chart | None


def changes_page(visit: Visit, *, view: str = "open") -> ChangesPage:
    view = view if view in VIEWS else "open"
    found = alerts.listed(visit, closed=view == "closed")
    return ChangesPage(view, tuple(found), tuple(alerts.held(visit)), watched=alerts.published(visit))


def change_page(visit: Visit, alert_id: str) -> ChangePage:
    told = alerts.told_called(visit, alert_id)
    kpi = numbers.catalogue().kpi(told.kpi)
    alert, story = alerts.alert_of(visit, told), _story(visit, kpi, told)
    what, why, next_move = story if story else (None, None, None)
    reasons = " ".join(part for part in (alert.cause, why) if part)
    moves = answering(visit, _place(told))
    return ChangePage(alert, what, reasons or None, next_move, moves, _chart(visit, kpi, told, alert))


def _place(told: Told) -> tuple[tuple[str, str], ...]:
    return ((told.dimension, told.member),) if told.dimension else ()


def _story(visit: Visit, kpi: Kpi, told: Told) -> tuple[str, str, str] | None:
    """The three lines, of the month or week that told it; of a stretch that went the other way nothing is said."""
    last = told.opened_on - dt.timedelta(days=1)
    week = f"{last.isocalendar().year}-W{last.isocalendar().week:02}"
    periods = (f"{last:%Y-%m}", week) if told.grain == "week" else (f"{last:%Y-%m}",)
    for versus, period in product(("expected", "year_ago"), periods):
        found = story_or_nothing(visit, kpi, _place(told), period=period, versus=versus)
        if found and (found[0].comparison.change or 0) * told.direction > 0:
            return found[1].what, found[1].why, found[1].next
    return None


def _chart(visit: Visit, kpi: Kpi, told: Told, alert: Alert) -> Chart | None:
    values = _history(visit, told)
    if len(values) < 2:
        return None
    labels = [formats.period(value.start, told.grain) for value in values]
    last = next((at for at, value in enumerate(values) if value.start >= told.period_start), len(values) - 1)
    stretch = slice(max(0, last - told.periods + 1), last + 1)
    drawn = charts.chart(
        _distinct(labels),
        [Series(alert.name, [value.value for value in values])],
        unit=kpi.entry.unit,
        currency=visit.currency,
        label=charts.told(named(kpi), labels[0], labels[-1]),
    )
    names = (text("app.changes.expected"), text("app.changes.low"), text("app.changes.high"))
    return charts.with_band(drawn, names, at=stretch, low=told.low, expected=told.expected, high=told.high)


def _distinct(labels: list[str]) -> list[str]:
    """A place on the axis is found by its label, so none may come twice (two first weeks of a month without the year)."""
    return [label if label not in labels[:at] else label + "\u200b" * at for at, label in enumerate(labels)]


def _history(visit: Visit, told: Told) -> list[Value]:
    """The series up to now: as the edition has it, else asked of the facts (weeks of a customer)."""
    start = numbers.periods_back(visit, calendar="gregorian", grain=told.grain, count=SHOWN[told.grain])
    start = min(start, told.period_start - dt.timedelta(days=120))
    key = ("history", told.kpi, told.grain, told.dimension, told.member, start)
    stored = "main.kpi_values" in visit.edition.tables
    rows = visit.edition.kept(key, lambda: visit.edition.rows(_stored(told, start))) if stored else []
    if rows:
        return [Value(row["period_start"], row["period_end"], row["value"], complete=True) for row in rows]
    try:
        found = numbers.values(visit, Question(told.kpi, told.grain, where=_place(told), start=start))
    except UserError:
        return []
    return [value for value in found if value.complete]


def _stored(told: Told, start: dt.date) -> str:
    return (
        "select period_start, period_end, cast(value as double) as value from main.kpi_values "
        f"where kpi = {literal(told.kpi)} and grain = {literal(told.grain)} and calendar = 'gregorian' and complete "
        f"and dimension = {literal(told.dimension)} and member = {literal(told.member)} and period_start >= {literal(start)} order by 1"
    )


@page("changes")
def changes(visit: Visit, request: HttpRequest) -> ChangesPage:
    return changes_page(visit, view=request.GET.get("view", "open"))


@page("changes")
def change(visit: Visit, request: HttpRequest, alert_id: str) -> ChangePage:
    return change_page(visit, alert_id)
