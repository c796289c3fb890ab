"""A frame of several grains and dimensions at once, so that an edition's values need a hundred statements and not two thousand.

The periods of all grains stand in one relation under ids of their own (the period's id and a shift for its calendar and grain), so
that a row which belongs to a week, a month and a year is met three times, by one join. With `by` the columns `dimension` and
`member`, it is told once more for each of `cuts`. What a KPI makes of its measures is then the same query as for one grain and one
dimension.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from nextmove.engine import literal
from nextmove.kpis.frame import DIMENSION, Frame
from nextmove.kpis.scope import EVERYTHING
from nextmove.tables.calendar import CALENDARS, GRAINS, Calendar

APART = 1_000_000  # more than the periods of any grain
_FEW_DAYS = dt.timedelta(days=400)


@dataclass(frozen=True)
class Stretch:
    """Whole periods of one grain: the days from `start` on and before `end` (None: open), and their ids in a frame of several grains."""

    start: dt.date | None
    end: dt.date | None
    first_id: int
    end_id: int


@dataclass(frozen=True)
class Wide(Frame):
    """`parts` are frames of one grain each; what they share is asked of the frame itself. `stretch` says which periods are read now;
    `anywhere`, that every engine is to carry it."""

    parts: tuple[Frame, ...] = ()
    cuts: tuple[str, ...] = ()
    stretch: Stretch | None = None
    anywhere: bool = False

    @property
    def period_id(self) -> str:
        """The column that tells the period: of one grain that of a row itself, of several that of the relation of days."""
        return self.parts[0].period_id if len(self.parts) == 1 else "period_id"

    @property
    def period_of_day(self) -> str:
        return "period_id"

    def period_of(self, identifier: str) -> str:
        return f"{identifier} + {shift(self.parts[0])}"

    @property
    def periods(self) -> str:
        return "all_asked" if self.moved is None else f"all_asked_{self.moved}"

    @property
    def sharing(self) -> str:
        """All but the cuts; nor, where many days are read, where they begin: what is asked joins its own periods."""
        begin = [(part.first, part.spans) for part in self.parts] if self.few else None
        return repr([begin, *((part.calendar, part.grain, part.last, part.seen, part.cut) for part in self.parts)])

    @property
    def few(self) -> bool:
        """Whether so few days are read that a pass which reads more, or adds rows up first, costs more than it saves."""
        return all(part.start is not None and part.start >= part.as_of - _FEW_DAYS for part in self.parts)

    def with_all_of(self, other: Wide) -> Wide:
        """The periods and the dimensions of both."""
        cuts = tuple(dict.fromkeys((*self.cuts, *other.cuts)))
        parts = tuple(part.united(more) for part, more in zip(self.parts, other.parts, strict=True))
        for one in (self, other):
            if parts == one.parts:
                return replace(one, cuts=cuts)
        return replace(self, parts=parts, cuts=cuts, moved=f"{self.moved or 'wide'}_and_{other.moved or 'wide'}")

    @property
    def members_of(self) -> tuple[str, ...]:
        return self.cuts

    @property
    def days(self) -> str:
        return f"{self.periods}_days"

    @property
    def beside(self) -> str | None:
        if DIMENSION not in self.by:
            return None
        listed = ", ".join(f"({literal(name)})" for name in self.cuts)
        return f"cross join (values {listed}) as cuts({DIMENSION})"

    def within(self, period: str, day: str | None = None) -> list[str]:
        if self.stretch is None:
            return []
        found = [f"{period} >= {self.stretch.first_id}", f"{period} < {self.stretch.end_id}"]
        found += [f"{day} >= {literal(self.stretch.start)}"] if day and self.stretch.start else []
        return found + ([f"{day} < {literal(self.stretch.end)}"] if day and self.stretch.end else [])

    @property
    def seen_of_row(self) -> str:
        return literal(self.seen) if len({part.seen for part in self.parts}) == 1 else "c.seen"

    @property
    def start(self) -> dt.date | None:
        starts = [part.start for part in self.parts if part.start]
        return min(starts) if len(starts) == len(self.parts) else None

    @property
    def until(self) -> dt.date:
        return max(part.until for part in self.parts)

    @cached_property
    def periods_sql(self) -> str:
        return "\nunion all\n".join(_shifted(part) for part in self.parts)

    @property
    def relations(self) -> Sequence[tuple[str, str]]:
        return [(self.periods, self.periods_sql), (self.days, self._days_sql)]

    @cached_property
    def _days_sql(self) -> str:
        return "\nunion all\n".join(
            f"select d.day, p.id as {self.period_of_day}, p.seen\nfrom main.calendar as d\n"
            f"join {self.periods} as p on p.id = d.{part.period_id} + {shift(part)}\nwhere d.day < p.until"
            for part in self.parts
        )

    def back(self, move: str, calendar: Calendar, *, whole: bool = False) -> Frame:
        return self._of([part.back(move, calendar, whole=whole) for part in self.parts], _moved(self, move, whole=whole))

    def reaching(self, earlier: Frame, versus: str) -> Frame:
        if self.start is None:
            return self
        return self._with(lambda part, before: part.reaching(before, versus), earlier, f"{self.moved or 'wide'}_{versus}_wide")

    def since(self, then: Frame) -> Frame:
        return self._with(lambda part, before: part.since(before), then, f"{then.moved}_and_now")

    def held(self) -> Frame | None:
        held = [cut for cut in (part.held() for part in self.parts) if cut]
        return self._of(held, f"{self.moved}_cut") if held else None

    @property
    def cut_ids(self) -> tuple[int, ...]:
        return tuple(identifier + shift(part) for part in self.parts for identifier in part.cut_ids)

    def uncut(self) -> Frame:
        return replace(self, by=(), where=(), scope=EVERYTHING, cuts=())

    def _of(self, parts: Sequence[Frame], moved: str) -> Wide:
        return replace(self, parts=tuple(parts), moved=moved, seen=max(part.seen for part in parts))

    def _with(self, make: Callable[[Frame, Frame], Frame], other: Frame, moved: str) -> Wide:
        assert isinstance(other, Wide)
        return self._of([make(part, before) for part, before in zip(self.parts, other.parts, strict=True)], moved)


def wide(parts: Sequence[Frame], *, by: tuple[str, ...]) -> Wide:
    """The frame of these parts, told as of the same day."""
    one = parts[0]
    named = tuple(replace(part, by=(), moved=f"{part.calendar}_{part.grain}") for part in parts)
    return Wide(one.calendar, one.grain, None, None, one.as_of, one.seen, one.parameters, by=by, priced=one.priced, parts=named)


def shift(part: Frame) -> int:
    """What is added to a period's id, so that those of all calendars and grains differ; the period before is still one less."""
    return APART * (1 + CALENDARS.index(part.calendar) * len(GRAINS) + GRAINS.index(part.grain))


def _shifted(part: Frame) -> str:
    more = shift(part)
    return (
        f"select id + {more} as id, start_day, end_day, until, previous_id + {more} as previous_id,\n"
        f"    year_ago_id + {more} as year_ago_id, working_days, {literal(part.calendar)} as calendar, {literal(part.grain)} as grain,\n"
        f"    {literal(part.seen)} as seen\nfrom (\n{part.periods_sql}\n) as one"
    )


def _moved(frame: Frame, move: str, *, whole: bool) -> str:
    return "_".join([*([frame.moved] if frame.moved else []), move, *(["whole"] if whole else [])])
