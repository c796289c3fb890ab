"""Moments: what is there at one, the days before one, the last known value at one."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from nextmove.engine import literal
from nextmove.kpis.columns import Columns
from nextmove.kpis.definition import Measure, Stock
from nextmove.kpis.frame import ONE_DAY, Frame
from nextmove.kpis.inlined import relation_of
from nextmove.kpis.shapes.parts import group_by, own_where, told_for, where


def stock(columns: Columns, measure: Measure, frame: Frame) -> str:
    """What is there at a moment = all that came before it less all that left: comings and goings, summed up to each period."""
    there = measure.stock
    assert there is not None
    moment = "p.start_day" if there.at == "start" else "p.until"
    last = ", max(d.unpriced) as unpriced_0" if columns.priced else ""
    dims = "".join(f", d.{name}" for name in columns.dimensions)
    return (
        f"select p.id as period_id{dims}, sum(d.change) as m0, sum(d.came) as rows_0{last}\n"
        f"from {frame.periods} as p\n"
        f"join (\n    {_by_day(columns, measure, there, frame)}\n) as d on d.day < {moment}\n"
        f"group by {group_by(columns)}\nhaving sum(d.came) > 0"
    )


def _by_day(columns: Columns, measure: Measure, there: Stock, frame: Frame) -> str:
    """What came and went a day and member. Of several dimensions each combination of members is added up first, then told for each."""
    sums = ", sum(change) as change, sum(came) as came" + (", max(unpriced) as unpriced" if columns.priced else "")
    if not columns.sets:
        told = "".join(f", {columns.member(name)} as {name}" for name in columns.dimensions)
        listed = "".join(f", {name}" for name in columns.dimensions)
        flows = _flows(columns, measure, there, frame, told)
        return f"select day{listed}{sums}\n    from (\n    {flows}\n    ) as flows\n    group by day{listed}"
    names = {name: f"{name}_of_row" for name in columns.sets}
    told = "".join(f", {column} as {names[name]}" for name, column in columns.sets.items())
    flows = _flows(columns, measure, there, frame, told)
    listed = ", ".join(names.values())
    cells = f"select day, {listed}{sums}\n    from (\n    {flows}\n    ) as flows\n    group by day, {listed}"
    groups = replace(columns, told=names).grouped("day")
    return f"select day, {', '.join(groups.known)}{sums}\n    from (\n    {cells}\n    ) as cells\n    group by {groups.by}"


def _flows(columns: Columns, measure: Measure, there: Stock, frame: Frame, cuts: str) -> str:
    """The rows that came, and the rows that went; what did so before the first period that is asked, on the day before it."""
    value = "1" if measure.count else columns.sql(measure.expression)
    unpriced = ", f.unpriced as unpriced" if columns.priced else ""
    read = "\n    ".join([f"from {relation_of(columns.fact, frame)} as f", *columns.joins(beside=not columns.sets)])
    limits = [*own_where(columns, measure), *columns.limits()]
    since, to = columns.sql(there.since), columns.sql(there.to) if there.to else None
    stays = [f"({to} is null or {to} > {since})"] if to else []
    sides = [(since, value, 1), *([(to, f"-({value})", -1)] if to else [])]
    return "\n    union all\n    ".join(
        f"select {_not_before(day, frame)} as day{cuts}, {change} as change, {came} as came{unpriced}\n    {read}\n"
        f"    {where([f'{day} < {literal(frame.seen)}', *stays, *limits])}"
        for day, change, came in sides
    )


def _not_before(day: str, frame: Frame) -> str:
    return f"greatest({day}, {literal(frame.start - ONE_DAY)})" if frame.start else day


def trailing(columns: Columns, measure: Measure, frame: Frame) -> str:
    """Sums of the days before each period's end: by day first, since windows overlap."""
    names = columns.dimensions
    cuts = "".join(f", {cut}" for cut in columns.cuts())
    listed = "".join(f", d.{name}" for name in names)
    since = [f"{columns.day} >= {literal(frame.start - dt.timedelta(measure.trailing_days or 0))}"] if frame.start else []
    limits = [*since, f"{columns.day} < {literal(frame.until)}", *own_where(columns, measure), *columns.limits()]
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
