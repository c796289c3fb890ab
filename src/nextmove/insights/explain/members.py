"""What each member of each dimension added: to a sum its own change, to a ratio its rate effect and its mix effect.

The parts of a dimension always add up to the change. What cannot be split by members (customers who are counted in two categories,
medians) stands as a member of its own, REST. The median stay in a stage is split as a mean, days ÷ stays that ended (`stays.py`).
Against an expectation or a target the earlier span is brought to that level first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

from nextmove.insights.explain.compare import Asked, Comparison
from nextmove.insights.explain.rates import Numbers, rate_and_mix
from nextmove.insights.explain.root_cause import Coded, Segment, root_causes
from nextmove.insights.explain.rows import UNKNOWN, Lines, coded_column, floats, numbered
from nextmove.insights.explain.stays import of_stays, stays
from nextmove.insights.explain.values import NOT_STORED, Row, adds_over_members, asked_anew, has_stock
from nextmove.kpis import Kpi

if TYPE_CHECKING:
    import pyarrow as pa

REST = "(rest)"  # what is counted in several members, or has no members to be split by
NOT_SEARCHED = frozenset({"account", "product", "country", "industry"})
SEARCHED = 6  # dimensions
MOST = 4  # segments
PASSING = frozenset({"campaign"})
LASTING = 2  # dimensions
BEYOND_CHANCE = 2.0  # standard errors
EXACT = 1e-6  # of the sizes that were added: less is rounding

Leaves = tuple["pa.Table", "pa.Table"]  # now, before: one row a combination of all dimensions
Side = dict[str, Row]  # member → row
Sides = tuple[Side, Side]  # now, before


@dataclass(frozen=True)
class Member:
    """One member's part: `effect` on the whole (rate effect of a ratio), `mix` effect, and its share of the base and of the whole now."""

    dimension: str
    member: str
    before: float | None
    after: float | None
    effect: float
    mix: float
    weight: float
    share: float = 0.0
    clear: bool = True  # beyond what chance does to so few rows


@dataclass(frozen=True)
class Split:
    """A change over the members of every dimension, and the smallest set of segments behind it."""

    members: tuple[Member, ...]
    segments: tuple[Segment, ...] = ()


def split(asked: Asked, comparison: Comparison) -> Split:
    """Over the dimensions that the KPI is cut by and that are not already given."""
    kpi = asked.catalogue.kpi(asked.kpi)
    cuts = [cut for cut in kpi.entry.cut_by if cut not in NOT_STORED | {name for name, _ in comparison.where}]
    searched = [cut for cut in cuts if cut not in NOT_SEARCHED | _passing(cuts)][:SEARCHED]
    held = comparison.kept.get(asked.kpi)
    leaves: Leaves | None = None
    if of_stays(asked, kpi):
        leaves = (stays(asked, comparison.now, cuts), stays(asked, comparison.before, cuts))
        sides = {cut: (_folded(leaves[0], cut), _folded(leaves[1], cut)) for cut in cuts}
    elif held and held.cut:
        now, before = held.members(comparison.now), held.members(comparison.before)
        sides = {cut: (_of_cut(now, cut), _of_cut(before, cut)) for cut in cuts}
        filled = [cut for cut in searched if len(sides[cut][0].keys() | sides[cut][1].keys()) > 1]
        leaves = _leaves(asked, comparison, filled) if adds_over_members(kpi) and not has_stock(kpi) else None
    elif adds_over_members(kpi):
        together = cuts if comparison.where else searched  # of a part there are few rows: then to ask takes longer than to group
        leaves = _leaves(asked, comparison, together)
        sides = {cut: (_folded(leaves[0], cut), _folded(leaves[1], cut)) for cut in together} if leaves else {}
        sides |= {cut: _each_side(asked, comparison, cut) for cut in cuts if cut not in together}
    else:
        sides = {cut: _each_side(asked, comparison, cut) for cut in searched}
    members = tuple(member for cut, pair in sides.items() for member in _of_dimension(kpi, comparison, cut, pair))
    return Split(members, _segments(kpi, comparison, leaves, searched) if leaves else ())


@dataclass(frozen=True)
class Folded:
    """What the lines are worth to a KPI, and their net sales, added up to leaves, now and before."""

    worth: tuple[Numbers, Numbers]
    net: tuple[Numbers, Numbers]

    @classmethod
    def of(cls, lines: Lines, worth: tuple[Numbers, Numbers]) -> Folded:
        folded = lines.folded(worth)
        return cls(folded, folded if worth is lines.net else lines.folded(lines.net))


def members_of_lines(asked: Asked, comparison: Comparison, lines: Lines, folded: Folded) -> tuple[Member, ...]:
    """The same for sales and profit, from lines that are read anyway; with a denominator (net sales) for the margin."""
    given = {name for name, _ in comparison.where}
    kpi = asked.catalogue.kpi(asked.kpi)
    found: list[Member] = []
    for cut in kpi.entry.cut_by:
        if cut in lines.leaves and cut not in given:
            worth = [lines.by(cut, each) for each in folded.worth]
            net = worth if folded.net is folded.worth else [lines.by(cut, each) for each in folded.net]
            now, before = (_sides(each, whole) for each, whole in zip(worth, net, strict=True))
            found += _of_dimension(kpi, comparison, cut, (now, before))
    return tuple(found)


def strongest(found: Sequence[Member], change: float) -> Member | None:
    """The member that explains more of the change than its size lets expect, beyond chance. A campaign lives for a month or two, so it
    is no reason where a KPI has dimensions that last."""
    apart = _passing([one.dimension for one in found])
    fitting = [
        one
        for one in found
        if (one.effect + one.mix) * change > 0 and one.weight < 0.9 and one.clear
        and one.member not in (REST, UNKNOWN) and one.dimension not in apart
    ]  # fmt: skip
    return max(fitting, key=lambda one: min(1.0, (one.effect + one.mix) / change) - one.weight, default=None)


def _passing(cuts: Sequence[str]) -> frozenset[str]:
    return PASSING if len(set(cuts) - PASSING) >= LASTING else frozenset()


def _of_cut(rows: Mapping[tuple[str, str], Row], cut: str) -> Side:
    return {member: row for (dimension, member), row in rows.items() if dimension == cut}


def _sides(of: dict[str, float], to: dict[str, float]) -> Side:
    return {
        member: {
            "value": of[member] / to[member] if to[member] else None,
            "sum": of[member],
            "numerator": of[member],
            "denominator": to[member],
            "rows": 1,
        }
        for member in of
    }


def _each_side(asked: Asked, comparison: Comparison, cut: str) -> Sides:
    """One dimension asked of the facts."""

    now, before = _both(asked, comparison, (cut,))
    return _folded(now, cut), _folded(before, cut)


def _both(asked: Asked, comparison: Comparison, cuts: tuple[str, ...]) -> Leaves:
    """Both spans by these dimensions; of two that follow each other in one question, for half of a small one is the asking."""
    import pyarrow as pa
    import pyarrow.compute as pc

    now, before = comparison.now, comparison.before
    if now.cut or before.cut or before.end != now.start:
        return asked_anew(asked, asked.kpi, comparison.grain, now, cuts), asked_anew(asked, asked.kpi, comparison.grain, before, cuts)
    rows = asked_anew(asked, asked.kpi, comparison.grain, replace(before, end=now.end), cuts)
    is_now = pc.equal(rows["period_start"], pa.scalar(now.start, rows["period_start"].type))
    return rows.filter(is_now), rows.filter(pc.invert(is_now))


def _leaves(asked: Asked, comparison: Comparison, cuts: Sequence[str]) -> Leaves | None:
    """Both spans by all of these dimensions at once."""
    return _both(asked, comparison, tuple(cuts)) if cuts else None


def _folded(rows: pa.Table, cut: str) -> Side:
    """The rows of each member as one: sums add up, values are weighed by the rows behind them."""
    coded = coded_column(rows[cut])
    value, count = floats(rows["value"]), floats(rows["rows"]) * np.asarray(rows["value"].is_valid())

    def total(each: Numbers) -> list[float]:
        return [float(one) for one in np.bincount(coded.row, each, len(coded.names))]

    def known(column: str) -> list[float | None]:
        some = total(np.asarray(rows[column].is_valid(), dtype=float))
        return [whole if there else None for whole, there in zip(total(floats(rows[column])), some, strict=True)]

    columns = zip(coded.names, total(value), total(value * count), total(count), known("numerator"), known("denominator"), strict=True)
    return {
        name: {"value": weighed / weight if weight else None, "sum": whole, "numerator": of, "denominator": to, "rows": weight}
        for name, whole, weighed, weight, of, to in columns
    }


def _of_dimension(kpi: Kpi, comparison: Comparison, cut: str, sides: Sides) -> list[Member]:
    names = sorted(sides[0].keys() | sides[1].keys())
    if not names or comparison.change is None:
        return []
    measure = kpi.entry.measure
    if measure is not None and measure.adds_up:
        found = _sums(cut, names, comparison, sides)
        found = [replace(one, clear=_clear_count(one)) for one in found] if kpi.entry.unit == "count" else found
    else:
        sides = _as_ratio(kpi, sides)
        found = _ratios(cut, names, comparison, sides)
        found = [replace(one, clear=_clear_rate(one, sides)) for one in found] if _of_counts(kpi) else found
        found = _brought_to(float(comparison.change), found) if _is_survival(kpi) else found
    return _with_rest(cut, found, float(comparison.change))


def _is_survival(kpi: Kpi) -> bool:
    return kpi.entry.measure is not None and kpi.entry.measure.survival is not None


def _brought_to(change: float, found: list[Member]) -> list[Member]:
    """The parts of a mean as parts of the median, where both moved the same way."""
    whole = sum(one.effect + one.mix for one in found)
    if whole * change <= 0:
        return found
    return [replace(one, effect=one.effect * change / whole, mix=one.mix * change / whole) for one in found]


def _of_counts(kpi: Kpi) -> bool:
    return kpi.entry.unit == "percent" and kpi.entry.ratio is not None and kpi.entry.ratio.to.aggregate in ("count", "distinct")


def _clear_count(one: Member) -> bool:
    """Whether a count moved by more than counts of that size do by themselves."""
    return abs(one.effect) >= BEYOND_CHANCE * sqrt(max(abs(one.after or 0.0) + abs(one.before or 0.0), 1.0))


def _clear_rate(one: Member, sides: Sides) -> bool:
    """Whether the member's rate (or, of a mix effect, its share of all rows) moved by more than chance does with so few rows."""
    rows = [{name: _number(row, "denominator") for name, row in side.items()} for side in sides]
    own, whole = [side.get(one.member, 0.0) for side in rows], [sum(side.values()) for side in rows]
    if abs(one.mix) > abs(one.effect):
        return _apart(own, whole)
    return _apart([_number(side.get(one.member), "numerator") for side in sides], own)


def _apart(of: Sequence[float], to: Sequence[float]) -> bool:
    """Two shares, of[0]/to[0] and of[1]/to[1], further apart than two standard errors."""
    if min(to) <= 0:
        return False
    pooled_share = min(max(sum(of) / sum(to), 0.0), 1.0)
    error = sqrt(max(pooled_share * (1 - pooled_share), 0.01) * (1 / to[0] + 1 / to[1]))
    return abs(of[0] / to[0] - of[1] / to[1]) >= BEYOND_CHANCE * error


def _with_rest(cut: str, found: list[Member], change: float) -> list[Member]:
    parts = [one.effect + one.mix for one in found]
    rest = change - sum(parts)
    if not found or abs(rest) <= EXACT * (abs(change) + sum(map(abs, parts))):
        return found
    return [*found, Member(cut, REST, None, None, rest, 0.0, 0.0)]


def _sums(cut: str, names: list[str], comparison: Comparison, sides: Sides) -> list[Member]:
    now, before = ({name: _number(side.get(name), "sum", "value") for name in names} for side in sides)
    level = 1.0 if comparison.of_periods else _ratio(float(comparison.base or 0), sum(before.values()))
    brought = {name: before[name] * level for name in names}
    was, became = (sum(map(abs, side.values())) or 1.0 for side in (brought, now))
    return [
        Member(cut, name, brought[name], now[name], now[name] - brought[name], 0.0, abs(brought[name]) / was, abs(now[name]) / became)
        for name in names
    ]


def _as_ratio(kpi: Kpi, sides: Sides) -> Sides:
    """A median or score as if it were a mean over its rows: the parts show where it moved."""
    if kpi.entry.ratio or _is_survival(kpi):
        times = _times(kpi)
        now, before = ({name: row | {"numerator": _number(row, "numerator") * times} for name, row in side.items()} for side in sides)
        return now, before
    now, before = (
        {
            name: row | {"numerator": float(row["value"]) * float(row["rows"]), "denominator": float(row["rows"])}
            for name, row in side.items()
            if row["value"] is not None and row["rows"]
        }
        for side in sides
    )
    return now, before


def _ratios(cut: str, names: list[str], comparison: Comparison, sides: Sides) -> list[Member]:
    (of1, to1), (of0, to0) = (
        tuple(np.array([_number(side.get(n), column) for n in names]) for column in ("numerator", "denominator")) for side in sides
    )
    if not comparison.of_periods:
        of0 = of0 * _ratio(float(comparison.base or 0), _ratio(float(of0.sum()), float(to0.sum())))
    found = rate_and_mix(names, (of0, to0), (of1, to1))
    if found.change is None:
        return []
    weight, share = to0 / to0.sum(), to1 / to1.sum()
    rates = [(_rate(of0[i], to0[i]), _rate(of1[i], to1[i])) for i in range(len(names))]
    return [
        Member(cut, n, *rates[i], float(found.rate[i]), float(found.mix[i]), float(weight[i]), float(share[i])) for i, n in enumerate(names)
    ]


def _segments(kpi: Kpi, comparison: Comparison, leaves: Leaves, cuts: Sequence[str]) -> tuple[Segment, ...]:
    """The search over combinations of dimensions; of a ratio over its rates."""
    import pyarrow as pa

    now_rows = leaves[0].num_rows

    def both(name: str) -> pa.ChunkedArray:
        chunks = [chunk for side in leaves for chunk in side[name].cast(pa.string() if name in used else pa.float64()).chunks]
        return pa.chunked_array(chunks, pa.string() if name in used else pa.float64())

    used = [cut for cut in cuts if cut in leaves[0].column_names]
    coded = [coded_column(both(cut)) for cut in used]
    if not used or now_rows + leaves[1].num_rows < 2:
        return ()
    first, row = numbered([column.row for column in coded], [len(column.names) for column in coded])

    def sides(name: str) -> tuple[Numbers, Numbers]:
        values, size = floats(both(name)), len(first)
        now, before = np.bincount(row[:now_rows], values[:now_rows], size), np.bincount(row[now_rows:], values[now_rows:], size)
        return now.astype(float), before.astype(float)

    where = {cut: Coded(column.names, column.row[first]) for cut, column in zip(used, coded, strict=True)}
    if kpi.entry.ratio or _is_survival(kpi):
        return of_rates(where, sides("numerator"), sides("denominator"), times=_times(kpi))
    now, before = sides("value")
    level = 1.0 if comparison.of_periods else _ratio(float(comparison.base or 0), float(before.sum()))
    return tuple(root_causes(where, now, before * level, deepest=2, most=MOST))


def of_rates(
    where: Mapping[str, Sequence[str] | Coded], of: tuple[Numbers, Numbers], to: tuple[Numbers, Numbers], *, times: float = 1.0
) -> tuple[Segment, ...]:
    """Segments whose rate moved, each with what it added to the whole ratio: its rate effect over the mean denominator of all."""
    middle = float(to[0].sum() + to[1].sum()) / 2
    found = root_causes(where, *of, denominators=to, deepest=2, most=MOST) if middle > 0 else []
    return tuple(replace(one, actual=one.actual / middle * times, expected=one.expected / middle * times) for one in found)


def _times(kpi: Kpi) -> float:
    times = kpi.entry.ratio.times if kpi.entry.ratio else 1
    return float(times) if isinstance(times, (int, float)) else 1.0


def _ratio(of: float, to: float) -> float:
    return of / to if to else 0.0


def _rate(of: float, to: float) -> float | None:
    return float(of / to) if to else None


def _number(row: Row | None, *columns: str) -> float:
    """The first of these columns that is there; 0 where none is."""
    value = next((row[column] for column in columns if row and row.get(column) is not None), None)
    return 0.0 if value is None else float(value)
