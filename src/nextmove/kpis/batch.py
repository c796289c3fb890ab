"""All values at once, for an edition: every KPI, its dimensions, week to year, in shared passes.

One plan covers all KPIs of a dimension and grain: measures of the same rows are read together, so the cost is that of the facts
and not of the catalogue. Accounts and products are left to be asked on demand: their members are many and rarely looked at.

After a small load only the periods that it touches are made anew, and those of KPIs whose finished periods still move (cohorts).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import replace

from nextmove.engine import Engine, literal
from nextmove.facts import parameters
from nextmove.kpis.catalogue import Catalogue, Kpi
from nextmove.kpis.compile import Compiler, maturity
from nextmove.kpis.dimensions import dimension
from nextmove.kpis.frame import ONE_DAY, Frame
from nextmove.kpis.needs import missing
from nextmove.kpis.priced import priced_facts
from nextmove.kpis.query import no_rate
from nextmove.kpis.scans import Plan
from nextmove.settings import Settings
from nextmove.tables.calendar import calendar_of

STORED_GRAINS = ("week", "month", "quarter", "year")
WATCHED = ("week", "month")  # cuts are kept at these grains and at the KPI's own cadence; others are asked on demand
NOT_STORED = ("account", "product")

COLUMNS = (
    *("kpi", "grain", "calendar", "dimension", "member", "period_start", "period_end", "value", "numerator", "denominator", "rows"),
    *("complete", "immature", "coverage"),
)
TABLE = """create table if not exists main.kpi_values (
    kpi varchar, grain varchar, calendar varchar, dimension varchar, member varchar, period_start date, period_end date,
    value double, numerator double, denominator double, rows bigint, complete boolean, immature boolean, coverage double
)"""


def compute_values(
    engine: Engine, catalogue: Catalogue, settings: Settings, *, as_of: dt.date, since: dt.date | None = None
) -> None:
    """Fill `main.kpi_values`; with `since`, make anew what ends after that day and leave the rest."""
    kpis = [kpi.under({}) for kpi in catalogue.kpis.values() if not missing(engine, catalogue, kpi)]
    engine.execute(TABLE)
    engine.execute("create or replace table main.lacking (currency varchar, period_start date)")
    priced = priced_facts(engine, catalogue)
    moving = [kpi for kpi in kpis if kpi.entry.moves]
    _forget(engine, moving, since)
    for calendar, grain in stored_periods(settings):
        for cut_by in ("", *_dimensions(engine, kpis)):
            cut = [kpi for kpi in kpis if not cut_by or (cut_by in kpi.entry.cut_by and grain in (*WATCHED, kpi.entry.cadence))]
            frame = replace(_frame(settings, calendar, grain, cut_by, as_of), priced=priced)
            recent = _from_day(frame, since, settings)
            _compute(engine, catalogue, settings, [kpi for kpi in cut if since is None or not kpi.entry.moves], recent)
            if since is not None:
                _compute(engine, catalogue, settings, [kpi for kpi in cut if kpi.entry.moves], frame)
    _refuse_unpriced(engine)


def stored_periods(settings: Settings) -> Iterable[tuple[str, str]]:
    """The calendars and grains that an edition keeps: Gregorian, and the fiscal ones that differ."""
    yield from (("gregorian", grain) for grain in STORED_GRAINS)
    if settings.company.fiscal_year_start_month != 1:
        yield from (("fiscal", grain) for grain in ("quarter", "year"))


def _dimensions(engine: Engine, kpis: Sequence[Kpi]) -> list[str]:
    """Dimensions that are kept; one that no row has is left out, since its only member would be the company again."""
    names = [name for name in dict.fromkeys(name for kpi in kpis for name in kpi.entry.cut_by) if name not in NOT_STORED]
    if not engine.query("select 1 from information_schema.tables where table_schema = 'main' and table_name = 'loaded'").num_rows:
        return names
    filled = set(engine.query("select distinct column_name from main.loaded")["column_name"].to_pylist())
    return [name for name in names if dimension(name).column in filled or name == "stage"]


def _forget(engine: Engine, moving: Sequence[Kpi], since: dt.date | None) -> None:
    """Take away what will be made anew."""
    if since is None:
        engine.execute("delete from main.kpi_values")
        return
    named = ", ".join(literal(kpi.id) for kpi in moving) or "null"
    engine.execute(f"delete from main.kpi_values where period_end > {literal(since)} or kpi in ({named})")


def _frame(settings: Settings, calendar: str, grain: str, dimension: str, as_of: dt.date) -> Frame:
    by = (dimension,) if dimension else ()
    seen = as_of + ONE_DAY
    return Frame(calendar, grain, None, None, as_of, seen, parameters(settings), by=by)


def _from_day(frame: Frame, since: dt.date | None, settings: Settings) -> Frame:
    if since is None:
        return frame
    return replace(frame, first=calendar_of(settings).grid(frame.calendar, frame.grain).holding(since))


def _compute(engine: Engine, catalogue: Catalogue, settings: Settings, kpis: Sequence[Kpi], frame: Frame) -> None:
    """One plan: its scans as tables of their own, then all KPIs in one insert."""
    if not kpis:
        return
    plan = Plan(catalogue)
    plan.frames[frame.periods] = frame
    compiler = Compiler(catalogue, calendar_of(settings), plan)
    told = []
    for kpi in kpis:
        relation = compiler.kpi(kpi, frame)
        told.append(_row(kpi, relation, maturity(kpi, plan, frame), frame))
    for name, sql in plan.passes():
        engine.execute(f"create or replace temp table {name} as\n{sql}")
    engine.execute(f"create or replace temp table told as\n{_with(plan.relations)}{_UNION.join(told)}")
    engine.execute(f"insert into main.kpi_values select {', '.join(COLUMNS)} from told")
    engine.execute("insert into main.lacking select unpriced, min(period_start) from told where unpriced is not null group by unpriced")


_UNION = "\nunion all\n"


def _with(relations: Sequence[tuple[str, str]]) -> str:
    steps = ",\n".join(f"{name} as (\n{sql}\n)" for name, sql in relations)
    return f"with {steps}\n" if steps else ""


def _row(kpi: Kpi, relation: str, young: str, frame: Frame) -> str:
    dimension, member = (frame.by[0], f"k.{frame.by[0]}") if frame.by else ("", "''")
    return (
        f"select {literal(kpi.id)} as kpi, {literal(frame.grain)} as grain, {literal(frame.calendar)} as calendar,\n"
        f"    {literal(dimension)} as dimension, {member} as member, p.start_day as period_start, p.end_day as period_end,\n"
        f"    cast(k.value as double) as value, cast(k.numerator as double) as numerator,\n"
        f"    cast(k.denominator as double) as denominator, cast(k.rows as bigint) as rows,\n"
        f"    p.end_day <= {literal(frame.as_of + ONE_DAY)} as complete, {young} as immature,\n"
        f"    cast(k.coverage as double) as coverage, k.unpriced\n"
        f"from {relation} as k join {frame.periods} as p on p.id = k.period_id"
    )


def _refuse_unpriced(engine: Engine) -> None:
    """A number that a missing rate of exchange would make too small is not published."""
    lacking = engine.query("select currency, min(period_start) as day from main.lacking group by currency order by day").to_pylist()
    engine.execute("drop table main.lacking")
    if lacking:
        raise no_rate(str(lacking[0]["currency"]), f"the period that begins on {lacking[0]['day']}")
