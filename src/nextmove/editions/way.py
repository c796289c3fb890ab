"""Which way a refresh goes: bring the last edition forward, or make all anew, and why."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from nextmove.editions.forecasts import forecasts_of
from nextmove.editions.incremental import Move
from nextmove.editions.meta import Meta, read_meta, verify
from nextmove.editions.shelf import Volume
from nextmove.editions.source import State
from nextmove.engine import DuckDBEngine
from nextmove.errors import UserError
from nextmove.words import text

_ANEW_AFTER_DAYS = 30  # replaced rows leave gaps in the file; making it anew closes them
_MOST_SHARE = 0.2  # of the lines; with more, making all anew is faster


@dataclass(frozen=True)
class Before:
    """The last edition, if it can be read."""

    volume: Volume
    meta: Meta
    lines: int
    alerts: pa.Table  # an alert is a state: it is carried from edition to edition
    forecasts: pa.Table | None = None  # what was forecast, to be held against what came


@dataclass(frozen=True)
class Way:
    """`move` is None where everything is made anew; `why` is told to whoever waits."""

    move: Move | None
    why: str


def look_back(volume: Volume | None) -> Before | None:
    """What the last edition says about itself; None where there is none or it is damaged."""
    if volume is None or not volume.path.exists():
        return None
    try:
        with DuckDBEngine(volume.path, read_only=True) as engine:
            verify(engine)
            lines = engine.query("select count(*) as lines from facts.sales")["lines"][0].as_py()
            return Before(volume, read_meta(engine), lines, engine.query("select * from main.alerts"), forecasts_of(engine))
    except (duckdb.Error, UserError, KeyError):
        return None


def choose(before: Before | None, state: State, *, definitions: str, as_of: dt.date, full: bool) -> Way:
    """Bring forward what can be; each reason against it is told."""
    if full:
        return _anew("asked")
    if before is None:
        return _anew("first")
    meta = before.meta
    if meta.definitions != definitions:
        return _anew("definitions")
    if as_of < meta.as_of or state.version < meta.warehouse_version:
        return _anew("backwards")
    if (as_of - meta.full_on).days >= _ANEW_AFTER_DAYS:
        return _anew("compact", days=(as_of - meta.full_on).days)
    lines = state.changed["order_lines"].rows if "order_lines" in state.changed else 0
    if lines > _MOST_SHARE * before.lines:
        return _anew("much", rows=lines)
    touched = len(state.changed["order_lines"].days) if "order_lines" in state.changed else 0
    return Way(Move(meta.as_of, as_of, state.changed), text("refresh.way.forward", edition=meta.edition, rows=lines, days=touched))


def _anew(why: str, **values: object) -> Way:
    return Way(None, text(f"refresh.way.{why}", **values))
