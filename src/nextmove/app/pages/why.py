"""Why a KPI is what it is: the last complete period against another, in three lines and the parts that add up to the change."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import urlencode

from django.http import HttpRequest

from nextmove.app import numbers, telling
from nextmove.app.visit import Visit, page
from nextmove.app.why import Table, answering, asked_of, explained, narrowed, tables_of, within
from nextmove.engine import literal
from nextmove.errors import OutOfScope, UnknownName
from nextmove.insights.explain.reasons import event_sentence
from nextmove.insights.explain.story import tell
from nextmove.kpis import Kpi

CHOICES = ("previous", "year_ago", "expected")


@dataclass(frozen=True)
class WhyPage:
    template: ClassVar[str] = "parts/why.html"
    kpi: str
    period: str
    versus: str
    where: str
    what: str
    why: str
    next: str
    moves: str | None
    change: str
    tables: tuple[Table, ...]
    events: tuple[str, ...]
    choices: tuple[str, ...] = CHOICES


@dataclass(frozen=True)
class WhosePage:
    """Of a KPI that is not told by team a manager is asked first whose change it is to be; each with its address."""

    template: ClassVar[str] = "parts/why_whose.html"
    kpi: str
    representatives: tuple[tuple[str, str], ...]


def whose_page(visit: Visit, kpi: Kpi, values: Mapping[str, str]) -> WhosePage:
    ask = f"select rep_id, coalesce(name, rep_id) as name from main.reps where {visit.reach.sql('rep_id')} order by name, rep_id"
    found = visit.edition.rows(ask)
    return WhosePage(kpi.id, tuple((row["name"], urlencode({**values, "where": f"rep:{row['rep_id']}"})) for row in found))


def why_page(visit: Visit, identifier: str, values: Mapping[str, str]) -> WhyPage:
    kpi = numbers.kpi_within_reach(visit, identifier)
    choices = (*CHOICES, "target") if _has_target(visit, kpi) else CHOICES
    versus = values.get("versus", "") or CHOICES[0]
    if versus not in choices:
        raise UnknownName("comparison", versus, choices)
    where = _where(visit, kpi, values.get("where", ""))
    period = values.get("period", "") or last_complete(visit, values.get("grain", "") or kpi.entry.cadence)
    asked = asked_of(visit, kpi, narrowed(visit, kpi, where))
    found = explained(visit, asked, period=period, versus=versus)
    story, change = tell(asked, found), found.comparison.change
    return WhyPage(
        kpi=kpi.id,
        period=period,
        versus=versus,
        where=values.get("where", ""),
        what=story.what,
        why=story.why,
        next=story.next,
        moves=answering(visit, asked.where),
        change=telling.signed_in_unit(float(change or 0), kpi.entry.unit, currency=visit.currency),
        tables=tables_of(visit, asked, found) if change else (),
        events=tuple(event_sentence(asked, event) for event in found.events),
        choices=choices,
    )


def _has_target(visit: Visit, kpi: Kpi) -> bool:
    ask = f"select 1 from main.targets where kpi = {literal(kpi.id)} limit 1"
    return "main.targets" in visit.edition.tables and bool(visit.edition.kept(("has target", kpi.id), lambda: visit.edition.rows(ask)))


def _where(visit: Visit, kpi: Kpi, text: str) -> tuple[tuple[str, str], ...]:
    name, _, member = text.partition(":")
    if not name or not member:
        return ()
    if name not in kpi.entry.cut_by:
        raise OutOfScope("There is no such part.")
    return ((name, member),)


def last_complete(visit: Visit, grain: str) -> str:
    """The last whole period of a grain, as `nextmove explain` reads it."""
    tomorrow = visit.edition.as_of + dt.timedelta(days=1)
    running = numbers.periods_back(visit, calendar="gregorian", grain=grain, count=0)
    whole = numbers.periods_back(visit, calendar="gregorian", grain=grain, count=-1) <= tomorrow
    start = running if whole else numbers.periods_back(visit, calendar="gregorian", grain=grain, count=1)
    match grain:
        case "year":
            return f"{start:%Y}"
        case "quarter":
            return f"{start:%Y}-Q{(start.month + 2) // 3}"
        case "month":
            return f"{start:%Y-%m}"
        case "week":
            inside = start + dt.timedelta(days=3)
            return f"{inside.isocalendar().year}-W{inside.isocalendar().week:02}"
        case _:
            return start.isoformat()


@page("kpis")
def why(visit: Visit, request: HttpRequest, identifier: str) -> WhyPage | WhosePage:
    values, kpi = request.GET.dict(), numbers.kpi_within_reach(visit, identifier)
    not_by_team = "rep" in kpi.entry.cut_by and within(visit, kpi, _where(visit, kpi, values.get("where", ""))) is None
    return whose_page(visit, kpi, values) if not_by_team else why_page(visit, identifier, values)
