"""Moments: what is there at one, the days before one, the last known value at one."""

from __future__ import annotations

from nextmove.engine import literal
from nextmove.kpis.columns import Columns
from nextmove.kpis.definition import Measure
from nextmove.kpis.frame import Frame
from nextmove.kpis.inlined import relation_of
from nextmove.kpis.shapes.parts import group_by, own_where, told_for, where


def stock(columns: Columns, measure: Measure, frame: Frame) -> str:
    """What is there at a moment = all that came before it less all that left: comings and goings, summed up to each period."""
    there = measure.stock
    assert there is not None
    names = columns.dimensions
    cuts = "".join(f", {columns.member(name)} as {name}" for name in names)
    value = "1" if measure.count else columns.sql(measure.expression)
    unpriced = ", f.unpriced as unpriced" if columns.priced else ""
    joins = "\n    ".join([f"from {relation_of(columns.fact, frame)} as f", *columns.joins()])
    limits = [*own_where(columns, measure), *columns.limits()]
    since, to = columns.sql(there.since), columns.sql(there.to) if there.to else None
    stays = [f"({to} is null or {to} > {since})"] if to else []
    seen = literal(frame.seen)
    come = [f"{since} < {seen}", *stays, *limits]
    flows = [f"select {since} as day{cuts}, {value} as change, 1 as came{unpriced}\n    {joins}\n    {where(come)}"]
    if to:
        gone = [f"{to} < {seen}", *stays, *limits]
        flows.append(f"select {to} as day{cuts}, -({value}) as change, -1 as came{unpriced}\n    {joins}\n    {where(gone)}")
    flow = "\n    union all\n    ".join(flows)
    listed = "".join(f", {name}" for name in names)
    more = ", max(unpriced) as unpriced" if columns.priced else ""
    moment = "p.start_day" if there.at == "start" else "p.until"
    last = ", max(d.unpriced) as unpriced_0" if columns.priced else ""
    dims = "".join(f", d.{name}" for name in names)
    group = group_by(columns)
    return (
        f"select p.id as period_id{dims}, sum(d.change) as m0, sum(d.came) as rows_0{last}\n"
        f"from {frame.periods} as p\n"
        f"join (\n    select day{listed}, sum(change) as change, sum(came) as came{more}\n"
        f"    from (\n    {flow}\n    ) as flows\n    group by day{listed}\n) as d on d.day < {moment}\n"
        f"group by {group}\nhaving sum(d.came) > 0"
    )


def trailing(columns: Columns, measure: Measure, frame: Frame) -> str:
    """Sums of the days before each period's end: by day first, since windows overlap."""
    names = columns.dimensions
    cuts = "".join(f", {cut}" for cut in columns.cuts())
    listed = "".join(f", d.{name}" for name in names)
    limits = [f"{columns.day} < {literal(frame.until)}", *own_where(columns, measure), *columns.limits()]
    reads = "\n    ".join([f"from {relation_of(columns.fact, frame)} as f", *columns.joins()])
    inner = f"select {columns.day} as day{cuts}, sum({columns.sql(measure.expression)}) as amount, count(*) as lines"
    inner += ", max(f.unpriced) as unpriced" if columns.priced else ""
    more = ", max(d.unpriced) as unpriced_0" if columns.priced else ""
    return (
        f"select p.id as period_id{listed}, coalesce(sum(d.amount), 0) as m0, sum(d.lines) as rows_0{more}\n"
        f"from {frame.periods} as p\n"
        f"join (\n    {inner}\n    {reads}\n    {where(limits)}\n    group by {group_by(columns)}\n"
        f") as d on d.day < p.until and d.day >= cast(p.until - interval '{measure.trailing_days} days' as date)\n"
        f"group by {group_by(columns)}"
    )


def last(columns: Columns, measure: Measure, frame: Frame) -> str:
    """The last known value of each key before the period's end, added up over the keys."""
    names = "".join(f", {name}" for name in columns.dimensions)
    key = columns.sql(str(measure.per or measure.key))
    value = columns.sql(measure.expression)
    limits = [f"{value} is not null", *own_where(columns, measure), *columns.limits()]
    cuts = "".join(f", {cut}" for cut in columns.cuts())
    place = f"row_number() over (partition by p.id, {key}{told_for(frame)} order by {columns.day} desc) as place"
    joins = "\n    ".join([f"join {relation_of(columns.fact, frame)} as f on {columns.day} < p.until", *columns.joins()])
    read = f"from {frame.periods} as p\n    {joins}\n    {where(limits)}"
    known = f"select p.id as period_id{cuts}, {value} as value, {place}\n    {read}"
    total = "sum(value) as m0, count(*) as rows_0"
    return f"select period_id{names}, {total}\nfrom (\n    {known}\n) as known\nwhere place = 1\ngroup by {group_by(columns)}"
