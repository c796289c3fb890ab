"""Stays in a stage, as a ratio that adds up: the days that deals stayed ÷ the stays that ended.

A median of durations has no parts, and where deals are stuck most have not ended, so there is no median at all. Days ÷ ends is the mean
duration, with those that still stay counted for as long as they have (the usual estimate for censored durations), and both its
sides add up over stages, representatives and sources.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

from nextmove.engine import literal, name
from nextmove.insights.explain.ground import has_table
from nextmove.kpis import Kpi

if TYPE_CHECKING:
    import pyarrow as pa

    from nextmove.insights.explain.compare import Asked, Span

FACT = "facts.stage_stays"
COLUMN_OF = {"rep": "rep_id"}


def of_stays(asked: Asked, kpi: Kpi) -> bool:
    """Whether the KPI is a duration of stays, and the company has them."""
    return kpi.entry.measure is not None and kpi.entry.measure.fact == "stays_so_far" and has_table(asked.engine, FACT)


def stays(asked: Asked, span: Span, cuts: Sequence[str]) -> pa.Table:
    """By all of these dimensions: `numerator` days, `denominator` ends, of the stays that began in the span, as known today."""
    now = literal(asked.as_of + dt.timedelta(days=1))
    keys = ", ".join(f"coalesce({_column(cut)}, '(unknown)') as {name(cut)}" for cut in cuts)
    where = "".join(f" and {_column(cut)} = {literal(member)}" for cut, member in asked.where)
    days = f"extract(epoch from least(coalesce(left_at, {now}), {now}) - entered_at) / 86400"
    return asked.engine.query(
        f"select {keys}{', ' if keys else ''}sum({days}) as numerator, "
        f"cast(count(case when left_at < {now} then 1 end) as double) as denominator, "
        f"sum({days}) / nullif(count(case when left_at < {now} then 1 end), 0) as value, count(*) as rows from {FACT} "
        f"where day >= {literal(span.start)} and day < {literal(span.end)}{where} group by all order by all"
    )


def _column(cut: str) -> str:
    return name(COLUMN_OF.get(cut, cut))
