"""Targets: what is asked of whom and when; set, changed, taken away, and all of it taken back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from nextmove.app import formats, numbers, telling
from nextmove.app.edition import Row
from nextmove.app.targets import (
    CALENDARS,
    DIMENSIONS,
    calendar_told,
    may_undo,
    members,
    read_key,
    read_value,
    stored,
    warehouse_alone,
    within_reach,
)
from nextmove.app.visit import Visit, page, shelf
from nextmove.errors import OutOfScope, UserError
from nextmove.ingest.targets import Key, Target, remove_targets, set_targets
from nextmove.ingest.undo import undo
from nextmove.kpis.words import named

SHOWN = 60
GRAINS = ("week", "month", "quarter", "year")


@dataclass(frozen=True)
class Line:
    """One target. `reps_told` is what the targets of a team's representatives of today add up to."""

    kpi: str
    name: str
    grain: str
    calendar: str
    start: dt.date
    period: str
    dimension: str
    member: str
    whom: str
    value: Decimal
    told: str
    reps_told: str | None
    pending: bool

    @property
    def edit(self) -> str:
        return "?" + urlencode(self.form | {"value": f"{self.value.normalize():f}"}) + "#set"

    @property
    def form(self) -> dict[str, str]:
        """What names this target in a form."""
        whom = f"{self.dimension}:{self.member}" if self.dimension else ""
        return {"kpi": self.kpi, "grain": self.grain, "calendar": self.calendar, "day": self.start.isoformat(), "whom": whom}


@dataclass(frozen=True)
class Group:
    """Members of one dimension that a target can be set for."""

    dimension: str
    members: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class TargetsPage:
    template: ClassVar[str] = "targets.html"
    lines: tuple[Line, ...]
    found: int
    fresh: bool
    undoable: int | None
    kpis: tuple[tuple[str, str], ...]
    whom: tuple[Group, ...]
    company: bool
    draft: Mapping[str, str]
    only: str
    fault: str | None = None
    grains: tuple[str, ...] = GRAINS
    calendars: tuple[str, ...] = CALENDARS

    @property
    def pending(self) -> int:
        return sum(1 for line in self.lines if line.pending)


def targets_page(visit: Visit, values: Mapping[str, str], *, fault: str | None = None) -> TargetsPage:
    held = stored(visit)
    rows = [row for row in held.rows if within_reach(visit, row["dimension"], row["member"])]
    only = values.get("only", "")
    published = visit.edition.published.meta.warehouse_version
    # What was set since the edition stands first: whoever has just set a target looks for it.
    chosen = sorted((row for row in rows if not only or row["kpi"] == only), key=lambda row: row["batch"] <= published)
    kpis = [(kpi.id, named(kpi)) for kpi in numbers.kpis_within_reach(visit)]
    draft = {"grain": "month", "calendar": "gregorian", "day": visit.edition.as_of.isoformat(), "kpi": only or "net_sales", **values}
    return TargetsPage(
        lines=tuple(_line(visit, row, rows) for row in chosen[:SHOWN]),
        found=len(chosen),
        fresh=held.fresh,
        undoable=held.last["batch"] if held.last and may_undo(visit, held.last) else None,
        kpis=tuple(sorted(kpis, key=lambda each: each[1])),
        whom=tuple(Group(name, tuple(sorted(members(visit, name).items(), key=lambda each: each[1]))) for name in DIMENSIONS),
        company=visit.reach.scope.everything,
        draft=draft,
        only=only,
        fault=fault,
    )


def _line(visit: Visit, row: Row, rows: list[Row]) -> Line:
    calendar = calendar_told(visit, row["grain"], row["period_start"])
    known = numbers.catalogue().kpis.get(row["kpi"])
    unit = known.entry.unit if known else "count"
    whom = numbers.member_name(visit, row["dimension"], row["member"]) if row["dimension"] else ""
    below = _of_todays_team(visit, row, rows) if row["dimension"] == "team" else None
    return Line(
        kpi=row["kpi"],
        name=named(known) if known else row["kpi"],
        grain=row["grain"],
        calendar=calendar,
        start=row["period_start"],
        period=formats.period(row["period_start"], row["grain"], calendar),
        dimension=row["dimension"],
        member=row["member"],
        whom=whom,
        value=row["value"],
        told=telling.in_unit(float(row["value"]), unit, currency=visit.currency),
        reps_told=telling.in_unit(float(below), unit, currency=visit.currency) if below is not None else None,
        pending=row["batch"] > visit.edition.published.meta.warehouse_version,
    )


def _of_todays_team(visit: Visit, row: Row, rows: list[Row]) -> Decimal | None:
    """The sum of the same targets of those who are in the team today."""
    ask = "select rep_id, team from main.reps"
    teams = {each["rep_id"]: each["team"] for each in visit.edition.kept("teams of reps", lambda: visit.edition.rows(ask))}
    same = ("kpi", "grain", "period_start")
    found = [
        each["value"]
        for each in rows
        if each["dimension"] == "rep" and teams.get(each["member"]) == row["member"] and all(each[key] == row[key] for key in same)
    ]
    return sum(found, Decimal(0)) if found else None


def set_one(visit: Visit, values: Mapping[str, str]) -> int:
    """Set the target that a form names."""
    target = Target(_key(visit, values), read_value(values.get("value", "")))
    with warehouse_alone():
        return set_targets(shelf().workspace, [target], by=visit.user.username, now=_now())


def remove_one(visit: Visit, values: Mapping[str, str]) -> int:
    """Take the target away that a form names."""
    key = _key(visit, values)
    with warehouse_alone():
        return remove_targets(shelf().workspace, [key], by=visit.user.username, now=_now())


def undo_last(visit: Visit) -> None:
    """Take back what was set or taken away last."""
    last = stored(visit).last
    if last is None or not may_undo(visit, last):
        raise OutOfScope("There is nothing to undo.")
    with warehouse_alone():
        undo(shelf().workspace, last["batch"], now=_now())


def _key(visit: Visit, values: Mapping[str, str]) -> Key:
    dimension, _, member = values.get("whom", "").partition(":")
    named_by = {name: values.get(name, "") for name in ("kpi", "grain", "calendar", "day")}
    return read_key(visit, **named_by, dimension=dimension, member=member)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC).replace(tzinfo=None)


@page("targets")
def targets(visit: Visit, request: HttpRequest) -> TargetsPage | HttpResponse:
    if request.method != "POST":
        return targets_page(visit, request.GET.dict())
    values = request.POST.dict()
    try:
        match values.get("verb"):
            case "remove":
                remove_one(visit, values)
            case "undo":
                undo_last(visit)
            case _:
                set_one(visit, values)
    except OutOfScope:
        raise
    except UserError as error:
        return targets_page(visit, values, fault=f"{error.what} {error.hint or ''}".strip())
    return HttpResponseRedirect(f"{reverse('targets')}?{urlencode({'only': values.get('only', '')})}")
