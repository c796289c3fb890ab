"""The frame of a question in SQL: its periods, its cuts, its conditions, what `:name` stands for.

Everything that depends on the question and not on the measure is here, so that a measure compiles the same way for one
question, for a comparison, and for the batch of a refresh.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from nextmove.engine import literal
from nextmove.kpis.scope import EVERYTHING, Scope
from nextmove.tables.calendar import Calendar, Period, id_column

ONE_DAY = dt.timedelta(days=1)
Span = tuple[int, int | None]  # ids of periods, from and to; None: open
DIMENSION, MEMBER = "dimension", "member"  # the columns of a frame that tells several dimensions side by side
DIMENSION_ASKED = f"cuts.{DIMENSION}"


@dataclass(frozen=True)
class Frame:
    """Which periods are asked (`first` to `last`; None: open), as of when, cut and limited how.

    `seen` is the first day that is not read: the day after `as_of`, or, in a frame moved to the period or the year before, the
    day on which the earlier of two compared periods had as many working days as the running one has now.
    """

    calendar: str
    grain: str
    first: Period | None
    last: Period | None
    as_of: dt.date
    seen: dt.date
    parameters: Mapping[str, str]
    by: tuple[str, ...] = ()
    where: tuple[tuple[str, tuple[str, ...]], ...] = ()
    scope: Scope = EVERYTHING
    moved: str | None = None
    cut: Period | None = None  # which period ends at `seen`, before its own end
    priced: frozenset[str] = frozenset()  # facts of which no row lacks a rate of exchange
    spans: tuple[Span, ...] = ()  # which periods from `first` on, where not all

    @property
    def period_id(self) -> str:
        return id_column(self.calendar, self.grain)

    @property
    def period_of_day(self) -> str:
        """The column of `days` that tells the period."""
        return self.period_id

    def period_of(self, identifier: str) -> str:
        """The period's id in this frame, from the one that stands in a row."""
        return identifier

    @property
    def periods(self) -> str:
        """The name of the relation that lists the periods."""
        return "asked" if self.moved is None else f"asked_{self.moved}"

    @property
    def sharing(self) -> str:
        """What frames have in common that one scan can serve."""
        return self.periods

    @property
    def members_of(self) -> tuple[str, ...]:
        """The dimensions whose members stand in the rows."""
        return self.by

    @property
    def days(self) -> str:
        """The relation that tells the period of a day."""
        return "main.calendar"

    @property
    def beside(self) -> str | None:
        """The join by which a row is told once for each dimension, where several are asked side by side."""
        return None

    def within(self, period: str, day: str | None = None) -> list[str]:
        """What limits rows of this period and day to those that are read now, where a frame is read in parts."""
        return []

    @property
    def seen_of_row(self) -> str:
        """The first day that is not read, as SQL."""
        return literal(self.seen)

    @property
    def relations(self) -> Sequence[tuple[str, str]]:
        """What the scans of this frame may read: name and SQL of each."""
        return [(self.periods, self.periods_sql)]

    @property
    def start(self) -> dt.date | None:
        return self.first.start if self.first else None

    @property
    def until(self) -> dt.date:
        """The end of what is read."""
        return min(self.last.end, self.seen) if self.last else self.seen

    @cached_property
    def periods_sql(self) -> str:
        """The relation of the periods that are asked."""
        seen = literal(self.seen)
        until = f"case when end_day < {seen} then end_day else {seen} end"
        conditions = [f"calendar = {literal(self.calendar)}", f"grain = {literal(self.grain)}", f"start_day < {seen}"]
        if self.first:
            conditions.append(f"start_day >= {literal(self.first.start)}")
        if self.last:
            conditions.append(f"start_day <= {literal(self.last.start)}")
        if self.spans:
            conditions.append(f"({' or '.join(f'id >= {first}' + (f' and id <= {last}' if last else '') for first, last in self.spans)})")
        return (
            f"select id, start_day, end_day, {until} as until, previous_id, year_ago_id, working_days\n"
            f"from main.periods\nwhere {' and '.join(conditions)}"
        )

    def back(self, move: str, calendar: Calendar, *, whole: bool = False) -> Frame:
        """The frame of the periods that these are compared with: `previous` or `year_ago`; like for like, or each as a whole."""
        now = calendar.grid(self.calendar, self.grain).holding(self.seen - ONE_DAY)
        earlier = self._earlier(now, move, calendar)
        seen, cut = earlier.end, None
        if now.end > self.seen and not whole:
            cut = earlier
            seen = calendar.like_for_like(now, earlier, as_of=self.seen - ONE_DAY)
        first = self._earlier(self.first, move, calendar) if self.first else None
        last = self._earlier(min(self.last or now, now, key=lambda period: period.start), move, calendar)
        name = "_".join([*([self.moved] if self.moved else []), move, *(["whole"] if whole else [])])
        return replace(self, first=first, last=last, seen=seen, cut=cut, moved=name)

    def reaching(self, earlier: Frame, versus: str) -> Frame:
        """These periods and those of `earlier`."""
        return self._besides(earlier, f"{self.moved or 'wide'}_{versus}_wide") if self.first else self

    def since(self, then: Frame) -> Frame:
        """These periods and those of `then`, whether or not these are open."""
        return self._besides(then, f"{then.moved}_and_now")

    def _besides(self, earlier: Frame, moved: str) -> Frame:
        if self.first is None or earlier.first is None or earlier.last is None:
            return replace(self, first=earlier.first, moved=moved)
        spans = joined_spans([(earlier.first.id, earlier.last.id), (self.first.id, None)])
        return replace(self, first=earlier.first, spans=spans if len(spans) > 1 else (), moved=moved)

    def united(self, other: Frame) -> Frame:
        """The periods of both frames, which differ in nothing else."""
        if self.first is None or other.first is None:
            return self if self.first is None else other
        spans = joined_spans([*self._covered, *other._covered])
        for one in (self, other):
            if spans == one._covered:
                return one
        first = min(self.first, other.first, key=lambda period: period.start)
        return replace(self, first=first, spans=spans if len(spans) > 1 else (), moved=f"{self.moved}_and_{other.moved}")

    @property
    def _covered(self) -> tuple[Span, ...]:
        return self.spans or ((self.first.id, None),) if self.first else ()

    def held(self) -> Frame | None:
        """Only the period that ends before its own end, where there is one."""
        return replace(self, first=self.cut, last=self.cut, moved=f"{self.moved}_cut") if self.cut else None

    @property
    def cut_ids(self) -> tuple[int, ...]:
        return (self.cut.id,) if self.cut else ()

    def uncut(self) -> Frame:
        """The same periods over the whole company."""
        return replace(self, by=(), where=(), scope=EVERYTHING)

    def _earlier(self, period: Period, move: str, calendar: Calendar) -> Period:
        step = calendar.previous if move == "previous" else calendar.year_ago
        return step(period, calendar=self.calendar, grain=self.grain)


def joined_spans(spans: Sequence[Span]) -> tuple[Span, ...]:
    """Spans in order, those that touch as one."""
    found: list[Span] = []
    for first, last in sorted(spans, key=lambda span: span[0]):
        if found and (found[-1][1] is None or first <= found[-1][1] + 1):
            before, end = found.pop()
            found.append((before, None if end is None or last is None else max(end, last)))
        else:
            found.append((first, last))
    return tuple(found)


def asked_periods(
    calendar: Calendar, *, name: str, grain: str, start: dt.date | None, end: dt.date | None
) -> tuple[Period | None, Period | None]:
    """The first and the last period that overlap `[start, end)`."""
    grid = calendar.grid(name, grain)
    return (grid.holding(start) if start else None), (grid.holding(end - ONE_DAY) if end else None)
