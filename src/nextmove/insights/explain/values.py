"""The values of KPIs in two spans, from where they are cheapest: an edition's own, else asked of the facts.

An edition keeps every KPI of whole weeks, months, quarters and years, for the company and for each member of its dimensions, so
one look brings both spans with all dimensions and all factors of the tree. Anything else (two conditions, a customer, a period that
still runs) is asked of the facts, for all dimensions together where a KPI adds up, else dimension by dimension.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nextmove.engine import literal
from nextmove.insights.explain.ground import has_table
from nextmove.kpis import Kpi, Question, answer

if TYPE_CHECKING:
    import pyarrow as pa

    from nextmove.insights.explain.compare import Asked, Span

ONE_DAY = dt.timedelta(days=1)
NOT_STORED = frozenset({"account", "product"})  # too many members to be kept in an edition
CUT_GRAINS = ("week", "month")  # at which members are kept, beside a KPI's own cadence

Row = dict[str, Any]  # Any: a cell
Members = dict[tuple[str, str], Row]  # (dimension, member) → value, numerator, denominator, rows


@dataclass(frozen=True)
class Kept:
    """What an edition holds of one KPI, period by period: the whole under ("", ""), members where it has them."""

    by_period: Mapping[dt.date, Members]
    cut: bool  # whether members of this grain are kept

    def whole(self, start: dt.date) -> Row | None:
        return self.by_period.get(start, {}).get(("", ""))

    def members(self, span: Span) -> Members:
        """The members of all periods of a span, taken together."""
        found: dict[tuple[str, str], list[Row]] = {}
        for start, rows in self.by_period.items():
            if span.start <= start < span.end:
                for key, row in rows.items():
                    found.setdefault(key, []).append(row)
        return {key: pooled(rows) for key, rows in found.items() if key[0]}


def kept(asked: Asked, kpis: Sequence[str], grain: str, starts: Sequence[dt.date]) -> dict[str, Kept]:
    """Of each KPI what the edition holds in the periods that begin on `starts`; a KPI that it does not hold is left out."""
    if len(asked.where) > 1 or (asked.where and asked.where[0][0] in NOT_STORED) or not has_table(asked.engine, "main.kpi_values"):
        return {}
    rows = asked.engine.query(" union all ".join(_held(asked, kpi, grain, starts) for kpi in dict.fromkeys(kpis))).to_pylist()
    return {kpi: _kept(asked, kpi, grain, [row for row in rows if row["kpi"] == kpi]) for kpi in {row["kpi"] for row in rows}}


def _held(asked: Asked, kpi: str, grain: str, starts: Sequence[dt.date]) -> str:
    """SQL: one KPI, with all members where it is what is asked. Named by equality, a KPI is found in a third of the time of a list."""
    dimension, member = asked.where[0] if asked.where else ("", "")
    cuts = f" and dimension = {literal(dimension)} and member = {literal(member)}" if asked.where or kpi != asked.kpi else ""
    return (
        f"select kpi, dimension, member, period_start, value, numerator, denominator, rows from main.kpi_values "
        f"where kpi = {literal(kpi)} and grain = {literal(grain)} and calendar = 'gregorian' and complete "
        f"and period_start in ({', '.join(map(literal, starts))}){cuts}"
    )


def _kept(asked: Asked, kpi: str, grain: str, rows: list[Row]) -> Kept:
    periods: dict[dt.date, Members] = {}
    for row in rows:
        key = ("", "") if asked.where else (row["dimension"], row["member"])
        periods.setdefault(row["period_start"], {})[key] = row
    cut = not asked.where and grain in (*CUT_GRAINS, asked.catalogue.kpi(kpi).entry.cadence)
    return Kept(periods, cut)


def pooled(rows: Sequence[Row]) -> Row:
    """Several periods or leaves as one: sums add up, values are weighed by the rows behind them."""
    if len(rows) == 1:
        return rows[0]
    counted = [row for row in rows if row["value"] is not None]
    weight = sum(float(row["rows"] or 0) for row in counted)
    mean = sum(float(row["value"]) * float(row["rows"] or 0) for row in counted) / weight if weight else None
    return {
        "value": mean,
        "sum": sum(float(row.get("sum", row["value"]) or 0) for row in rows),
        "numerator": _total(row["numerator"] for row in rows),
        "denominator": _total(row["denominator"] for row in rows),
        "rows": weight,
    }


def _total(values: Iterable[object]) -> float | None:
    known = [float(str(value)) for value in values if value is not None]
    return sum(known) if known else None


def asked_anew(asked: Asked, kpi: str, grain: str, span: Span, by: tuple[str, ...] = ()) -> pa.Table:
    """The KPI in a span that the edition does not hold, one row a period and combination of `by`; a span that ends within its
    period is read as it stood then."""
    question = Question(kpi, grain=grain, by=by, where=asked.where, start=span.start, end=span.end)
    as_of = min(asked.as_of, span.end - ONE_DAY) if span.cut else asked.as_of
    return answer(asked.engine, question, asked.settings, as_of=as_of, catalogue=asked.catalogue)


def adds_over_members(kpi: Kpi) -> bool:
    """Whether the whole is the sum of its members (of a ratio: on both sides); distinct counts, medians and tops are not."""
    entry = kpi.entry
    measures = [entry.measure] if entry.measure else [entry.ratio.of, entry.ratio.to] if entry.ratio else []
    plain = [m.aggregate in ("sum", "count") and not (m.top or m.squares or None in m.dimensions.values()) for m in measures]
    return bool(plain) and all(plain)


def has_stock(kpi: Kpi) -> bool:
    """Whether it counts what is there at a moment: to ask that by many dimensions at once takes long."""
    return any(measure.stock is not None for measure in kpi.entry.all_measures().values())
