"""Is the last load whole? A fall that is only a missing file is no story.

Each table that is dated by a day is counted day by day. **Late**: the last rows are older than three working days beyond the
table's own usual pause. **Short** or **odd**: the last days with rows hold less than 40 %, or more than four times, of what the
same weekday held over the eight weeks before. From the first such day on, periods are held back from alerts, and the reader is told.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nextmove.engine import Engine, literal

WATCHED = (("facts.sales", "day"), ("main.leads", "created_at"), ("main.opportunities", "created_at"), ("main.activities", "started_at"))
LOOKED_AT = 7  # days at the end
COMPARED = 56  # days before them
SHORT, ODD = 0.4, 4.0
LEAST = 10.0  # rows a day: below that a count says nothing
LATE = 3  # working days


@dataclass(frozen=True)
class Held:
    """From `day` on, numbers of `table` are held back: `reason` is late, short or odd."""

    table: str
    reason: str
    day: dt.date
    rows: int
    usual: float


def gate(engine: Engine, *, as_of: dt.date) -> list[Held]:
    """What of the last load cannot be trusted yet, a table at most once."""
    there = {f"{row['s']}.{row['t']}" for row in engine.query(_TABLES).to_pylist()}
    return [held for table, moment in WATCHED if table in there for held in _judge(engine, table, moment, as_of)]


_TABLES = "select table_schema as s, table_name as t from information_schema.tables"


def _judge(engine: Engine, table: str, moment: str, as_of: dt.date) -> Iterator[Held]:
    first = as_of - dt.timedelta(days=LOOKED_AT + COMPARED - 1)
    rows = engine.query(
        f"select c.day, c.working_day, count(f.moment) as n from main.calendar as c "
        f"left join (select cast({moment} as date) as moment from {table}) as f on f.moment = c.day "
        f"where c.day between {literal(first)} and {literal(as_of)} group by c.day, c.working_day order by c.day"
    )
    count = np.asarray(rows["n"].to_numpy(), dtype=float)
    work = np.asarray(rows["working_day"].to_numpy(zero_copy_only=False), dtype=bool)
    if len(count) < LOOKED_AT + COMPARED or count[:-LOOKED_AT].sum() < LEAST * work[:-LOOKED_AT].sum():
        return
    found = _late(count, work) or _short_or_odd(count, work)
    if found:
        reason, at, usual = found
        yield Held(table, reason, first + dt.timedelta(days=at), int(count[at]), usual)


def _late(count: NDArray[np.float64], work: NDArray[np.bool_]) -> tuple[str, int, float] | None:
    """The first working day of a silence at the end that is longer than ever before."""
    days = np.flatnonzero(work)
    silent = count[days] == 0
    ending = int(np.argmax(~silent[::-1])) if (~silent).any() else len(days)
    longest = 0
    for quiet in "".join("q" if s else " " for s in silent[: len(silent) - ending]).split():
        longest = max(longest, len(quiet))
    if ending > LATE + longest:
        return "late", int(days[-ending]), float(np.median(count[days[:-ending]])) if ending < len(days) else 0.0
    return None


def _short_or_odd(count: NDArray[np.float64], work: NDArray[np.bool_]) -> tuple[str, int, float] | None:
    for at in range(len(count) - LOOKED_AT, len(count)):
        if not work[at]:
            continue
        same = [day for day in range(at - 7, -1, -7) if work[day]]
        usual = float(np.median(count[same])) if same else 0.0
        if usual >= LEAST and not SHORT * usual <= count[at] <= ODD * usual and _rare(count, work, at):
            return ("short" if count[at] < usual else "odd"), at, usual
    return None


def _rare(count: NDArray[np.float64], work: NDArray[np.bool_], at: int) -> bool:
    """Whether at most one working day before (a holiday) was as far off: where counts swing widely, the gate stays open."""
    before = np.sort(count[: len(count) - LOOKED_AT][work[: len(count) - LOOKED_AT]])
    return bool(count[at] < before[1] or count[at] > before[-2])
