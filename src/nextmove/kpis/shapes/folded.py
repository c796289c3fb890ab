"""Scans by the dimensions of a customer, told together: rows are added up for each combination of members, then for each dimension.

What adds up is added up twice. A key that has one combination in a period (an order of one customer) counts once for each of its
members; only the few keys with several (a customer who changed hands) are counted for each dimension by itself.
"""

from __future__ import annotations

from collections.abc import Mapping

from nextmove.engine import literal
from nextmove.kpis.columns import Columns
from nextmove.kpis.dimensions import UNKNOWN
from nextmove.kpis.folds import Fold
from nextmove.kpis.frame import DIMENSION, MEMBER
from nextmove.kpis.shapes import grouped, per, tallied
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
        if _adds_up_per_key(scan):
            return _per_cell(scan, fold)
        item = per.item_of(scan)
        return _by_items(scan, fold, item) if item else _by_keys(scan, fold)
    if grouped.one_key(scan.measures):
        return _by_keys(scan, fold)
    told = tallied.of_combinations(scan) if tallied.tallies(scan) else _again(scan)
    return _told(scan.columns, fold, _cells(scan, fold), told)


def _adds_up_per_key(scan: Shared) -> bool:
    return all(measure.sum or measure.count for measure in scan.measures)


def _cells(scan: Shared, fold: Fold) -> str:
    sums, flags = (tallied.of_rows(scan), tallied.conditions(scan)) if tallied.tallies(scan) else (grouped.sums(scan), [])
    inner = [f"{scan.rows.period} as period_id", f"{_who(scan, fold)} as who", *sums]
    by = ", ".join([scan.rows.period, _who(scan, fold), *flags])
    return f"select\n    {listed(inner)}\n{scan.rows.sql}\ngroup by {by}"


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


def _by_keys(scan: Shared, fold: Fold) -> str:
    """Keys of one combination through their cells, the others through their rows."""
    per_key = bool(scan.columns.measure.per)
    of_key, key = (per.amounts(scan), per.key_of(scan)) if per_key else (grouped.of_key(scan), grouped.key_of(scan))
    period, who = scan.rows.period, _who(scan, fold)
    inner = [f"{period} as period_id", f"{key} as key", f"min({who}) as who", f"max({who}) as other", *of_key]
    keys = f"select\n    {listed(inner)}\n{scan.rows.sql}\ngroup by {period}, {key}"
    several = Shared(scan.each, scan.within, scan.rows.beside("select period_id, key from keys where who <> other", key))
    told = per.per(several) if per_key else grouped.by_key(several)
    return _united(scan, fold, {"keys": keys}, told)


def _by_items(scan: Shared, fold: Fold, item: str) -> str:
    """The same where items of a key are counted: rows are read once, and the items of keys with several combinations told from them.

    Items that such a key has under the same combinations go together, so that only their number is told for each dimension.
    """
    key, period, who = per.key_of(scan), scan.rows.period, _who(scan, fold)
    inner = [f"{period} as period_id", f"{key} as key", f"{item} as item", f"{who} as who", *per.of_item(scan)]
    items = f"select\n    {listed(inner)}\n{scan.rows.sql}\ngroup by {period}, {key}, {item}, {who}"
    keys = f"select period_id, key, min(who) as who, max(who) as other, {listed(per.of_items(scan))}\nfrom items group by period_id, key"
    same = "keys.period_id = items.period_id and keys.key is not distinct from items.key"
    several = f"select items.* from items join keys on {same} and keys.who <> keys.other"
    largest = "".join(f", max(amount_{n}) as amount_{n}" for n, one, _ in scan.numbered if not one.measure.distinct)
    alike = f"select period_id, key, item, list_sort(list(who)) as whos{largest}\nfrom several group by period_id, key, item"
    sets = f"select period_id, key, whos, count(item) as items{largest}\nfrom (\n{alike}\n) as alike group by period_id, key, whos"
    relations = {"items": items, "keys": keys, "several": several, "sets": sets}
    return _united(scan, fold, relations, per.over_keys(scan, f"{_of_sets(scan, fold)}\nunion all\n{_rows_of_sets(scan, fold)}"))


def _of_sets(scan: Shared, fold: Fold) -> str:
    """What a key's sets of items come to for each member: one counts once, whichever of its combinations are the member's."""
    groups = scan.columns.grouped("period_id", "key", "whos")
    amounts = [f"max({'items' if one.measure.distinct else f'amount_{n}'}) as amount_{n}" for n, one, _ in scan.numbered]
    each = f"(select *, unnest(whos) as who from sets) as each join {fold.relation} as f using (who)"
    inner = f"select {', '.join(['period_id', *groups.raw, 'key', *amounts])}\nfrom {each}\ngroup by {groups.by}"
    totals = [f"{'sum' if one.measure.distinct else 'max'}(amount_{n}) as amount_{n}" for n, one, _ in scan.numbered]
    rows = [f"null as rows_{n}" for n, _, _ in scan.numbered]
    keys = f"period_id, {DIMENSION}, {MEMBER}, key"
    return f"select {', '.join([keys, *totals, *rows])}\nfrom (\n{inner}\n) as sets group by {keys}"


def _rows_of_sets(scan: Shared, fold: Fold) -> str:
    """The rows behind them, which add up over combinations."""
    groups = scan.columns.grouped("period_id")
    amounts, rows = ([f"null as amount_{n}" for n, _, _ in scan.numbered], [f"sum(lines) as rows_{n}" for n, _, _ in scan.numbered])
    told = ", ".join(["period_id", *groups.raw, "null as key", *amounts, *rows])
    lines = "select period_id, who, sum(lines) as lines from several group by period_id, who"
    return f"select {told}\nfrom ({lines}) as rows_read join {fold.relation} as f using (who)\ngroup by {groups.by}"


def _united(scan: Shared, fold: Fold, relations: Mapping[str, str], several: str) -> str:
    """The keys of one combination, told from it, and `several`, the others."""
    over = per.of_amounts(scan) if scan.columns.measure.per else grouped.of_keys(scan)
    cells = f"select period_id, who, {listed(over)}\nfrom keys where who = other\ngroup by period_id, who"
    both = [_told(scan.columns, fold, cells, _again(scan)), f"select {', '.join(_names(scan))}\nfrom (\n{several}\n) as several"]
    united = "\nunion all\n".join(both)
    outer = ["period_id", DIMENSION, f"coalesce({MEMBER}, {literal(UNKNOWN)}) as {MEMBER}", *_again(scan)]
    first = ",\n".join(f"{name} as materialized (\n{sql}\n)" for name, sql in relations.items())
    return f"with {first}\nselect {listed(outer)}\nfrom (\n{united}\n) as united\ngroup by period_id, {DIMENSION}, {MEMBER}"


def _names(scan: Shared) -> list[str]:
    names = ["period_id", DIMENSION, MEMBER]
    for n, one, _ in scan.numbered:
        names += [f"m{n}", f"rows_{n}", *([f"unpriced_{n}"] if one.priced else [])]
    return names
