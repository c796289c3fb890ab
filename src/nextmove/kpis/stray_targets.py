"""Targets that no question meets: they were loaded, and nobody would see why a KPI has none.

A target is met by its KPI, grain, first day, dimension and member. One misspelt word, or a day inside its period, leaves it standing alone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping

from nextmove.engine import Engine
from nextmove.ingest.doctor import Finding
from nextmove.kpis.catalogue import Catalogue
from nextmove.settings import Settings
from nextmove.tables.calendar import CALENDARS, GRAINS, Calendar, calendar_of
from nextmove.words import text

_Target = Mapping[str, object]
_MEMBERS = {  # where the members stand that a target may be set for; where none are loaded, nothing can be said
    "rep": "select rep_id as member from main.reps",
    "team": "select team as member from main.reps",
    "region": "select region as member from main.accounts union select region from main.order_lines union select region from main.reps",
    "product": "select product_id as member from main.products",
}


def stray_targets(engine: Engine, catalogue: Catalogue, settings: Settings) -> list[Finding]:
    """One finding for each thing that can be wrong with a target."""
    targets = engine.query(
        "select kpi, grain, period_start, coalesce(dimension, '') as dimension, coalesce(member, '') as member from main.targets"
    ).to_pylist()
    calendar = calendar_of(settings)
    known = {name: _members(engine, sql) for name, sql in _MEMBERS.items() if any(each["dimension"] == name for each in targets)}
    wrong: dict[str, Callable[[_Target], bool]] = {
        "kpi": lambda each: each["kpi"] not in catalogue.kpis,
        "day": lambda each: not _begins(calendar, str(each["grain"]), each["period_start"]),
        "dimension": lambda each: _not_cut(catalogue, str(each["kpi"]), str(each["dimension"])),
        "member": lambda each: bool(known.get(str(each["dimension"]))) and each["member"] not in known[str(each["dimension"])],
    }
    found = [_finding(what, [each for each in targets if is_wrong(each)]) for what, is_wrong in wrong.items()]
    return [one for one in found if one.rows]


def _finding(what: str, targets: list[_Target]) -> Finding:
    shown = {"kpi": ("kpi",), "day": ("grain", "period_start"), "dimension": ("kpi", "dimension"), "member": ("dimension", "member")}[what]
    example = min((" ".join(str(each[name]) for name in shown) for each in targets), default="")
    return Finding("targets", len(targets), text(f"ingest.doctor.target_{what}"), example)


def _begins(calendar: Calendar, grain: str, day: object) -> bool:
    """Whether a period of that grain begins on the day, in any calendar."""
    assert isinstance(day, dt.date)
    return grain in GRAINS and any(calendar.grid(name, grain).holding(day).start == day for name in CALENDARS)


def _not_cut(catalogue: Catalogue, kpi: str, dimension: str) -> bool:
    return bool(dimension) and kpi in catalogue.kpis and dimension not in catalogue.kpi(kpi).entry.cut_by


def _members(engine: Engine, sql: str) -> frozenset[str]:
    found: Iterable[str | None] = engine.query(sql)["member"].to_pylist()
    return frozenset(each for each in found if each)
