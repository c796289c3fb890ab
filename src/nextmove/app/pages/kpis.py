"""All KPIs: what each counts, and which can be computed from what is loaded. Values come as a line scrolls into view."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from django.http import HttpRequest

from nextmove.app import numbers
from nextmove.app.tiles import Tile, tile
from nextmove.app.visit import Visit, page
from nextmove.kpis.words import described, named


@dataclass(frozen=True)
class Line:
    kpi: str
    name: str
    description: str
    cadence: str
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Theme:
    theme: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class KpisPage:
    template: ClassVar[str] = "kpis.html"
    themes: tuple[Theme, ...]

    @property
    def computed(self) -> int:
        return sum(not line.missing for theme in self.themes for line in theme.lines)

    @property
    def total(self) -> int:
        return sum(len(theme.lines) for theme in self.themes)


@dataclass(frozen=True)
class Glance:
    """One KPI of the list with its value."""

    template: ClassVar[str] = "parts/glance.html"
    tile: Tile


def kpis_page(visit: Visit) -> KpisPage:
    themes: dict[str, list[Line]] = {}
    for kpi in numbers.kpis_within_reach(visit):
        line = Line(kpi.id, named(kpi), described(kpi), kpi.entry.cadence, numbers.lacking(visit, kpi))
        themes.setdefault(kpi.theme, []).append(line)
    return KpisPage(tuple(Theme(theme, tuple(lines)) for theme, lines in themes.items()))


def glance_of(visit: Visit, identifier: str) -> Glance:
    kpi = numbers.kpi_within_reach(visit, identifier)
    return Glance(tile(visit, kpi, grain=kpi.entry.cadence, calendar="gregorian"))


@page("kpis")
def kpis(visit: Visit, request: HttpRequest) -> KpisPage:
    return kpis_page(visit)


@page("kpis")
def glance(visit: Visit, request: HttpRequest, identifier: str) -> Glance:
    return glance_of(visit, identifier)
