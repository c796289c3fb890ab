"""What a KPI of the running period would be under the other definitions that people use, one changed at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from typing import ClassVar

from django.http import HttpRequest

from nextmove.app import formats, numbers, telling
from nextmove.app.pages.kpi import Choice as Looked
from nextmove.app.pages.kpi import question_of
from nextmove.app.visit import Visit, page
from nextmove.errors import UserError
from nextmove.kpis import Kpi, Question
from nextmove.kpis.alternatives import Choice, choices
from nextmove.kpis.words import named


@dataclass(frozen=True)
class Definition:
    """One way to define it, and what the KPI is then."""

    choice: str
    name: str
    chosen: bool
    value: float | None
    told: str


@dataclass(frozen=True)
class Disputed:
    """A definition that people disagree on, with its choices."""

    option: str
    name: str
    definitions: tuple[Definition, ...]


@dataclass(frozen=True)
class DefinitionsPage:
    template: ClassVar[str] = "parts/definitions.html"
    kpi: str
    name: str
    period: str
    disputed: tuple[Disputed, ...]


def definitions_page(visit: Visit, identifier: str, values: Mapping[str, str]) -> DefinitionsPage:
    kpi = numbers.kpi_within_reach(visit, identifier)
    looked = Looked.read(kpi, values)
    start = numbers.periods_back(visit, calendar=looked.calendar, grain=looked.grain, count=0)
    question = replace(question_of(visit, kpi, looked), start=start)
    lacking = numbers.lacking(visit, kpi)
    offered = [] if lacking else choices(kpi, visit.settings)
    groups = [(key, list(found)) for key, found in groupby(offered, key=lambda choice: choice.option)]
    return DefinitionsPage(
        kpi=kpi.id,
        name=named(kpi),
        period=formats.period(start, looked.grain, looked.calendar),
        disputed=tuple(_disputed(visit, kpi, question, found) for _, found in groups),
    )


def _disputed(visit: Visit, kpi: Kpi, question: Question, offered: list[Choice]) -> Disputed:
    told = tuple(_definition(visit, kpi, question, choice) for choice in offered)
    return Disputed(offered[0].option, offered[0].option_named, told)


def _definition(visit: Visit, kpi: Kpi, question: Question, choice: Choice) -> Definition:
    asked = question if choice.chosen else replace(question, options={choice.option: choice.value})
    value = _value(visit, asked)
    told = telling.in_unit(value, kpi.entry.unit, currency=visit.currency)
    return Definition(choice.value, choice.named, choice.chosen, value, told)


def _value(visit: Visit, question: Question) -> float | None:
    """The value of the running period; empty where this definition needs what is not loaded."""
    try:
        found = numbers.values(visit, question)
    except UserError:
        return None
    return next((each.value for each in found if each.start == question.start), None)


@page("kpis")
def definitions(visit: Visit, request: HttpRequest, identifier: str) -> DefinitionsPage:
    return definitions_page(visit, identifier, request.GET.dict())
