"""Rows of a key or of a stay, told apart by their order: one row a key, and a median that counts what has not ended yet."""

from __future__ import annotations

from nextmove.kpis.columns import Columns
from nextmove.kpis.definition import Measure
from nextmove.kpis.frame import Frame
from nextmove.kpis.shapes.parts import days_read, group_by, listed, own_where, reading, told_for, unpriced, where


def kept(columns: Columns, measure: Measure, frame: Frame) -> str:
    """One row of each key and period, its first or last; then cut, so that a key stands once whatever its dimensions."""
    read, identifier = reading(columns, frame)
    direction = "desc" if measure.keep == "last" else "asc"
    key = columns.sql(str(measure.key))
    value = "1" if measure.count else columns.sql(measure.expression)
    inner = [f"{identifier} as period_id", *columns.cuts(), f"{value} as value", f"{_flag(columns)} as in_reach"]
    inner += ["f.unpriced as unpriced"] if columns.priced else []
    first = f"{columns.day} {direction}, f.day {direction}"
    inner.append(f"row_number() over (partition by {identifier}, {key}{told_for(frame)} order by {first}) as place")
    limits = days_read(columns) + own_where(columns, measure)
    outer = {"sum": "coalesce(sum(value), 0)", "distinct": "count(distinct value)", "mean": "avg(value)"}.get(measure.aggregate, "count(*)")
    names = "".join(f", {name}" for name in columns.dimensions)
    return (
        f"select period_id{names}, {outer} as m0, count(*) as rows_0{''.join(', ' + u for u in unpriced(columns, 'unpriced'))}\n"
        f"from (\n    select\n        {listed(inner)}\n    {read}\n    {where(limits)}\n) as kept\n"
        f"where place = 1 and in_reach\ngroup by {group_by(columns)}"
    )


def _flag(columns: Columns) -> str:
    """Whether a row is asked for: conditions and scope, applied after the rows of a key are known."""
    return " and ".join(columns.limits()) or "true"


def survival(columns: Columns, measure: Measure, frame: Frame) -> str:
    """Kaplan–Meier: the first duration at which at most half are still on; empty where it never comes to that."""
    read, identifier = reading(columns, frame)
    names = "".join(f", {name}" for name in columns.dimensions)
    limits = days_read(columns) + columns.limits() + own_where(columns, measure)
    inner = [f"{identifier} as period_id", *columns.cuts(), f"{columns.sql(measure.expression)} as duration"]
    inner.append(f"{columns.sql(str(measure.ended))} as ended")
    by = f"partition by period_id{names}"
    return (
        f"select period_id{names}, min(duration) filter (where alive <= {1 - measure.share} + 1e-12) as m0, max(everybody) as rows_0\n"
        f"from (\n    select *, exp(sum(case when ends < at_risk then ln(1 - cast(ends as double) / at_risk) else -600 end)\n"
        f"        over ({by} order by duration)) as alive\n"
        f"    from (\n    select period_id{names}, duration, count(*) filter (where ended) as ends,\n"
        f"        sum(count(*)) over ({by} order by duration desc) as at_risk, sum(count(*)) over ({by}) as everybody\n"
        f"    from (\n    select\n        {listed(inner)}\n    {read}\n    {where(limits)}\n    ) as stays\n"
        f"    group by period_id{names}, duration\n    ) as steps\n) as curve\ngroup by {group_by(columns)}"
    )
