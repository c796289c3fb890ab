"""One KPI: how it moves, who makes it up, and exactly what it counts — in words and in SQL."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse

from nextmove.app import charts, exports, formats, numbers, telling
from nextmove.app.charts import Chart, Series
from nextmove.app.numbers import Value
from nextmove.app.tiles import change_of, change_told, for_the_better, on_track
from nextmove.app.visit import Visit, page
from nextmove.errors import UserError
from nextmove.kpis import Kpi, Question, compiled_sql
from nextmove.kpis.alternatives import choices
from nextmove.kpis.readable import readable
from nextmove.kpis.words import described, named
from nextmove.words import text

GRAINS = {"day": 60, "week": 53, "month": 25, "quarter": 13, "year": 6}  # and how many periods a chart shows
CALENDARS = ("gregorian", "fiscal", "jalali")
SHOWN = 15


@dataclass(frozen=True)
class Choice:
    """What of the KPI is looked at; `address` keeps it when one part changes."""

    grain: str
    calendar: str = "gregorian"
    by: str = ""
    where: tuple[tuple[str, str], ...] = ()
    all_members: bool = False

    @classmethod
    def read(cls, kpi: Kpi, values: Mapping[str, str]) -> Choice:
        grain, calendar, by = values.get("grain", ""), values.get("calendar", ""), values.get("by", "")
        name, _, member = values.get("where", "").partition(":")
        return cls(
            grain if grain in GRAINS else kpi.entry.cadence,
            calendar if calendar in CALENDARS else "gregorian",
            by if by in kpi.entry.cut_by else next(iter(kpi.entry.cut_by), ""),
            ((name, member),) if name in kpi.entry.cut_by and member else (),
            values.get("all") == "1",
        )

    def address(self, **changes: str) -> str:
        where = ":".join(self.where[0]) if self.where else ""
        values = {"grain": self.grain, "calendar": self.calendar, "by": self.by, "where": where, **changes}
        return "?" + urlencode({key: value for key, value in values.items() if value})


@dataclass(frozen=True)
class Member:
    """A part of the KPI in one period: its value, its share of the largest, and its change on the year before."""

    member: str
    name: str
    value: float | None
    told: str
    width: int
    change: float | None
    change_told: str | None
    good: bool | None
    address: str


@dataclass(frozen=True)
class Held:
    """The headline held against something: the period before, the year before, the plan."""

    name: str
    told: str
    change_told: str | None
    good: bool | None


@dataclass(frozen=True)
class KpiPage:
    template: ClassVar[str] = "kpi.html"
    kpi: str
    name: str
    description: str
    unit: str
    choice: Choice
    dimensions: tuple[str, ...]
    missing: tuple[str, ...]
    period: str
    told: str
    complete: bool
    immature: bool
    coverage: float | None
    held: tuple[Held, ...]
    chart: Chart | None
    values: tuple[Value, ...]
    members: tuple[Member, ...]
    members_found: int
    filtered: str | None
    options: tuple[tuple[str, str], ...]  # definitions that people disagree on, and the company's choice
    sql: str
    grains: tuple[str, ...] = tuple(GRAINS)
    calendars: tuple[str, ...] = CALENDARS

    @property
    def address(self) -> str:
        return self.choice.address()

    @property
    def why_address(self) -> str:
        return self.choice.address(by="", calendar="")

    @property
    def unfiltered(self) -> str:
        return self.choice.address(where="")

    @property
    def all_address(self) -> str:
        return self.choice.address(all="1")


def kpi_page(visit: Visit, identifier: str, values: Mapping[str, str]) -> KpiPage:
    kpi = numbers.kpi_within_reach(visit, identifier)
    choice = Choice.read(kpi, values)
    lacking = numbers.lacking(visit, kpi)
    blank = _blank(visit, kpi, choice, lacking)
    return blank if lacking else _filled(visit, kpi, choice, blank)


def question_of(visit: Visit, kpi: Kpi, choice: Choice) -> Question:
    start = numbers.periods_back(visit, calendar=choice.calendar, grain=choice.grain, count=GRAINS[choice.grain] - 1)
    return Question(kpi.id, choice.grain, where=choice.where, start=start, calendar=choice.calendar)


def _blank(visit: Visit, kpi: Kpi, choice: Choice, lacking: tuple[str, ...]) -> KpiPage:
    asked = replace(question_of(visit, kpi, choice), scope=visit.reach.scope)
    return KpiPage(
        kpi=kpi.id,
        name=named(kpi),
        description=described(kpi),
        unit=kpi.entry.unit,
        choice=choice,
        dimensions=kpi.entry.cut_by,
        missing=lacking,
        period="",
        told=formats.NOTHING,
        complete=False,
        immature=False,
        coverage=None,
        held=(),
        chart=None,
        values=(),
        members=(),
        members_found=0,
        filtered=numbers.member_name(visit, *choice.where[0]) if choice.where else None,
        options=tuple((choice.option_named, choice.named) for choice in choices(kpi, visit.settings) if choice.chosen),
        sql=readable(compiled_sql(asked, visit.settings, as_of=visit.edition.as_of, catalogue=numbers.catalogue())),
    )


def _filled(visit: Visit, kpi: Kpi, choice: Choice, blank: KpiPage) -> KpiPage:
    question = question_of(visit, kpi, choice)
    trend = numbers.values(visit, replace(question, versus="year_ago"))
    targets = _targets(visit, kpi, question)
    now = trend[-1] if trend else None
    members = _members(visit, kpi, choice, now) if now and choice.by else []
    return replace(
        blank,
        period=formats.period(now.start, choice.grain, choice.calendar) if now else "",
        told=_told(visit, kpi, now.value if now else None),
        complete=bool(now and now.complete),
        immature=bool(now and now.immature),
        coverage=now.coverage if now else None,
        held=tuple(_held(visit, kpi, question, now, targets)) if now else (),
        chart=_chart(visit, kpi, choice, trend, targets) if trend else None,
        values=tuple(trend),
        members=tuple(members if choice.all_members else members[:SHOWN]),
        members_found=len(members),
    )


def _targets(visit: Visit, kpi: Kpi, question: Question) -> dict[dt.date, Value]:
    """Period → the value held against this person's target."""
    own = visit.reach.own
    if question.where or not (own or visit.reach.scope.everything):
        return {}
    by = (own[0],) if own and own[0] in kpi.entry.cut_by else ()
    return {value.start: value for value in numbers.values(visit, replace(question, by=by, versus="target")) if value.target is not None}


def _held(visit: Visit, kpi: Kpi, question: Question, now: Value, targets: dict[dt.date, Value]) -> list[Held]:
    latest = replace(question, start=now.start)
    found = []
    for versus in ("previous", "year_ago"):
        value = next((each for each in numbers.values(visit, replace(latest, versus=versus)) if each.start == now.start), None)
        change = change_of(kpi, value)
        if value is not None and value.versus is not None:
            told = _told(visit, kpi, value.versus)
            found.append(Held(text(f"app.kpi.versus.{versus}"), told, change_told(kpi, change), for_the_better(kpi, change)))
    plan = targets.get(now.start)
    if plan is not None and plan.versus:
        share = (now.value or 0) / plan.versus
        found.append(
            Held(text("app.kpi.versus.target"), _told(visit, kpi, plan.target), formats.percent(share, digits=0), on_track(kpi, share))
        )
        found += [] if now.complete else _pace(visit, kpi, plan)
    return found


def _pace(visit: Visit, kpi: Kpi, plan: Value) -> list[Held]:
    """What the plan asks for by today, and what each working day that is left must bring."""
    held = [Held(text(f"app.pace.{visit.settings.definitions.pace}"), _told(visit, kpi, plan.versus), None, None)]
    return held + ([Held(text("app.pace.required"), _told(visit, kpi, plan.required), None, None)] if plan.required else [])


def _told(visit: Visit, kpi: Kpi, value: float | None) -> str:
    return telling.in_unit(value, kpi.entry.unit, currency=visit.currency, short=value is not None and abs(value) >= 1_000_000)


def _chart(visit: Visit, kpi: Kpi, choice: Choice, trend: list[Value], targets: dict[dt.date, Value]) -> Chart:
    labels = [formats.period(value.start, choice.grain, choice.calendar) for value in trend]
    running = sum(1 for value in trend if not value.complete)
    kind = "bar" if kpi.entry.unit in ("money", "count") and not kpi.entry.as_of else "line"
    series = [Series(named(kpi), [value.value for value in trend], kind=kind, unfinished=running)]
    if any(value.versus is not None for value in trend):
        series.append(Series(text("app.kpi.year_before"), [value.versus for value in trend], colour="--nm-quiet", dashed=True))
    if targets:
        planned = [targets[value.start].target if value.start in targets else None for value in trend]
        series.append(Series(text("app.kpi.plan"), planned, colour="--nm-target", dashed=True))
    label = charts.told(named(kpi), labels[0], labels[-1])
    return charts.chart(labels, series, unit=kpi.entry.unit, currency=visit.currency, label=label)


def _members(visit: Visit, kpi: Kpi, choice: Choice, now: Value) -> list[Member]:
    asked = replace(question_of(visit, kpi, choice), start=now.start, by=(choice.by,), versus="year_ago")
    values = [value for value in numbers.values(visit, asked) if value.start == now.start]
    values.sort(key=lambda value: (value.value is None, -(value.value or 0), value.member))
    largest = max((abs(value.value) for value in values if value.value is not None), default=0) or 1
    return [_member(visit, kpi, choice, value, largest) for value in values]


def _member(visit: Visit, kpi: Kpi, choice: Choice, value: Value, largest: float) -> Member:
    change = change_of(kpi, value)
    return Member(
        member=value.member,
        name=numbers.member_name(visit, choice.by, value.member),
        value=value.value,
        told=_told(visit, kpi, value.value),
        width=round(100 * abs(value.value or 0) / largest),
        change=change,
        change_told=change_told(kpi, change),
        good=for_the_better(kpi, change),
        address=choice.address(where=f"{choice.by}:{value.member}"),
    )


@page("kpis")
def kpi(visit: Visit, request: HttpRequest, identifier: str) -> KpiPage:
    return kpi_page(visit, identifier, request.GET.dict())


@page("kpis")
def kpi_file(visit: Visit, request: HttpRequest, identifier: str) -> HttpResponse:
    """The values behind the chart and the cut as CSV."""
    kpi = numbers.kpi_within_reach(visit, identifier)
    choice = Choice.read(kpi, request.GET.dict())
    asked = question_of(visit, kpi, choice)
    if request.GET.get("by") and choice.by:
        asked = replace(asked, by=(choice.by,))
    if lacking := numbers.lacking(visit, kpi):
        raise UserError(f"{kpi.id} cannot be computed.", where=", ".join(lacking))
    columns = ("start", "end", *(("member",) if asked.by else ()), "value", "numerator", "denominator", "rows", "complete", "coverage")
    rows = ([getattr(value, column) for column in columns] for value in numbers.values(visit, asked))
    return exports.csv_file(f"{kpi.id}.csv", columns, rows)
