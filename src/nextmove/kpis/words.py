"""What a KPI is called and what it answers, in the reader's language; a company's own KPI brings its own words."""

from __future__ import annotations

from nextmove.kpis.catalogue import Kpi
from nextmove.words import has, text


def named(kpi: Kpi) -> str:
    """The name that readers see."""
    return kpi.entry.name or _text(kpi, "name") or kpi.id.replace("_", " ").capitalize()


def described(kpi: Kpi) -> str:
    """What it counts, in a sentence."""
    return kpi.entry.description or _text(kpi, "description") or named(kpi)


def _text(kpi: Kpi, part: str) -> str | None:
    identifier = f"kpi.{kpi.id}.{part}"
    return text(identifier) if has(identifier) else None
