"""A KPI against its target: the target of the same KPI, grain, period, dimension and member, and no other.

None is derived from parts or longer periods. Within the running period the target is prorated by working days up to `as_of`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from nextmove.engine import literal
from nextmove.errors import UserError
from nextmove.kpis.catalogue import Kpi
from nextmove.kpis.frame import ONE_DAY, Frame


def versus_target(kpi: Kpi, frame: Frame, *, working_days: Callable[[dt.date, dt.date], int]) -> tuple[str, str]:
    """The columns `versus_value` (the target so far), `target` (the whole) and `change`, and the join that brings them."""
    if len(frame.by) > 1:
        raise UserError("Targets are set for one dimension at a time.", where=f"--by {','.join(frame.by)}")
    dimension = frame.by[0] if frame.by else ""
    member = f"t.member = k.{frame.by[0]}" if frame.by else "coalesce(t.member, '') = ''"
    same = [
        f"t.kpi = {literal(kpi.id)}",
        f"t.grain = {literal(frame.grain)}",
        "t.period_start = p.start_day",
        f"coalesce(t.dimension, '') = {literal(dimension)}",
        member,
    ]
    so_far = f"cast(t.value as double) * {_share(frame)}"
    columns = f",\n    {so_far} as versus_value,\n    t.value as target,\n    cast(k.value as double) / nullif({so_far}, 0) - 1 as change"
    return columns, f"left join main.targets as t on {' and '.join(same)}\n"


def _share(frame: Frame) -> str:
    """The part of the period's working days that is over, as SQL."""
    seen = literal(frame.as_of + ONE_DAY)
    done = f"(select count(*) from main.calendar as d where d.working_day and d.day >= p.start_day and d.day < {seen})"
    return f"case when p.end_day <= {seen} then 1 else cast({done} as double) / nullif(p.working_days, 0) end"
