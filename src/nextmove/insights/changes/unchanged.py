"""Whether what is watched looks as it did when the alerts were last found: then they stand as they are.

Watched are finished periods only, so on most days nothing is new to them. What was watched is kept as a fingerprint beside the alerts;
their causes were sought in sales before they opened, so these must stand as well. KPIs whose finished periods go on moving (how long a
deal stays in a stage) are left out of it: they move a little every day, and are looked at again when the next week is over.
"""

from __future__ import annotations

import datetime as dt
import hashlib

from nextmove.engine import Engine, literal
from nextmove.insights.changes.stored import sales_watched, values_watched
from nextmove.kpis import Catalogue
from nextmove.settings import Settings


def fingerprint(engine: Engine, catalogue: Catalogue, settings: Settings, *, before: dt.date) -> str:
    """Equal for two editions in which the same values are watched, equally closely; a sum of doubles may differ in its last bits."""
    moving = ", ".join(literal(kpi.id) for kpi in catalogue.kpis.values() if kpi.entry.moves) or "null"
    read = [f"{values_watched(catalogue, grain=grain, before=before)} and v.kpi not in ({moving})" for grain in ("week", "month")]
    read += sales_watched(engine, values_watched(catalogue, grain="week", before=before), before=before)
    known = "kpi, dimension, member, period_start, period_end, round(value, 7), round(denominator, 7)"
    one = "select count(*) as n, cast(coalesce(bit_xor(hash({known})), 0) as varchar) as hashed from ({sql}) as watched"
    found = [engine.query(one.format(known=known, sql=sql)).to_pylist()[0] for sql in read]
    told = [settings.changes.model_dump_json(), *(f"{row['n']} {row['hashed']}" for row in found)]
    return hashlib.sha256("\0".join(told).encode()).hexdigest()


def still_stands(engine: Engine, watched: str, *, since: dt.date | None) -> bool:
    """Whether the engine's own alerts were found in what is watched now, and no sale before any of them opened is another since."""
    if since is None or "alert_watch" not in engine.tables("main"):
        return False
    same = engine.query(f"select 1 from main.alert_watch where fingerprint = {literal(watched)}").num_rows == 1
    later = engine.query(f"select 1 from main.alerts where opened_on > {literal(since)} limit 1").num_rows == 1
    return same and not later


def keep(engine: Engine, watched: str) -> None:
    """Note in what the alerts were found."""
    engine.execute(f"create or replace table main.alert_watch as select {literal(watched)} as fingerprint")
