"""Aggregated for each key first, then over the keys: their sum, the top n, or the sum of their squares."""

from __future__ import annotations

from nextmove.kpis.definition import Measure
from nextmove.kpis.shapes.grouped import known
from nextmove.kpis.shapes.parts import Shared, aggregate, filter_of, listed, rows_of
from nextmove.kpis.wide import Wide


def per(scan: Shared) -> str:
    """Rows by period, member and key; then the keys by period and member."""
    return over_keys(scan, _keys(scan))


def over_keys(scan: Shared, keys: str) -> str:
    """What the amounts of keys come to, by period and member."""
    by = ", ".join(["period_id", *scan.columns.dimensions])
    ranked = {same for measure, same in zip(scan.measures, scan.same, strict=True) if measure.top and not _in_a_batch(scan)}
    places = "".join(f", row_number() over (partition by {by} order by amount_{n} desc) as place_{n}" for n in sorted(ranked))
    keys = f"select *{places} from (\n    {keys}\n    ) as keys" if places else keys
    outer = ["period_id", *known(scan.columns), *of_amounts(scan)]
    return f"select\n    {listed(outer)}\nfrom (\n    {keys}\n) as by_key\ngroup by {by}"


def of_amounts(scan: Shared) -> list[str]:
    selected = []
    for (n, one, _), same in zip(scan.numbered, scan.same, strict=True):
        selected += [f"{_over_keys(scan, one.measure, same)} as m{n}", f"sum(rows_{same}) as rows_{n}"]
        selected += [f"max(unpriced_{same}) as unpriced_{n}"] if one.priced else []
    return selected


def _in_a_batch(scan: Shared) -> bool:
    """Whether values of an edition are computed, and in DuckDB."""
    return isinstance(scan.columns.frame, Wide) and not scan.columns.frame.anywhere


def _over_keys(scan: Shared, measure: Measure, n: int) -> str:
    if measure.top and _in_a_batch(scan):
        return f"coalesce(list_sum(max(amount_{n}, {measure.top})), 0)"  # does without putting all keys in order
    if measure.top:
        return f"coalesce(sum(amount_{n}) filter (where place_{n} <= {measure.top}), 0)"
    if measure.squares:
        order = f" order by amount_{n}" if _in_a_batch(scan) else ""  # a sum of doubles in any order differs from run to run
        return f"coalesce(sum(cast(amount_{n} as double) * cast(amount_{n} as double){order}), 0)"
    return f"coalesce(sum(amount_{n}), 0)"


def key_of(scan: Shared) -> str:
    return scan.columns.sql(str(scan.columns.measure.per))


def amounts(scan: Shared) -> list[str]:
    """What is selected of each measure for one key; what several say alike, such as the top ten and all, once."""
    selected = []
    for n, one, condition in scan.unlike:
        selected += [f"{aggregate(one, one.measure, within=condition)} as amount_{n}", f"{rows_of(one, condition)} as rows_{n}"]
        selected += [f"max(f.unpriced){filter_of(condition)} as unpriced_{n}"] if one.priced else []
    return selected


def _keys(scan: Shared) -> str:
    """One row a period, member and key."""
    item = item_of(scan)
    if item:
        return _keys_of_items(scan, item)
    groups = scan.columns.grouped(scan.rows.period, key_of(scan))
    selected = [f"{scan.rows.period} as period_id", *groups.raw, f"{key_of(scan)} as key", *amounts(scan)]
    return f"select\n        {listed(selected)}\n    {scan.rows.sql}\n    group by {groups.by}"


def item_of(scan: Shared) -> str | None:
    """What is counted distinct for each key, where groups of it tell all: that is cheaper than counting distinct beside others."""
    items = {one.sql(one.measure.expression) for one in scan.each if one.measure.distinct}
    alone = len(items) == 1 and all(one.measure.distinct or one.measure.max for one in scan.each) and not any(scan.within)
    return items.pop() if alone else None


def of_item(scan: Shared) -> list[str]:
    """What is selected of each measure for one item of a key."""
    largest = [f"{aggregate(one, one.measure)} as amount_{n}" for n, one, _ in scan.numbered if not one.measure.distinct]
    return [f"{rows_of(scan.columns)} as lines", *largest]


def of_items(scan: Shared) -> list[str]:
    """What the items of a key come to."""
    told = [f"{'count(item)' if one.measure.distinct else f'max(amount_{n})'} as amount_{n}" for n, one, _ in scan.numbered]
    return [*told, *(f"sum(lines) as rows_{n}" for n, _, _ in scan.numbered)]


def over_items(scan: Shared, items: str) -> str:
    """One row a period, member and key, from one for each item of these."""
    keys = ", ".join(["period_id", *scan.columns.dimensions, "key"])
    return f"select {', '.join([keys, *of_items(scan)])}\n    from (\n    {items}\n    ) as items\n    group by {keys}"


def _keys_of_items(scan: Shared, item: str) -> str:
    groups = scan.columns.grouped(scan.rows.period, key_of(scan), item)
    inner = [f"{scan.rows.period} as period_id", *groups.raw, f"{key_of(scan)} as key", f"{item} as item", *of_item(scan)]
    return over_items(scan, f"select\n        {listed(inner)}\n    {scan.rows.sql}\n    group by {groups.by}")
