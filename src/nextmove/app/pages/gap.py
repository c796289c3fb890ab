"""Gap: what is missing to the target, what makes it up, and who can close it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import ClassVar

from django.http import HttpRequest, HttpResponse

from nextmove.actions.gap import KPIS, Asked, GapLine, gap_lines
from nextmove.app import charts, exports, formats, numbers
from nextmove.app.charts import Bar, Chart
from nextmove.app.moves import open_actions
from nextmove.app.visit import Visit, page
from nextmove.errors import MissingData
from nextmove.tables.calendar import Period, calendar_of
from nextmove.words import text

GRAINS = ("month", "quarter")
_PARTS = ("booked", "expected_repeat", "weighted_pipeline", "open_actions")


@dataclass(frozen=True)
class Line:
    """A representative or team: what makes up its gap, and how much of the target is in sight."""

    member: str
    name: str
    gap: GapLine
    missing: float | None
    share: float | None


@dataclass(frozen=True)
class GapPage:
    template: ClassVar[str] = "gap.html"
    kpi: str
    grain: str
    period: str
    silent: str | None = None
    whole: Line | None = None
    lines: tuple[Line, ...] = ()
    chart: Chart | None = None
    kpis: tuple[str, ...] = KPIS
    grains: tuple[str, ...] = GRAINS


def gap_page(visit: Visit, *, kpi: str = "", grain: str = "") -> GapPage:
    kpis = tuple(each for each in KPIS if any(known.id == each for known in numbers.kpis_within_reach(visit)))
    kpi, grain = kpi if kpi in kpis else KPIS[0], grain if grain in GRAINS else GRAINS[0]
    period = (
        calendar_of(visit.settings).grid("gregorian", grain).holding(visit.edition.as_of + dt.timedelta(days=1))
    )  # the one that still runs
    named = formats.period(period.start, grain)
    try:
        whole, lines = _whole(visit, kpi, grain, period), tuple(_lines(visit, kpi, grain, period, by="rep"))
    except MissingData as error:
        return GapPage(kpi, grain, named, silent=error.what, kpis=kpis)
    drawn = _chart(visit, whole.gap, named) if whole and whole.gap.target else None
    return GapPage(kpi, grain, named, whole=whole, lines=tuple(each for each in lines if _tells(each)), chart=drawn, kpis=kpis)


def _tells(line: Line) -> bool:
    return line.gap.target is not None or line.gap.expected > 0


def _whole(visit: Visit, kpi: str, grain: str, period: Period) -> Line | None:
    """The company, or the reader's own team."""
    if visit.reach.scope.everything:
        return next(iter(_lines(visit, kpi, grain, period, by="")), None)
    own = visit.reach.own
    if not own or own[0] not in ("team", "rep"):
        return None
    return next((line for line in _lines(visit, kpi, grain, period, by=own[0]) if line.member == own[1]), None)


def _lines(visit: Visit, kpi: str, grain: str, period: Period, *, by: str) -> list[Line]:
    asked = Asked(kpi, grain, period, visit.edition.as_of, by, visit.reach.scope)
    found = gap_lines(visit.edition.engine, asked, open_actions=open_actions(visit))
    return [
        Line(each.member, _name(visit, by, each.member), each, each.missing, each.expected / each.target if each.target else None)
        for each in found
    ]


def _name(visit: Visit, by: str, member: str) -> str:
    return numbers.member_name(visit, by, member) if by else visit.settings.company.name


def _chart(visit: Visit, gap: GapLine, period: str) -> Chart:
    """From the target down to what is missing."""
    target, left = gap.target or 0.0, gap.target or 0.0
    labels, bars = [text("app.gap.target")], [Bar(target, None, "--nm-target")]
    for part in _PARTS:
        money = float(getattr(gap, part))
        left -= money
        labels.append(text(f"app.gap.{part}"))
        bars.append(Bar(left, -money, "--nm-good"))
    labels.append(text("app.gap.missing") if left > 0 else text("app.gap.ahead"))
    bars.append(Bar(left, None, "--nm-bad" if left > 0 else "--nm-good"))
    label = charts.told(text("app.nav.gap"), period, formats.day(visit.edition.as_of))
    return charts.waterfall(labels, bars, currency=visit.currency, label=label)


@page("gap")
def gap(visit: Visit, request: HttpRequest) -> GapPage:
    return gap_page(visit, kpi=request.GET.get("kpi", ""), grain=request.GET.get("grain", ""))


@page("gap")
def gap_file(visit: Visit, request: HttpRequest) -> HttpResponse:
    """The lines of the representatives as CSV."""
    found = gap_page(visit, kpi=request.GET.get("kpi", ""), grain=request.GET.get("grain", ""))
    columns = ("rep_id", "name", "target", *_PARTS, "missing")
    rows = ([line.member, line.name, line.gap.target, *(getattr(line.gap, part) for part in _PARTS), line.missing] for line in found.lines)
    return exports.csv_file(f"gap-{found.grain}.csv", columns, rows)
