"""What each member of each dimension added: to a sum its own change, to a ratio its rate effect and its mix effect.

The members of a stored period are read from the edition's KPI values; anything else (a condition, a running period) is asked anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from nextmove.engine import literal
from nextmove.insights.explain.compare import Asked, Comparison, Span
from nextmove.insights.explain.rates import Numbers, rate_and_mix
from nextmove.insights.explain.rows import Lines
from nextmove.kpis import Question, answer

NOT_CUT = frozenset({"account", "product", "campaign", "landing_page"})  # as many members as rows: named elsewhere


@dataclass(frozen=True)
class Member:
    """One member's part: `effect` on the whole (rate effect of a ratio), `mix` effect, and its share of the base."""

    dimension: str
    member: str
    before: float | None
    after: float | None
    effect: float
    mix: float
    weight: float


Row = dict[str, Any]  # Any: a cell


def members(asked: Asked, comparison: Comparison) -> list[Member]:
    """The members of every dimension that the KPI is cut by and that is not already given."""
    given = {name for name, _ in comparison.where}
    cuts = [cut for cut in asked.catalogue.kpi(asked.kpi).entry.cut_by if cut not in NOT_CUT | given]
    return [member for cut in cuts for member in _of_dimension(asked, comparison, cut)]


def members_of_lines(asked: Asked, comparison: Comparison, lines: Lines, worth: tuple[Numbers, Numbers]) -> list[Member]:
    """The same for sales and profit, from lines that are read anyway; with a denominator (net sales) for the margin."""
    given = {name for name, _ in comparison.where}
    entry = asked.catalogue.kpi(asked.kpi).entry
    found = []
    for cut in entry.cut_by:
        if cut in NOT_CUT | given or cut not in lines.members:
            continue
        now, before = (_sides(lines.by(cut, column), lines.by(cut, whole)) for column, whole in zip(worth, lines.net, strict=True))
        split = _ratios if entry.ratio else _sums
        found += split(cut, sorted(now.keys() | before.keys()), now, before)
    return found


def _sides(of: dict[str, float], to: dict[str, float]) -> dict[str, Row]:
    return {
        member: {
            "value": of[member] / to[member] if to[member] else None,
            "numerator": of[member],
            "denominator": to[member],
            "sum": of[member],
        }
        for member in of
    }


def strongest(found: list[Member], change: float) -> Member | None:
    """The member that explains more of the change than its size lets expect."""
    fitting = [one for one in found if (one.effect + one.mix) * change > 0 and one.weight < 0.9]
    return max(fitting, key=lambda one: min(1.0, (one.effect + one.mix) / change) - one.weight, default=None)


def _of_dimension(asked: Asked, comparison: Comparison, cut: str) -> list[Member]:
    now = _stored(asked, comparison, cut, comparison.now)
    before = _stored(asked, comparison, cut, comparison.before)
    if now is None or before is None:
        now, before = _asked(asked, comparison, cut, comparison.now), _asked(asked, comparison, cut, comparison.before)
    names = sorted(now.keys() | before.keys())
    if not names:
        return []
    measure = asked.catalogue.kpi(asked.kpi).entry.measure
    if measure is not None and measure.adds_up:
        return _sums(cut, names, now, before)
    if all(row["denominator"] is None for row in (*now.values(), *before.values())):
        now, before = _as_means(now), _as_means(before)
    return _ratios(cut, names, now, before)


def _sums(cut: str, names: list[str], now: dict[str, Row], before: dict[str, Row]) -> list[Member]:
    column = "sum" if any("sum" in row for row in (*now.values(), *before.values())) else "value"
    was = {name: _number(before.get(name), column) for name in names}
    total = sum(abs(value) for value in was.values()) or 1.0
    found = []
    for name in names:
        after = _number(now.get(name), column)
        found.append(Member(cut, name, was[name], after, after - was[name], 0.0, abs(was[name]) / total))
    return found


def _ratios(cut: str, names: list[str], now: dict[str, Row], before: dict[str, Row]) -> list[Member]:
    sides = [
        (np.array([_number(side.get(n), "numerator") for n in names]), np.array([_number(side.get(n), "denominator") for n in names]))
        for side in (before, now)
    ]
    split = rate_and_mix(names, sides[0], sides[1])
    if split.change is None:
        return []
    weight = sides[0][1] / sides[0][1].sum()
    return [
        Member(cut, name, _value(before.get(name)), _value(now.get(name)), float(split.rate[i]), float(split.mix[i]), float(weight[i]))
        for i, name in enumerate(names)
    ]


def _as_means(side: dict[str, Row]) -> dict[str, Row]:
    """A median or score as if it were a mean over its rows: the parts show where it moved, they need not add up to a median's change."""
    return {
        name: row | {"numerator": float(row["value"]) * float(row["rows"]), "denominator": float(row["rows"])}
        for name, row in side.items()
        if row["value"] is not None
    }


def _stored(asked: Asked, comparison: Comparison, cut: str, span: Span) -> dict[str, Row] | None:
    """None where the edition does not hold this cut of this period, whole."""
    if comparison.where or comparison.versus in ("expected", "target") or not _has_values(asked):
        return None
    rows = asked.engine.query(
        f"select member, value, numerator, denominator, rows from main.kpi_values where kpi = {literal(asked.kpi)} "
        f"and grain = {literal(comparison.grain)} and calendar = 'gregorian' and dimension = {literal(cut)} "
        f"and period_start = {literal(span.start)} and period_end = {literal(span.end)} and complete"
    ).to_pylist()
    return {row["member"]: row for row in rows} if rows else None


def _has_values(asked: Asked) -> bool:
    return bool(
        asked.engine.query("select 1 from information_schema.tables where table_schema = 'main' and table_name = 'kpi_values'").num_rows
    )


def _asked(asked: Asked, comparison: Comparison, cut: str, span: Span) -> dict[str, Row]:
    question = Question(asked.kpi, grain=comparison.grain, by=(cut,), where=comparison.where, start=span.start, end=span.end)
    rows = answer(asked.engine, question, asked.settings, as_of=asked.as_of, catalogue=asked.catalogue).to_pylist()
    return {row[cut]: row for row in rows}


def _number(row: Row | None, column: str) -> float:
    return 0.0 if row is None or row[column] is None else float(row[column])


def _value(row: Row | None) -> float | None:
    return None if row is None or row["value"] is None else float(row["value"])
