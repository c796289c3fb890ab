"""The shapes of a scan: how measures become one `select` with a row a period and member.

Most are one `group by` (`grouped`). The others: sums over keys (`per`), what is there at a moment (a running sum of comings and goings, so
that any past day is exact), the days before a moment and the last known value (`moments`), one row a key and a median that counts what has
not ended yet (`placed`). Where an edition's values are computed, rows are first added up for each combination of members (`folded`).
"""

from __future__ import annotations

from collections.abc import Sequence

from nextmove.kpis.columns import Columns
from nextmove.kpis.definition import Measure
from nextmove.kpis.folds import Fold
from nextmove.kpis.frame import Frame
from nextmove.kpis.shapes import folded
from nextmove.kpis.shapes.grouped import grouped
from nextmove.kpis.shapes.moments import last, stock, trailing
from nextmove.kpis.shapes.parts import shared
from nextmove.kpis.shapes.per import per
from nextmove.kpis.shapes.placed import kept, survival


def shares(measure: Measure) -> bool:
    """Whether measures of this shape can be read in one pass with others of the same rows."""
    return not (measure.stock or measure.trailing_days or measure.keep or measure.aggregate in ("last", "survival"))


def sql(columns: Columns, measures: Sequence[Measure], frame: Frame) -> str:
    """The scan as SQL."""
    measure = measures[0]
    if measure.stock:
        return stock(columns, measure, frame)
    if measure.trailing_days:
        return trailing(columns, measure, frame)
    if measure.keep:
        return kept(columns, measure, frame)
    if measure.aggregate == "last":
        return last(columns, measure, frame)
    if measure.aggregate == "survival" and not measure.per:
        return survival(columns, measure, frame)
    return per(shared(columns, measures, frame)) if measure.per else grouped(shared(columns, measures, frame))


def folds(columns: Columns, measures: Sequence[Measure], frame: Frame) -> bool:
    """Whether a scan of these measures can be told by dimensions that go together."""
    return shares(measures[0]) and folded.folds(shared(columns, measures, frame))


def folded_sql(columns: Columns, measures: Sequence[Measure], frame: Frame, fold: Fold) -> str:
    """The scan by dimensions that go together."""
    return folded.folded(shared(columns, measures, frame), fold)
