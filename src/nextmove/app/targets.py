"""Targets as the Targets page sees them: those of the warehouse, or of the edition while another process writes to it.

A person sets targets for what is within reach: an administrator for everything, a manager for their teams and the
representatives in them. A representative's target is theirs and goes with them to another team; a team's is its own, and beside it
stands what the targets of those who are in it today add up to.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

import duckdb

from nextmove.app import numbers
from nextmove.app.edition import Row
from nextmove.app.visit import Visit, shelf
from nextmove.errors import Busy, OutOfScope, UnknownName, UserError
from nextmove.ingest.distant import can_undo, tables_at_hand
from nextmove.ingest.targets import NOTE, Key
from nextmove.kpis import Kpi
from nextmove.tables.calendar import GRAINS, calendar_of
from nextmove.words import text

DIMENSIONS = ("rep", "team", "region", "product")
CALENDARS = ("gregorian", "fiscal", "jalali")
_READ = ("targets", "batches", "batch_tables")
_alone = threading.Lock()  # one process opens a warehouse in one way at a time


@contextmanager
def warehouse_alone() -> Iterator[None]:
    """Within the block no other request of this process has the warehouse open; who finds it taken is told so."""
    if not _alone.acquire(timeout=2):
        raise Busy(text("app.targets.busy"), hint=text("app.targets.busy_hint"))
    try:
        yield
    except duckdb.ConnectionException:  # a command in this very process has it open in another way
        raise Busy(text("app.targets.busy"), hint=text("app.targets.busy_hint")) from None
    finally:
        _alone.release()


@dataclass(frozen=True)
class Stored:
    """The targets as they stand, whether they are those of the warehouse, and the last batch of this page that can be undone."""

    rows: tuple[Row, ...]
    fresh: bool
    last: Row | None


def stored(visit: Visit) -> Stored:
    """What is set; `batch` of a row says which load or person set it."""
    ask = "select kpi, grain, period_start, coalesce(dimension, '') as dimension, coalesce(member, '') as member, value"
    order = "order by period_start desc, kpi, dimension, member"
    try:
        with warehouse_alone(), tables_at_hand(shelf().workspace, _READ) as engine:
            rows = engine.query(f"{ask}, _batch as batch from main.targets {order}").to_pylist()
            last = engine.query(
                "select batch, any_value(file) as file from main.batches join main.batch_tables using (batch)"
                f" where note = '{NOTE}' and undone_by is null group by batch order by batch desc limit 1"
            ).to_pylist()
            return Stored(tuple(rows), True, last[0] if last else None)
    except UserError:
        return Stored(tuple(visit.edition.rows(f"{ask}, 0 as batch from main.targets {order}")), False, None)


def may_undo(visit: Visit, last: Row | None) -> bool:
    """Whoever sees everything may take back what anybody set last; others what they set themselves."""
    if last is None or not can_undo(shelf().workspace):
        return False
    return visit.reach.scope.everything or last["file"] == f"{NOTE}: {visit.user.username}"


def within_reach(visit: Visit, dimension: str, member: str) -> bool:
    """Whether a person may see and set the target of this member."""
    if visit.reach.scope.everything:
        return True
    if dimension == "rep":
        return member in (visit.reach.scope.reps or ())
    return dimension == "team" and member in visit.user.teams


def members(visit: Visit, dimension: str) -> dict[str, str]:
    """Id → name of those for whom a target can be set."""
    if dimension in ("rep", "product"):
        found = numbers.member_names(visit, dimension)
    else:
        table = {"team": "reps", "region": "accounts"}[dimension]
        ask = f"select distinct {dimension} as member from main.{table} where {dimension} is not null order by 1"
        found = {row["member"]: row["member"] for row in visit.edition.kept(("members", dimension), lambda: visit.edition.rows(ask))}
    return {member: name for member, name in found.items() if within_reach(visit, dimension, member)}


def read_key(visit: Visit, *, kpi: str, grain: str, calendar: str, day: str, dimension: str, member: str) -> Key:
    """What a form or the API says, checked: a day stands for the period that holds it."""
    known = numbers.kpi_within_reach(visit, kpi)
    for kind, value, names in (("grain", grain, GRAINS), ("calendar", calendar, CALENDARS)):
        if value not in names:
            raise UnknownName(kind, value, names)
    _check_member(visit, known, dimension, member)
    try:
        within = dt.date.fromisoformat(day)
        start = calendar_of(visit.settings).grid(calendar, grain).holding(within).start
    except (ValueError, IndexError):
        raise UserError(text("app.targets.error.day", day=day), where="day") from None
    return Key(known.id, grain, start, dimension or None, member or None)


def _check_member(visit: Visit, kpi: Kpi, dimension: str, member: str) -> None:
    allowed = [name for name in DIMENSIONS if name in kpi.entry.cut_by]
    if dimension and dimension not in allowed:
        raise UnknownName(f"dimension of {kpi.id} for targets", dimension, allowed)
    known = members(visit, dimension) if dimension else {}
    if dimension and member not in known:
        raise UnknownName(dimension, member, known)
    if not dimension and not visit.reach.scope.everything:
        raise OutOfScope("There is no such target.")


def read_value(said: str) -> Decimal:
    try:
        value = Decimal(said.strip().replace(",", ""))
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or abs(value) >= 10**14:
        raise UserError(text("app.targets.error.value", value=said), where="value", hint="12500.50")
    return value


def calendar_told(visit: Visit, grain: str, start: dt.date) -> str:
    """The calendar whose period begins on that day."""
    calendar = calendar_of(visit.settings)
    return next((name for name in CALENDARS if calendar.grid(name, grain).holding(start).start == start), CALENDARS[0])
