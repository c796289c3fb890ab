"""One pass, one group a period and member."""

from __future__ import annotations

from collections.abc import Sequence

from nextmove.engine import literal
from nextmove.kpis.columns import Columns
from nextmove.kpis.definition import Measure
from nextmove.kpis.dimensions import UNKNOWN
from nextmove.kpis.shapes.parts import Shared, aggregate, filter_of, listed, rows_of
from nextmove.kpis.shapes.tallied import tallied, tallies


def grouped(scan: Shared) -> str:
    """Rows by period and member; distinct counts as groups of groups where that will do."""
    if one_key(scan.measures):
        return by_key(scan)
    if tallies(scan):
        return tallied(scan, known(scan.columns))
    groups = scan.columns.grouped(scan.rows.period)
    selected = [f"{scan.rows.period} as period_id", *groups.known, *sums(scan)]
    return f"select\n    {listed(selected)}\n{scan.rows.sql}\ngroup by {groups.by}"


def sums(scan: Shared) -> list[str]:
    """What is selected of each measure: its value, the rows behind it, a currency without a rate."""
    selected = []
    for n, one, condition in scan.numbered:
        selected += [f"{aggregate(one, one.measure, within=condition)} as m{n}", f"{rows_of(one, condition)} as rows_{n}"]
        selected += [f"max(f.unpriced){filter_of(condition)} as unpriced_{n}"] if one.priced else []
    return selected


def one_key(measures: Sequence[Measure]) -> bool:
    """Whether distinct counts are of one column and all else adds up: then counting groups is cheaper than counting distinct."""
    keys = {measure.expression for measure in measures if measure.distinct}
    return len(keys) == 1 and "," not in next(iter(keys)) and all(measure.adds_up for measure in measures)


def key_of(scan: Shared) -> str:
    return next(one.sql(one.measure.expression) for one in scan.each if one.measure.distinct)


def by_key(scan: Shared) -> str:
    """Distinct counts as groups of groups: one of each key first, then the keys."""
    key = key_of(scan)
    groups = scan.columns.grouped(scan.rows.period, key)
    inner = [f"{scan.rows.period} as period_id", *groups.raw, f"{key} as key", *of_key(scan)]
    outer = ["period_id", *known(scan.columns), *of_keys(scan)]
    by = ", ".join(["period_id", *scan.columns.dimensions])
    return (
        f"select\n    {listed(outer)}\nfrom (\n    select\n        {listed(inner)}\n    {scan.rows.sql}\n    group by {groups.by}\n"
        f") as keys\ngroup by {by}"
    )


def known(columns: Columns) -> list[str]:
    return [f"coalesce({name}, {literal(UNKNOWN)}) as {name}" for name in columns.dimensions]


def of_key(scan: Shared) -> list[str]:
    """What is selected of each measure for one key: of a distinct count only whether there are rows."""
    selected = []
    for n, one, condition in scan.numbered:
        selected.append(f"{rows_of(one, condition)} as rows_{n}")
        selected += [] if one.measure.distinct else [f"{aggregate(one, one.measure, within=condition)} as m{n}"]
        selected += [f"max(f.unpriced){filter_of(condition)} as unpriced_{n}"] if one.priced else []
    return selected


def of_keys(scan: Shared) -> list[str]:
    """What the keys come to."""
    selected = []
    for n, one, condition in scan.numbered:
        there = f"count(*) filter (where key is not null and rows_{n} > 0)" if condition else "count(key)"
        selected += [f"{there if one.measure.distinct else f'sum(m{n})'} as m{n}", f"sum(rows_{n}) as rows_{n}"]
        selected += [f"max(unpriced_{n}) as unpriced_{n}"] if one.priced else []
    return selected
