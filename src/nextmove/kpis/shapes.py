"""The shapes of a scan: how measures become one `select` with a row a period and member.

Most are one `group by`. The others: what is there at a moment (a running sum of comings and goings, so that any past day is
exact), the days before a moment, one row a key, sums over keys, the last known value, and a median that counts what has not
ended yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from nextmove.engine import literal
from nextmove.kpis.columns import Columns
from nextmove.kpis.definition import Measure
from nextmove.kpis.dimensions import UNKNOWN
from nextmove.kpis.frame import DIMENSION_ASKED, Frame
from nextmove.kpis.inlined import relation_of


def shares(measure: Measure) -> bool:
    """Whether measures of this shape can be read in one pass with others of the same rows."""
    return not (measure.stock or measure.trailing_days or measure.keep or measure.aggregate in ("last", "survival"))


def sql(columns: Columns, measures: Sequence[Measure], frame: Frame) -> str:
    """The scan as SQL."""
    measure = measures[0]
    if measure.stock:
        return _stock(columns, measure, frame)
    if measure.trailing_days:
        return _trailing(columns, measure, frame)
    if measure.keep:
        return _kept(columns, measure, frame)
    if measure.aggregate == "last":
        return _last(columns, measure, frame)
    if measure.per:
        return _per(columns, measures, frame)
    if measure.aggregate == "survival":
        return _survival(columns, measure, frame)
    return _grouped(columns, measures, frame)


def aggregate(columns: Columns, measure: Measure, *, within: str | None = None) -> str:
    """The aggregate of a measure; `within` limits it to some rows of the scan."""
    expression = "*" if measure.count else columns.sql(measure.expression)
    filtered = f" filter (where {within})" if within else ""
    match measure.aggregate:
        case "sum":
            return f"coalesce(sum({expression}){filtered}, 0)"
        case "count":
            return f"count(*){filtered}"
        case "distinct":
            return f"count(distinct {_one(expression)}){filtered}"
        case "max":
            return f"max({expression}){filtered}"
        case "mean":
            return f"avg({expression}){filtered}"
        case _:
            return f"quantile_cont({expression}, {measure.share}){filtered}"


def _one(expression: str) -> str:
    return f"({expression})" if "," in expression else expression


def _group_by(columns: Columns) -> str:
    return ", ".join(str(n + 1) for n in range(len(columns.dimensions) + 1))


def _listed(items: Sequence[str]) -> str:
    return ",\n    ".join(items)


def _where(conditions: Sequence[str]) -> str:
    return "where " + "\n    and ".join(conditions) if conditions else ""


def _from(columns: Columns, frame: Frame, *, periods: bool = False, beside: bool = True) -> tuple[str, str]:
    """The relations that a scan reads, and where the period's id stands."""
    dated, identifier = columns.period()
    lines = [f"from {relation_of(columns.fact, frame)} as f", *dated]
    if periods or columns.needs_period:
        lines.append(f"join {frame.periods} as p on p.id = {identifier}")
    return "\n".join(lines + columns.joins(beside=beside)), identifier


def _range(columns: Columns) -> list[str]:
    return [] if columns.fact.per_period else columns.range()


def _grouped(columns: Columns, measures: Sequence[Measure], frame: Frame) -> str:
    """One pass, one group a period and member; conditions that all measures share are conditions of the pass."""
    each = [replace(columns, measure=measure) for measure in measures]
    conditions = [one.sql(one.measure.where) if one.measure.where else None for one in each]
    common = len(set(conditions)) == 1
    read, identifier = _from(columns, frame, periods=any(one.needs_period for one in each), beside=not columns.sets)
    limits = _range(columns) + columns.limits()
    if common and conditions[0]:
        limits.append(f"({conditions[0]})")
    elif all(conditions):
        limits.append("(" + " or ".join(f"({condition})" for condition in dict.fromkeys(conditions)) + ")")
    within = [None if common else condition for condition in conditions]
    rows = f"{read}\n{_where(limits)}"
    if _one_key(measures):
        return _by_key(each, within, rows, identifier)
    grouped = columns.grouped(identifier)
    selected = [f"{identifier} as period_id", *grouped.known]
    for n, (one, condition) in enumerate(zip(each, within, strict=True)):
        selected += [f"{aggregate(one, one.measure, within=condition)} as m{n}", f"count(*){_filter(condition)} as rows_{n}"]
        selected += [f"max(f.unpriced){_filter(condition)} as unpriced_{n}"] if one.priced else []
    return f"select\n    {_listed(selected)}\n{rows}\ngroup by {grouped.by}"


def _filter(condition: str | None) -> str:
    return f" filter (where {condition})" if condition else ""


def _one_key(measures: Sequence[Measure]) -> bool:
    """Whether distinct counts are of one column and all else adds up: then counting groups is cheaper than counting distinct."""
    keys = {measure.expression for measure in measures if measure.distinct}
    return len(keys) == 1 and "," not in next(iter(keys)) and all(measure.adds_up for measure in measures)


def _by_key(each: Sequence[Columns], within: Sequence[str | None], rows: str, identifier: str) -> str:
    """Distinct counts as groups of groups: one of each key first, then the keys."""
    columns = each[0]
    key = next(one.sql(one.measure.expression) for one in each if one.measure.distinct)
    grouped = columns.grouped(identifier, key)
    inner = [f"{identifier} as period_id", *grouped.raw, f"{key} as key"]
    outer = ["period_id", *(f"coalesce({name}, {literal(UNKNOWN)}) as {name}" for name in columns.dimensions)]
    for n, (one, condition) in enumerate(zip(each, within, strict=True)):
        inner.append(f"count(*){_filter(condition)} as rows_{n}")
        if one.measure.distinct:
            there = f"key is not null and rows_{n} > 0" if condition else "key is not null"
            outer.append(f"count(*) filter (where {there}) as m{n}" if condition else f"count(key) as m{n}")
        else:
            inner.append(f"{aggregate(one, one.measure, within=condition)} as m{n}")
            outer.append(f"sum(m{n}) as m{n}")
        outer.append(f"sum(rows_{n}) as rows_{n}")
        if one.priced:
            inner.append(f"max(f.unpriced){_filter(condition)} as unpriced_{n}")
            outer.append(f"max(unpriced_{n}) as unpriced_{n}")
    by = ", ".join(["period_id", *columns.dimensions])
    return (
        f"select\n    {_listed(outer)}\nfrom (\n    select\n        {_listed(inner)}\n    {rows}\n    group by {grouped.by}\n"
        f") as keys\ngroup by {by}"
    )


def _own_where(columns: Columns, measure: Measure) -> list[str]:
    return [f"({columns.sql(measure.where)})"] if measure.where else []


def _unpriced(columns: Columns, source: str = "f.unpriced") -> list[str]:
    return [f"max({source}) as unpriced_0"] if columns.priced else []


def _stock(columns: Columns, measure: Measure, frame: Frame) -> str:
    """What is there at a moment = all that came before it less all that left: comings and goings, summed up to each period."""
    stock = measure.stock
    assert stock is not None
    names = columns.dimensions
    cuts = "".join(f", {columns.member(name)} as {name}" for name in names)
    value = "1" if measure.count else columns.sql(measure.expression)
    unpriced = ", f.unpriced as unpriced" if columns.priced else ""
    joins = "\n    ".join([f"from {relation_of(columns.fact, frame)} as f", *columns.joins()])
    limits = [*_own_where(columns, measure), *columns.limits()]
    since, to = columns.sql(stock.since), columns.sql(stock.to) if stock.to else None
    stays = [f"({to} is null or {to} > {since})"] if to else []
    seen = literal(frame.seen)
    come = [f"{since} < {seen}", *stays, *limits]
    flows = [f"select {since} as day{cuts}, {value} as change, 1 as came{unpriced}\n    {joins}\n    {_where(come)}"]
    if to:
        gone = [f"{to} < {seen}", *stays, *limits]
        flows.append(f"select {to} as day{cuts}, -({value}) as change, -1 as came{unpriced}\n    {joins}\n    {_where(gone)}")
    flow = "\n    union all\n    ".join(flows)
    listed = "".join(f", {name}" for name in names)
    more = ", max(unpriced) as unpriced" if columns.priced else ""
    moment = "p.start_day" if stock.at == "start" else "p.until"
    last = ", max(d.unpriced) as unpriced_0" if columns.priced else ""
    dims = "".join(f", d.{name}" for name in names)
    group = _group_by(columns)
    return (
        f"select p.id as period_id{dims}, sum(d.change) as m0, sum(d.came) as rows_0{last}\n"
        f"from {frame.periods} as p\n"
        f"join (\n    select day{listed}, sum(change) as change, sum(came) as came{more}\n"
        f"    from (\n    {flow}\n    ) as flows\n    group by day{listed}\n) as d on d.day < {moment}\n"
        f"group by {group}\nhaving sum(d.came) > 0"
    )


def _trailing(columns: Columns, measure: Measure, frame: Frame) -> str:
    """Sums of the days before each period's end: by day first, since windows overlap."""
    names = columns.dimensions
    cuts = "".join(f", {cut}" for cut in columns.cuts())
    listed = "".join(f", d.{name}" for name in names)
    limits = [f"{columns.day} < {literal(frame.until)}", *_own_where(columns, measure), *columns.limits()]
    reads = "\n    ".join([f"from {relation_of(columns.fact, frame)} as f", *columns.joins()])
    inner = f"select {columns.day} as day{cuts}, sum({columns.sql(measure.expression)}) as amount, count(*) as lines"
    inner += ", max(f.unpriced) as unpriced" if columns.priced else ""
    more = ", max(d.unpriced) as unpriced_0" if columns.priced else ""
    return (
        f"select p.id as period_id{listed}, coalesce(sum(d.amount), 0) as m0, sum(d.lines) as rows_0{more}\n"
        f"from {frame.periods} as p\n"
        f"join (\n    {inner}\n    {reads}\n    {_where(limits)}\n    group by {_group_by(columns)}\n"
        f") as d on d.day < p.until and d.day >= cast(p.until - interval '{measure.trailing_days} days' as date)\n"
        f"group by {_group_by(columns)}"
    )


def _kept(columns: Columns, measure: Measure, frame: Frame) -> str:
    """One row of each key and period, its first or last; then cut, so that a key stands once whatever its dimensions."""
    read, identifier = _from(columns, frame)
    direction = "desc" if measure.keep == "last" else "asc"
    key = columns.sql(str(measure.key))
    value = "1" if measure.count else columns.sql(measure.expression)
    names = columns.dimensions
    inner = [f"{identifier} as period_id", *columns.cuts(), f"{value} as value", f"{_flag(columns)} as in_reach"]
    inner += ["f.unpriced as unpriced"] if columns.priced else []
    first = f"{columns.day} {direction}, f.day {direction}"
    inner.append(f"row_number() over (partition by {identifier}, {key}{_told_for(frame)} order by {first}) as place")
    limits = _range(columns) + _own_where(columns, measure)
    outer = {"sum": "coalesce(sum(value), 0)", "distinct": "count(distinct value)", "mean": "avg(value)"}.get(measure.aggregate, "count(*)")
    listed = "".join(f", {name}" for name in names)
    return (
        f"select period_id{listed}, {outer} as m0, count(*) as rows_0{''.join(', ' + u for u in _unpriced(columns, 'unpriced'))}\n"
        f"from (\n    select\n        {_listed(inner)}\n    {read}\n    {_where(limits)}\n) as kept\n"
        f"where place = 1 and in_reach\ngroup by {_group_by(columns)}"
    )


def _told_for(frame: Frame) -> str:
    """In a frame of several dimensions a key stands once for each."""
    return f", {DIMENSION_ASKED}" if frame.beside else ""


def _flag(columns: Columns) -> str:
    """Whether a row is asked for: conditions and scope, applied after the rows of a key are known."""
    return " and ".join(columns.limits()) or "true"


def _per(columns: Columns, measures: Sequence[Measure], frame: Frame) -> str:
    """Aggregated for each key first, then over the keys: their sum, the top n, or the sum of their squares."""
    each = [replace(columns, measure=measure) for measure in measures]
    conditions = [one.sql(one.measure.where) if one.measure.where else None for one in each]
    common = len(set(conditions)) == 1
    read, identifier = _from(columns, frame, periods=any(one.needs_period for one in each), beside=not columns.sets)
    limits = _range(columns) + columns.limits() + ([f"({conditions[0]})"] if common and conditions[0] else [])
    within = [None if common else condition for condition in conditions]
    keys = _keys(each, within, f"{read}\n    {_where(limits)}", identifier)
    names = columns.dimensions
    by = ", ".join(["period_id", *names])
    outer = ["period_id", *(f"coalesce({name}, {literal(UNKNOWN)}) as {name}" for name in names)]
    for n, one in enumerate(each):
        outer += [f"{_over_keys(one.measure, n)} as m{n}", f"sum(rows_{n}) as rows_{n}"]
        outer += [f"max(unpriced_{n}) as unpriced_{n}"] if one.priced else []
    places = "".join(
        f", row_number() over (partition by {by} order by amount_{n} desc) as place_{n}" for n, m in enumerate(measures) if m.top
    )
    keys = f"select *{places} from (\n    {keys}\n    ) as keys" if places else keys
    return f"select\n    {_listed(outer)}\nfrom (\n    {keys}\n) as by_key\ngroup by {by}"


def _keys(each: Sequence[Columns], within: Sequence[str | None], rows: str, identifier: str) -> str:
    """One row a period, member and key. A distinct count beside others is made of groups, which is cheaper than counting distinct."""
    columns = each[0]
    key = columns.sql(str(columns.measure.per))
    names = columns.dimensions
    grouped = columns.grouped(identifier, key)
    start = [f"{identifier} as period_id", *grouped.raw, f"{key} as key"]
    distinct = {one.sql(one.measure.expression) for one in each if one.measure.distinct}
    nested = len(distinct) == 1 and all(one.measure.distinct or one.measure.max for one in each) and not any(within)
    if not nested:
        for n, (one, condition) in enumerate(zip(each, within, strict=True)):
            start += [f"{aggregate(one, one.measure, within=condition)} as amount_{n}", f"count(*){_filter(condition)} as rows_{n}"]
            start += [f"max(f.unpriced){_filter(condition)} as unpriced_{n}"] if one.priced else []
        return f"select\n        {_listed(start)}\n    {rows}\n    group by {grouped.by}"
    item = distinct.pop()
    start += [f"{item} as item", "count(*) as lines"]
    start += [f"{aggregate(one, one.measure)} as amount_{n}" for n, one in enumerate(each) if not one.measure.distinct]
    listed = ["period_id", *names, "key"]
    told = [f"{'count(item)' if one.measure.distinct else f'max(amount_{n})'} as amount_{n}" for n, one in enumerate(each)]
    told += [f"sum(lines) as rows_{n}" for n in range(len(each))]
    items = f"select\n        {_listed(start)}\n    {rows}\n    group by {columns.grouped(identifier, key, item).by}"
    return f"select {', '.join([*listed, *told])}\n    from (\n    {items}\n    ) as items\n    group by {', '.join(listed)}"


def _over_keys(measure: Measure, n: int) -> str:
    if measure.top:
        return f"coalesce(sum(amount_{n}) filter (where place_{n} <= {measure.top}), 0)"
    if measure.squares:
        return f"coalesce(sum(cast(amount_{n} as double) * cast(amount_{n} as double)), 0)"
    return f"coalesce(sum(amount_{n}), 0)"


def _last(columns: Columns, measure: Measure, frame: Frame) -> str:
    """The last known value of each key before the period's end, added up over the keys."""
    names = "".join(f", {name}" for name in columns.dimensions)
    key = columns.sql(str(measure.per or measure.key))
    value = columns.sql(measure.expression)
    limits = [f"{value} is not null", *_own_where(columns, measure), *columns.limits()]
    cuts = "".join(f", {cut}" for cut in columns.cuts())
    place = f"row_number() over (partition by p.id, {key}{_told_for(frame)} order by {columns.day} desc) as place"
    joins = "\n    ".join([f"join {relation_of(columns.fact, frame)} as f on {columns.day} < p.until", *columns.joins()])
    read = f"from {frame.periods} as p\n    {joins}\n    {_where(limits)}"
    known = f"select p.id as period_id{cuts}, {value} as value, {place}\n    {read}"
    total = "sum(value) as m0, count(*) as rows_0"
    return f"select period_id{names}, {total}\nfrom (\n    {known}\n) as known\nwhere place = 1\ngroup by {_group_by(columns)}"


def _survival(columns: Columns, measure: Measure, frame: Frame) -> str:
    """Kaplan–Meier: the first duration at which at most half are still on; empty where it never comes to that."""
    read, identifier = _from(columns, frame)
    names = "".join(f", {name}" for name in columns.dimensions)
    limits = _range(columns) + columns.limits() + _own_where(columns, measure)
    inner = [f"{identifier} as period_id", *columns.cuts(), f"{columns.sql(measure.expression)} as duration"]
    inner.append(f"{columns.sql(str(measure.ended))} as ended")
    by = f"partition by period_id{names}"
    return (
        f"select period_id{names}, min(duration) filter (where alive <= {1 - measure.share} + 1e-12) as m0, max(everybody) as rows_0\n"
        f"from (\n    select *, exp(sum(case when ends < at_risk then ln(1 - cast(ends as double) / at_risk) else -600 end)\n"
        f"        over ({by} order by duration)) as alive\n"
        f"    from (\n    select period_id{names}, duration, count(*) filter (where ended) as ends,\n"
        f"        sum(count(*)) over ({by} order by duration desc) as at_risk, sum(count(*)) over ({by}) as everybody\n"
        f"    from (\n    select\n        {_listed(inner)}\n    {read}\n    {_where(limits)}\n    ) as stays\n"
        f"    group by period_id{names}, duration\n    ) as steps\n) as curve\ngroup by {_group_by(columns)}"
    )
