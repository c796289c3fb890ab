"""A KPI against its target: the target of the same KPI, grain, period, dimension and member, and no other.

None is derived from parts or longer periods. Within the running period the target so far is a share of the whole: by working days, by
calendar days, or by last year's shape, which is how much of the year before's period the company had done after as many working days.
What is still missing, over the working days that are left, is the required daily rate.
"""

from __future__ import annotations

from nextmove.engine import literal
from nextmove.errors import UserError
from nextmove.kpis.catalogue import Kpi
from nextmove.kpis.compile import Compiler
from nextmove.kpis.frame import ONE_DAY, Frame


def versus_target(kpi: Kpi, frame: Frame, compiler: Compiler, *, pace: str) -> tuple[str, str]:
    """The columns `versus_value` (the target so far), `target` (the whole), `required_per_day`, `change`, and the joins for them."""
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
    share, joins = _share(kpi, frame, compiler, pace)
    so_far = f"cast(t.value as double) * {share}"
    columns = [
        f"{so_far} as versus_value",
        "t.value as target",
        f"{_required(kpi, frame)} as required_per_day",
        f"cast(k.value as double) / nullif({so_far}, 0) - 1 as change",
    ]
    return "".join(f",\n    {column}" for column in columns), f"left join main.targets as t on {' and '.join(same)}\n{joins}"


def adds_up_by_day(kpi: Kpi) -> bool:
    """Whether a period's number is the sum of what its days bring, so that a daily rate means something."""
    measure = kpi.entry.measure
    return measure is not None and measure.adds_up and measure.stock is None and measure.trailing_days is None


def _share(kpi: Kpi, frame: Frame, compiler: Compiler, pace: str) -> tuple[str, str]:
    """The part of the period that is over, as SQL, and the joins that it needs."""
    seen = literal(frame.as_of + ONE_DAY)
    whole = f"when p.end_day <= {seen} then 1"
    worked = f"cast({_working_days(f'd.day < {seen}')} as double) / nullif(p.working_days, 0)"
    if pace == "calendar_days":
        gone = f"cast(date_diff('day', p.start_day, {seen}) as double) / date_diff('day', p.start_day, p.end_day)"
        return f"case {whole} else {gone} end", ""
    if pace == "last_year" and adds_up_by_day(kpi):
        company = frame.uncut()
        done = compiler.kpi(kpi, company.back("year_ago", compiler.calendar))
        all_of_it = compiler.kpi(kpi, company.back("year_ago", compiler.calendar, whole=True))
        joins = [f"left join {name} as {alias} on {alias}.period_id = p.year_ago_id" for name, alias in ((done, "ya"), (all_of_it, "yw"))]
        shape = "cast(ya.value as double) / nullif(cast(yw.value as double), 0)"
        return f"case {whole} else coalesce({shape}, {worked}) end", "\n".join(joins) + "\n"
    return f"case {whole} else {worked} end", ""


def _required(kpi: Kpi, frame: Frame) -> str:
    """What each working day that is left must bring; empty where none is left, and for a KPI that days do not add up to."""
    if not adds_up_by_day(kpi):
        return "cast(null as double)"
    left = _working_days(f"d.day >= {literal(frame.as_of + ONE_DAY)}")
    missing = "greatest(cast(t.value as double) - coalesce(cast(k.value as double), 0), 0)"
    return f"case when t.value is not null then {missing} / nullif({left}, 0) end"


def _working_days(condition: str) -> str:
    return f"(select count(*) from main.calendar as d where d.working_day and d.day >= p.start_day and d.day < p.end_day and {condition})"
