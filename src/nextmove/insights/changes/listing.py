"""The changes of an edition as a reader sees them: a sentence, what it is worth, its cause and what stands under it."""

from __future__ import annotations

import datetime as dt

from nextmove.engine import Engine
from nextmove.insights.changes.find import Changes, find_changes, told_before
from nextmove.insights.changes.gate import Held
from nextmove.insights.changes.kin import stories
from nextmove.insights.changes.state import Told
from nextmove.insights.explain.ground import names_of
from nextmove.insights.explain.say import amount, day, dimension
from nextmove.kpis import Catalogue
from nextmove.kpis.words import named
from nextmove.settings import Settings
from nextmove.words import text

Cell = str | int | float | bool | dt.date | None
COLUMNS = (
    "alert_id", "kpi", "grain", "dimension", "member", "direction", "good", "opened_on", "closed_on", "closed_by", "first_told", "value",
    "expected", "low", "high", "difference", "at_stake", "strength", "cause", "cause_share", "under_it", "sentence",
)  # fmt: skip
SHORT = ("opened_on", "closed_on", "sentence", "at_stake", "cause", "under_it")
TABLE_OF = {"rep": "reps", "account": "accounts", "product": "products", "campaign": "campaigns"}


def current_changes(engine: Engine, catalogue: Catalogue, settings: Settings, *, as_of: dt.date) -> Changes:
    """The alerts that the edition holds; found now where it was published without."""
    there = {
        row["t"] for row in engine.query("select table_name as t from information_schema.tables where table_schema = 'main'").to_pylist()
    }
    if {"alerts", "alert_gate"} <= there:
        held = [Held(**row) for row in engine.query("select * from main.alert_gate").to_pylist()]
        return Changes(told_before(engine), held)
    if "kpi_values" not in there:
        return Changes([], [])
    return find_changes(engine, catalogue, settings, as_of=as_of)


def rows_of(
    found: Changes, catalogue: Catalogue, settings: Settings, *, engine: Engine, since: dt.date | None, every: bool
) -> list[dict[str, Cell]]:
    """Open alerts, and those closed since; of each cause the first only, unless `every`."""
    under = {first.alert_id: len(rest) for first, *rest in stories(found.alerts)}
    wanted = [
        alert
        for alert in sorted(found.alerts, key=lambda one: (one.closed_on is not None, -one.at_stake))
        if (every or alert.leads) and (alert.closed_on is None or (since is not None and alert.closed_on >= since))
    ]
    return [
        {**vars(alert), "at_stake": round(alert.at_stake), "under_it": under.get(alert.alert_id, 0)}
        | {"sentence": sentence(engine, alert, catalogue, settings)}
        for alert in wanted
    ]


def sentence(engine: Engine, alert: Told, catalogue: Catalogue, settings: Settings) -> str:
    """An alert in words."""
    kpi = catalogue.kpi(alert.kpi)
    currency = settings.company.reporting_currency
    value, expected, low, high = (
        amount(number, kpi.entry.unit, currency=currency) for number in (alert.value, alert.expected, alert.low, alert.high)
    )
    member = alert.member
    if alert.dimension in TABLE_OF:
        member = names_of(engine, TABLE_OF[alert.dimension], f"{alert.dimension}_id", [member])[member]
    where = f" ({dimension(alert.dimension)} {member})" if alert.dimension else ""
    moved = "changes.fell" if alert.direction < 0 else "changes.rose"
    return text(moved, kpi=named(kpi), where=where, value=value, expected=expected, low=low, high=high)


def held_sentences(held: list[Held]) -> list[str]:
    """What the gate holds back, in words."""
    return [
        text(f"changes.held.{one.reason}", table=one.table.split(".")[1], day=day(one.day), rows=one.rows, usual=round(one.usual))
        for one in held
    ]
