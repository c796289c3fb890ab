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


def questioned(kpi: Kpi) -> str:
    """The plain question that it answers."""
    return _text(kpi, "question") or named(kpi)


def reasoned(kpi: Kpi) -> str | None:
    """Why it usually moves; None for a KPI that has no such words."""
    return _text(kpi, "reasons")


def answered(kpi: Kpi) -> str | None:
    """What to do when it moves; None for a KPI that has no such words."""
    return _text(kpi, "action")


def _text(kpi: Kpi, part: str) -> str | None:
    identifier = f"kpi.{kpi.id}.{part}"
    return text(identifier) if has(identifier) else None
