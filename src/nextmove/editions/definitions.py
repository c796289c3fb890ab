"""By what the numbers of an edition were defined: settings, facts, KPIs and the version, as one fingerprint."""

from __future__ import annotations

import hashlib

from nextmove import __version__
from nextmove.facts import fingerprint
from nextmove.kpis import Catalogue
from nextmove.settings import Settings


def definitions(settings: Settings, catalogue: Catalogue) -> str:
    """A fingerprint of all that decides a number apart from the data."""
    kpis = [f"{kpi.id} {dict(kpi.raw)}" for kpi in catalogue.kpis.values()]
    parts = [__version__, fingerprint(settings, catalogue.facts), settings.actions.model_dump_json(), *kpis]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
