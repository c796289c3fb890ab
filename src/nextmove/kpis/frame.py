"""The frame of a question in SQL: its periods, its cuts, its conditions, what `:name` stands for.

Everything that depends on the question and not on the measure is here, so that a measure compiles the same way for one
question, for a comparison, and for the batch of a refresh.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from nextmove.engine import literal
from nextmove.kpis.scope import EVERYTHING, Scope
from nextmove.tables.calendar import Calendar, Period, id_column

ONE_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Frame:
    """Which periods are asked (`first` to `last`; None: open), as of when, cut and limited how.

    A frame moved to the period or the year before answers about those earlier periods; `cut` is where the one that is held
    against a running period must end, so that both hold the same number of working days.
    """

    calendar: str
    grain: str
    first: Period | None
    last: Period | None
    as_of: dt.date
    parameters: Mapping[str, str]
    by: tuple[str, ...] = ()
    where: tuple[tuple[str, tuple[str, ...]], ...] = ()
    scope: Scope = EVERYTHING
    moved: str | None = None
    cut: tuple[Period, dt.date] | None = None

    @property
    def period_id(self) -> str:
        return id_column(self.calendar, self.grain)

    @property
    def periods(self) -> str:
        """The name of the relation that lists the periods."""
        return "periods" if self.moved is None else f"periods_{self.moved}"

    @property
    def start(self) -> dt.date | None:
        return self.first.start if self.first else None

    @property
    def until(self) -> dt.date:
        """The first day that is not seen."""
        seen = self.as_of + ONE_DAY
        return min(self.last.end, seen) if self.last else seen

    @cached_property
    def periods_sql(self) -> str:
        """The relation of the periods that are asked."""
        seen = f"date '{self.as_of + ONE_DAY}'"
        until = f"case when end_day < {seen} then end_day else {seen} end"
        if self.cut:
            until = f"case when id = {self.cut[0].id} then {literal(self.cut[1])} else {until} end"
        conditions = [f"calendar = {literal(self.calendar)}", f"grain = {literal(self.grain)}", f"start_day < {seen}"]
        if self.first:
            conditions.append(f"start_day >= {literal(self.first.start)}")
        if self.last:
            conditions.append(f"start_day <= {literal(self.last.start)}")
        return (
            f"select id, start_day, end_day, {until} as until, previous_id, year_ago_id, working_days\n"
            f"from main.periods\nwhere {' and '.join(conditions)}"
        )

    def back(self, move: str, calendar: Calendar) -> Frame:
        """The frame of the periods that these are compared with: `previous` or `year_ago`."""
        running, seen = self.cut or (calendar.grid(self.calendar, self.grain).holding(self.as_of), self.as_of + ONE_DAY)
        earlier = self._earlier(running, move, calendar)
        cut = None
        if running.end > seen and (self.cut or not self.moved):
            cut = earlier, calendar.like_for_like(running, earlier, as_of=seen - ONE_DAY)
        first = self._earlier(self.first, move, calendar) if self.first else None
        last = self._earlier(min(self.last or running, running, key=lambda period: period.start), move, calendar)
        return replace(self, first=first, last=last, moved=f"{self.moved}_{move}" if self.moved else move, cut=cut)

    def whole(self) -> Frame:
        """The same frame without like-for-like: each earlier period as it was at its end."""
        return replace(self, cut=None, moved=f"{self.moved}_whole")

    def uncut(self) -> Frame:
        """The same periods over the whole company."""
        return replace(self, by=(), where=(), scope=EVERYTHING)

    def _earlier(self, period: Period, move: str, calendar: Calendar) -> Period:
        step = calendar.previous if move == "previous" else calendar.year_ago
        return step(period, calendar=self.calendar, grain=self.grain)


def asked_periods(
    calendar: Calendar, *, name: str, grain: str, start: dt.date | None, end: dt.date | None
) -> tuple[Period | None, Period | None]:
    """The first and the last period that overlap `[start, end)`."""
    grid = calendar.grid(name, grain)
    return (grid.holding(start) if start else None), (grid.holding(end - ONE_DAY) if end else None)
