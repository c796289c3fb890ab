"""Sums under several conditions: rows are first added up for each combination of what the conditions say, then over the combinations.

So each expression is added once a row, and not again for each condition that a measure puts on it.
"""

from __future__ import annotations

from collections.abc import Sequence

from nextmove.kpis.shapes.parts import Shared, filter_of, listed, rows_of
from nextmove.kpis.wide import Wide


def tallies(scan: Shared) -> bool:
    """Whether adding up first saves anything: some of these sums stand under conditions of their own, in a pass for many KPIs."""
    return isinstance(scan.columns.frame, Wide) and any(scan.within) and all(one.measure.sum or one.measure.count for one in scan.each)


def conditions(scan: Shared) -> list[str]:
    """What rows are grouped by in addition."""
    return list(dict.fromkeys(condition for condition in scan.within if condition))


def of_rows(scan: Shared) -> list[str]:
    """What is selected for each combination: what the conditions say, each expression's sum, the rows behind it."""
    flags = [f"{condition} as c{n}" for n, condition in enumerate(conditions(scan))]
    sums = [f"sum({expression}) as s{n}" for n, expression in enumerate(_expressions(scan))]
    priced = ["max(f.unpriced) as unpriced"] if any(one.priced for one in scan.each) else []
    return [*flags, *sums, f"{rows_of(scan.columns)} as lines", *priced]


def of_combinations(scan: Shared) -> list[str]:
    """What the combinations come to for each measure."""
    said, expressions = conditions(scan), _expressions(scan)
    selected = []
    for n, one, condition in scan.numbered:
        within = filter_of(f"c{said.index(condition)}" if condition else None)
        rows = f"coalesce(sum(lines){within}, 0)"
        value = f"coalesce(sum(s{expressions.index(one.sql(one.measure.sum))}){within}, 0)" if one.measure.sum else rows
        selected += [f"{value} as m{n}", f"{rows} as rows_{n}"]
        selected += [f"max(unpriced){within} as unpriced_{n}"] if one.priced else []
    return selected


def tallied(scan: Shared, known: Sequence[str]) -> str:
    """The scan as SQL."""
    groups = scan.columns.grouped(scan.rows.period, *conditions(scan))
    inner = [f"{scan.rows.period} as period_id", *groups.raw, *of_rows(scan)]
    outer = ["period_id", *known, *of_combinations(scan)]
    by = ", ".join(["period_id", *scan.columns.dimensions])
    return (
        f"select\n    {listed(outer)}\nfrom (\n    select\n        {listed(inner)}\n    {scan.rows.sql}\n    group by {groups.by}\n"
        f") as combinations\ngroup by {by}"
    )


def _expressions(scan: Shared) -> list[str]:
    return list(dict.fromkeys(one.sql(one.measure.sum) for one in scan.each if one.measure.sum))
