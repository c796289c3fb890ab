"""A question for a KPI, and its check against what the catalogue knows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import get_args

from nextmove.errors import UnknownName, UserError
from nextmove.kpis.catalogue import Catalogue, Kpi
from nextmove.kpis.scope import EVERYTHING, Scope
from nextmove.settings import Definitions
from nextmove.tables.calendar import CALENDARS, GRAINS

VERSUS = ("previous", "year_ago", "target")
PACES: tuple[str, ...] = get_args(Definitions.model_fields["pace"].annotation)


@dataclass(frozen=True)
class Question:
    """Which KPI, cut how, over which periods. `[start, end)` picks every period that overlaps it; each comes whole."""

    kpi: str
    grain: str | None = None
    by: tuple[str, ...] = ()
    where: tuple[tuple[str, str], ...] = ()
    start: dt.date | None = None
    end: dt.date | None = None
    calendar: str = "gregorian"
    basis: str | None = None
    versus: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    scope: Scope = EVERYTHING


@dataclass(frozen=True)
class Checked:
    """A question that makes sense, with its KPI under the options chosen; `pace` where the question chose one for its target."""

    question: Question
    kpi: Kpi
    grain: str
    pace: str | None = None


def check(question: Question, catalogue: Catalogue) -> Checked:
    """Refuse what nothing bears, with its nearest neighbours; choose the KPI's variant."""
    kpi = catalogue.kpi(question.kpi)
    grain = question.grain or kpi.entry.cadence
    _known("grain", grain, GRAINS)
    _known("calendar", question.calendar, CALENDARS)
    if question.versus is not None:
        _known("comparison", question.versus, VERSUS)
    for name in (*question.by, *(name for name, _ in question.where)):
        _known(f"dimension of {kpi.id}", name, kpi.entry.cut_by)
    if len(set(question.by)) < len(question.by):
        raise UserError("A dimension stands twice.", where=f"--by {','.join(question.by)}")
    if question.start and question.end and question.end <= question.start:
        raise UserError("The range is empty: its end is not after its start.", where=f"{question.start} to {question.end}")
    options = dict(question.options)
    if question.basis is not None:
        if "basis" not in kpi.entry.options:
            raise UserError(f"{kpi.id} has no cohort and period basis.", hint="leave --basis out")
        options["basis"] = question.basis
    pace = options.pop("pace", None) if question.versus == "target" and "pace" not in kpi.entry.options else None
    if pace is not None:
        _known("pace", pace, PACES)
    return Checked(replace(question, options=options), kpi.under(options), grain, pace)


def _known(kind: str, name: str, names: tuple[str, ...]) -> None:
    if name not in names:
        raise UnknownName(kind, name, names)
