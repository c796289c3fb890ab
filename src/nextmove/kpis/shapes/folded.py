"""Scans by the dimensions of a customer, told together: rows are added up for each combination of members, then for each dimension.

What adds up is added up twice. A key that has one combination in a period (an order of one customer) counts once for each of its
members; only the few keys with several (a customer who changed hands) are counted for each dimension by itself.
"""

from __future__ import annotations

from nextmove.engine import literal
from nextmove.kpis.columns import Columns
from nextmove.kpis.dimensions import UNKNOWN
from nextmove.kpis.folds import Fold
from nextmove.kpis.frame import DIMENSION, MEMBER
from nextmove.kpis.shapes import grouped, per
from nextmove.kpis.shapes.parts import Shared, listed


def folds(scan: Shared) -> bool:
    """Whether such a scan can be told together: all adds up, over rows or over keys."""
    measures = scan.measures
    if scan.columns.measure.per:
        return _adds_up_per_key(scan) or not any(measure.top for measure in measures)
    return grouped.one_key(measures) or all(measure.adds_up and not measure.distinct for measure in measures)


def folded(scan: Shared, fold: Fold) -> str:
    """The scan as SQL."""
    if scan.columns.measure.per:
        return _per_cell(scan, fold) if _adds_up_per_key(scan) else _by_keys(scan, fold, of_key=per.amounts(scan), key=per.key_of(scan))
    if grouped.one_key(scan.measures):
        return _by_keys(scan, fold, of_key=grouped.of_key(scan), key=grouped.key_of(scan))
    return _told(scan.columns, fold, _cells(scan, fold), _again(scan))


def _adds_up_per_key(scan: Shared) -> bool:
    return all(measure.sum or measure.count for measure in scan.measures)


def _cells(scan: Shared, fold: Fold) -> str:
    inner = [f"{scan.rows.period} as period_id", f"{_who(scan, fold)} as who", *grouped.sums(scan)]
    return f"select\n    {listed(inner)}\n{scan.rows.sql}\ngroup by {scan.rows.period}, {_who(scan, fold)}"


def _who(scan: Shared, fold: Fold) -> str:
    return "f.who" if scan.columns.rolled else fold.who


def _again(scan: Shared) -> list[str]:
    """Sums of sums."""
    selected = []
    for n, one, _ in scan.numbered:
        selected += [f"sum(m{n}) as m{n}", f"sum(rows_{n}) as rows_{n}"]
        selected += [f"max(unpriced_{n}) as unpriced_{n}"] if one.priced else []
    return selected


def _amounts_again(scan: Shared) -> list[str]:
    selected = []
    for n, one, _ in scan.unlike:
        selected += [f"sum(amount_{n}) as amount_{n}", f"sum(rows_{n}) as rows_{n}"]
        selected += [f"max(unpriced_{n}) as unpriced_{n}"] if one.priced else []
    return selected


def _told(columns: Columns, fold: Fold, cells: str, selected: list[str]) -> str:
    """Cells (a period and a combination) by each dimension."""
    groups = columns.grouped("period_id")
    told = ["period_id", *groups.known, *selected]
    return f"select {listed(told)}\nfrom (\n{cells}\n) as cells\njoin {fold.relation} as f using (who)\ngroup by {groups.by}"


def _per_cell(scan: Shared, fold: Fold) -> str:
    """Amounts of a key add up over its combinations."""
    key, period = per.key_of(scan), scan.rows.period
    inner = [f"{period} as period_id", f"{key} as key", f"{_who(scan, fold)} as who", *per.amounts(scan)]
    cells = f"select\n    {listed(inner)}\n{scan.rows.sql}\ngroup by {period}, {key}, {_who(scan, fold)}"
    groups = scan.columns.grouped("period_id", "key")
    told = ["period_id", *groups.raw, "key", *_amounts_again(scan)]
    keys = f"select {listed(told)}\nfrom (\n{cells}\n) as cells\njoin {fold.relation} as f using (who)\ngroup by {groups.by}"
    return per.over_keys(scan, keys)


def _by_keys(scan: Shared, fold: Fold, *, of_key: list[str], key: str) -> str:
    """Keys of one combination through their cells, the others through their rows."""
    period = scan.rows.period
    inner = [f"{period} as period_id", f"{key} as key", f"min({_who(scan, fold)}) as who", f"max({_who(scan, fold)}) as other", *of_key]
    keys = f"select\n    {listed(inner)}\n{scan.rows.sql}\ngroup by {period}, {key}"
    over = per.of_amounts(scan) if scan.columns.measure.per else grouped.of_keys(scan)
    cells = f"select period_id, who, {listed(over)}\nfrom keys where who = other\ngroup by period_id, who"
    several = Shared(scan.each, scan.within, scan.rows.beside("select period_id, key from keys where who <> other", key))
    told = per.per(several) if scan.columns.measure.per else grouped.by_key(several)
    both = [_told(scan.columns, fold, cells, _again(scan)), f"select {', '.join(_names(scan))}\nfrom (\n{told}\n) as several"]
    united = "\nunion all\n".join(both)
    outer = ["period_id", DIMENSION, f"coalesce({MEMBER}, {literal(UNKNOWN)}) as {MEMBER}", *_again(scan)]
    return (
        f"with keys as materialized (\n{keys}\n)\nselect {listed(outer)}\nfrom (\n{united}\n) as united\n"
        f"group by period_id, {DIMENSION}, {MEMBER}"
    )


def _names(scan: Shared) -> list[str]:
    names = ["period_id", DIMENSION, MEMBER]
    for n, one, _ in scan.numbered:
        names += [f"m{n}", f"rows_{n}", *([f"unpriced_{n}"] if one.priced else [])]
    return names
