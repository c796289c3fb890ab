"""What the shapes of a scan have in common: the rows that are read, and the pieces of a `select`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from nextmove.kpis.columns import Columns
from nextmove.kpis.definition import Measure
from nextmove.kpis.frame import DIMENSION_ASKED, Frame
from nextmove.kpis.inlined import relation_of


@dataclass(frozen=True)
class Rows:
    """The rows that a scan reads: relations, conditions, and where the period's id stands."""

    read: str
    limits: tuple[str, ...]
    period: str

    @property
    def sql(self) -> str:
        return f"{self.read}\n{where(self.limits)}"

    def beside(self, keys: str, key: str) -> Rows:
        """Only the rows of these keys (`period_id`, `key`), which may be null."""
        join = f"join ({keys}) as several on several.period_id = {self.period} and several.key is not distinct from {key}"
        return replace(self, read=f"{self.read}\n{join}")


@dataclass(frozen=True)
class Shared:
    """Measures that are read in one pass: each with the condition that is its alone."""

    each: Sequence[Columns]
    within: Sequence[str | None]
    rows: Rows

    @property
    def columns(self) -> Columns:
        return self.each[0]

    @property
    def measures(self) -> Sequence[Measure]:
        return [one.measure for one in self.each]

    @property
    def numbered(self) -> Sequence[tuple[int, Columns, str | None]]:
        return [(n, one, condition) for n, (one, condition) in enumerate(zip(self.each, self.within, strict=True))]

    @cached_property
    def same(self) -> Sequence[int]:
        """For each measure the first one that aggregates the same rows to the same."""
        said = [(aggregate(one, one.measure, within=condition), condition) for _, one, condition in self.numbered]
        return [said.index(each) for each in said]

    @property
    def unlike(self) -> Sequence[tuple[int, Columns, str | None]]:
        return [each for each in self.numbered if self.same[each[0]] == each[0]]


def shared(columns: Columns, measures: Sequence[Measure], frame: Frame) -> Shared:
    """Conditions that all measures share are conditions of the pass; a row that none of them counts is not read."""
    each = [replace(columns, measure=measure) for measure in measures]
    conditions = [one.sql(one.measure.where) if one.measure.where else None for one in each]
    common = len(set(conditions)) == 1
    read, period = reading(columns, frame, periods=any(one.needs_period for one in each), beside=not columns.sets)
    limits = days_read(columns) + columns.limits()
    known = [condition for condition in dict.fromkeys(conditions) if condition]
    if common and known:
        limits.append(f"({known[0]})")
    elif all(conditions):
        limits.append("(" + " or ".join(f"({condition})" for condition in known) + ")")
    return Shared(each, [None if common else condition for condition in conditions], Rows(read, tuple(limits), period))


def reading(columns: Columns, frame: Frame, *, periods: bool = False, beside: bool = True) -> tuple[str, str]:
    """The relations that a scan reads, and where the period's id stands."""
    dated, period = columns.period()
    lines = [f"from {columns.rolled or relation_of(columns.fact, frame)} as f", *dated]
    if periods or columns.needs_period:
        lines.append(f"join {frame.periods} as p on p.id = {period}")
    return "\n".join(lines + columns.joins(beside=beside)), period


def days_read(columns: Columns) -> list[str]:
    if columns.rolled:
        return columns.frame.within(columns.period()[1])
    return [] if columns.fact.per_period else columns.range()


def aggregate(columns: Columns, measure: Measure, *, within: str | None = None) -> str:
    """The aggregate of a measure; `within` limits it to some rows of the scan."""
    expression = "*" if measure.count else columns.sql(measure.expression)
    filtered = filter_of(within)
    match measure.aggregate:
        case "sum":
            return f"coalesce(sum({expression}){filtered}, 0)"
        case "count":
            return rows_of(columns, within)
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


def rows_of(columns: Columns, within: str | None = None) -> str:
    """How many rows of the fact there are."""
    return f"coalesce(sum(f.lines){filter_of(within)}, 0)" if columns.rolled else f"count(*){filter_of(within)}"


def filter_of(condition: str | None) -> str:
    return f" filter (where {condition})" if condition else ""


def group_by(columns: Columns) -> str:
    return ", ".join(str(n + 1) for n in range(len(columns.dimensions) + 1))


def listed(items: Sequence[str]) -> str:
    return ",\n    ".join(items)


def where(conditions: Sequence[str]) -> str:
    return "where " + "\n    and ".join(conditions) if conditions else ""


def own_where(columns: Columns, measure: Measure) -> list[str]:
    return [f"({columns.sql(measure.where)})"] if measure.where else []


def unpriced(columns: Columns, source: str = "f.unpriced") -> list[str]:
    return [f"max({source}) as unpriced_0"] if columns.priced else []


def told_for(frame: Frame) -> str:
    """In a frame of several dimensions a key stands once for each."""
    return f", {DIMENSION_ASKED}" if frame.beside else ""
