"""What an edition takes over of the values of the one before: all but those that the loads since then reach.

KPIs that are reached alike are computed together. What is taken over only grows older: a period comes to its end, a cohort is no longer
young.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from nextmove.engine import Engine, literal
from nextmove.kpis.catalogue import Catalogue, Kpi
from nextmove.kpis.compile import maturity
from nextmove.kpis.frame import ONE_DAY, Frame, Span, joined_spans
from nextmove.kpis.reach import ALWAYS, Lookout, Reach, Since, reaches
from nextmove.kpis.scans import Plan
from nextmove.settings import Settings
from nextmove.tables.calendar import Grid, calendar_of


@dataclass(frozen=True)
class Part:
    """KPIs that are asked for the same periods; `frames` are of one grain each."""

    frames: Sequence[Frame]
    kpis: Sequence[Kpi]


def touched(
    engine: Engine, catalogue: Catalogue, settings: Settings, kpis: Sequence[Kpi], frames: Sequence[Frame], *, since: Since
) -> list[Part]:
    """Each KPI with the periods in which it may differ; all periods where none of its values is there yet."""
    there = set(engine.query("select distinct kpi from main.kpi_values")["kpi"].to_pylist())
    lookout = Lookout(catalogue, since, frames[0])
    reached = reaches(engine, {kpi.id: lookout.kpi(kpi) for kpi in kpis}, seen=frames[0].seen)
    grids = [calendar_of(settings).grid(frame.calendar, frame.grain) for frame in frames]
    parts: dict[tuple[tuple[Span, ...], ...], list[Kpi]] = {}
    for kpi in kpis:
        reach = reached[kpi.id] if kpi.id in there else Reach(first=ALWAYS)
        spans = tuple(_spans(reach, grid, frame) for grid, frame in zip(grids, frames, strict=True))
        parts.setdefault(spans, []).append(kpi)
    return [
        Part([_limited(frame, grid, own) for frame, grid, own in zip(frames, grids, spans, strict=True)], alike)
        for spans, alike in parts.items()
        if all(spans)
    ]


def _spans(reach: Reach, grid: Grid, frame: Frame) -> tuple[Span, ...]:
    """The ids of the periods that are reached; none where there are none."""
    if reach.first == ALWAYS:
        return ((grid.first_id, None),)
    last = grid.holding(frame.as_of).id
    found = [(each, each) for each in (grid.holding(day).id for day in reach.days)]
    found += [(grid.holding(reach.first).id, last)] if reach.first and reach.first < frame.seen else []
    return tuple((first, None if end == last else end) for first, end in joined_spans(found))


def _limited(frame: Frame, grid: Grid, spans: tuple[Span, ...]) -> Frame:
    first, end = spans[0]
    if first == grid.first_id:
        return frame
    return replace(frame, first=grid.period(first), spans=() if len(spans) == 1 and end is None else spans)


def forget(engine: Engine, parts: Sequence[Part], kpis: Sequence[Kpi]) -> None:
    """Take away what was computed again, and KPIs that are no longer."""
    engine.execute(f"delete from main.kpi_values where kpi not in ({_named(kpis)})")
    for part in parts:
        periods = " union all ".join(
            f"select {literal(frame.calendar)}, {literal(frame.grain)}, start_day from ({frame.periods_sql}) as asked"
            for frame in part.frames
        )
        engine.execute(f"delete from main.kpi_values where kpi in ({_named(part.kpis)}) and (calendar, grain, period_start) in ({periods})")


def _named(kpis: Sequence[Kpi]) -> str:
    return ", ".join(literal(kpi.id) for kpi in kpis) or "null"


def grow_older(engine: Engine, catalogue: Catalogue, settings: Settings, kpis: Sequence[Kpi], frame: Frame, *, since: Since) -> None:
    """Periods that have come to their end are complete; a cohort is immature as long as its KPI says."""
    seen = literal(frame.as_of + ONE_DAY)
    engine.execute(
        f"update main.kpi_values set complete = true where period_end > {literal(since.unseen)} and period_end <= {seen} and not complete"
    )
    plan = Plan(catalogue)
    told = {kpi.id: maturity(kpi, plan, replace(frame, parameters={**frame.parameters, **kpi.parameters})) for kpi in kpis}
    young = {kpi: sql for kpi, sql in told.items() if sql != "false"}
    if not young:
        return
    steps = ",\n".join(f"{name} as (\n{sql}\n)" for name, sql in plan.relations)
    listed = ", ".join(literal(kpi) for kpi in young)
    cases = "\n".join(f"when {literal(kpi)} then {sql}" for kpi, sql in young.items())
    engine.execute(
        f"update main.kpi_values as k set immature = now.immature\nfrom (\n{f'with {steps}' if steps else ''}\n"
        f"select kpi, end_day, case kpi {cases} end as immature\n"
        f"from (select distinct kpi, period_end as end_day from main.kpi_values where kpi in ({listed})) as p\n) as now\n"
        f"where now.kpi = k.kpi and now.end_day = k.period_end and now.immature is distinct from k.immature"
    )
