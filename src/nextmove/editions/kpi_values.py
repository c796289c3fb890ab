"""The KPI values of an edition: every KPI for the company at every grain, and by each of its dimensions by month and at its own cadence.

All KPIs of one grain and dimension are computed together, so that those over the same rows share one pass. Cuts by account and by
product have as many members as rows nearly, and are asked of the facts when somebody wants them, as are other grains and calendars.
A dimension that no row has is left out: its only member would be the company again.
"""

from __future__ import annotations

import datetime as dt
import textwrap
from collections.abc import Iterable
from itertools import product

from nextmove.engine import Engine, literal
from nextmove.facts import parameters
from nextmove.kpis import Catalogue, Kpi
from nextmove.kpis.compile import Compiler, maturity
from nextmove.kpis.dimensions import dimension as dimension_called
from nextmove.kpis.frame import ONE_DAY, Frame
from nextmove.kpis.needs import missing, others
from nextmove.kpis.scans import Plan
from nextmove.settings import Settings
from nextmove.tables.calendar import calendar_of

GRAINS = ("week", "month", "quarter", "year")
LEFT_TO_ASK = frozenset({"account", "product"})
CALENDAR = "gregorian"
COMPANY = ""  # the dimension of a value that is not cut
_NUMBER = "decimal(38, 10)"  # one exact type for money, counts and ratios

_TABLE = f"""create table if not exists main.kpi_values (
    kpi varchar, grain varchar, calendar varchar, dimension varchar, member varchar, period_start date, period_end date,
    value {_NUMBER}, numerator {_NUMBER}, denominator {_NUMBER}, rows bigint,
    complete boolean, immature boolean, coverage {_NUMBER}, unpriced varchar)"""


def write_kpi_values(
    engine: Engine, catalogue: Catalogue, settings: Settings, *, as_of: dt.date, since: dt.date | None = None
) -> dict[str, str]:
    """Write `main.kpi_values`; with `since`, only periods that end after that day. Returns the KPIs that stay silent, and why."""
    engine.execute(_TABLE)
    silent, able = dict[str, str](), list[Kpi]()
    for kpi in catalogue.kpis.values():
        lacking = missing(engine, catalogue, kpi)
        if lacking:
            silent[kpi.id] = f"{kpi.id} needs {', '.join(lacking)}, which is not loaded."
        else:
            able.append(kpi)
    _forget(engine, catalogue, able, since=since)
    for whole in (True,) if since is None else (True, False):
        chosen = [kpi for kpi in able if since is None or _moves_back(catalogue, kpi) == whole]
        _insert_all(engine, catalogue, settings, chosen, as_of=as_of, since=None if whole else since)
    return silent | _refuse_unpriced(engine)


def _insert_all(
    engine: Engine, catalogue: Catalogue, settings: Settings, kpis: list[Kpi], *, as_of: dt.date, since: dt.date | None
) -> None:
    for dimension, grain in product(_dimensions(engine, kpis), GRAINS):
        cut = [kpi for kpi in kpis if _is_kept(kpi, dimension=dimension, grain=grain)]
        if cut:
            frame = _frame(settings, grain=grain, dimension=dimension, as_of=as_of, since=since)
            _insert(engine, catalogue, settings, cut, frame=frame, dimension=dimension)


def _is_kept(kpi: Kpi, *, dimension: str, grain: str) -> bool:
    return dimension == COMPANY or (dimension in kpi.entry.cut_by and grain in ("month", kpi.entry.cadence))


def _moves_back(catalogue: Catalogue, kpi: Kpi) -> bool:
    """Whether later data may change a period that is over, as a cohort does that goes on to convert."""
    return bool(kpi.entry.matures or kpi.entry.immature_days) or any(_moves_back(catalogue, other) for other in others(catalogue, kpi))


def _forget(engine: Engine, catalogue: Catalogue, able: Iterable[Kpi], *, since: dt.date | None) -> None:
    """Delete what is computed anew."""
    if since is None:
        engine.execute("delete from main.kpi_values")
        return
    keeping = [kpi.id for kpi in able if not _moves_back(catalogue, kpi)]
    listed = ", ".join(literal(each) for each in keeping) or "null"
    engine.execute(f"delete from main.kpi_values where period_end > {literal(since)} or coalesce(kpi not in ({listed}), true)")


def _dimensions(engine: Engine, kpis: Iterable[Kpi]) -> list[str]:
    filled = set(engine.query("select distinct column_name from main.loaded")["column_name"].to_pylist())
    cuts = {name for kpi in kpis for name in kpi.entry.cut_by} - LEFT_TO_ASK
    return [COMPANY, *sorted(name for name in cuts if dimension_called(name).column in filled)]


def _frame(settings: Settings, *, grain: str, dimension: str, as_of: dt.date, since: dt.date | None) -> Frame:
    return Frame(
        calendar=CALENDAR,
        grain=grain,
        first=calendar_of(settings).grid(CALENDAR, grain).holding(since) if since else None,
        last=None,
        as_of=as_of,
        seen=as_of + ONE_DAY,
        parameters=parameters(settings),
        by=(dimension,) if dimension else (),
    )


def _insert(engine: Engine, catalogue: Catalogue, settings: Settings, kpis: list[Kpi], *, frame: Frame, dimension: str) -> None:
    plan = Plan(catalogue)
    plan.frames[frame.periods] = frame
    compiler = Compiler(catalogue, calendar_of(settings), plan)
    member = f"k.{dimension}" if dimension else "''"
    told = []
    for kpi in kpis:
        relation = compiler.kpi(kpi, frame)
        young = maturity(kpi, plan, frame)
        numbers = ", ".join(f"cast(k.{side} as {_NUMBER})" for side in ("value", "numerator", "denominator"))
        subject = f"{literal(kpi.id)}, {literal(frame.grain)}, {literal(CALENDAR)}, {literal(dimension)}, {member}"
        told.append(
            f"select {subject}, p.start_day, p.end_day, {numbers},"
            f" cast(k.rows as bigint), p.end_day <= {literal(frame.seen)}, {young}, cast(k.coverage as {_NUMBER}), k.unpriced"
            f" from {relation} as k join {frame.periods} as p on p.id = k.period_id"
        )
    steps = ",\n".join(f"{name} as (\n{textwrap.indent(sql, '    ')}\n)" for name, sql in plan.steps())
    engine.execute(f"insert into main.kpi_values with {steps}\n" + "\nunion all\n".join(told))


def _refuse_unpriced(engine: Engine) -> dict[str, str]:
    """A KPI of which some line has no rate of exchange would be too small: it stays silent and says which currency."""
    rows = engine.query("select kpi, min(unpriced) as currency from main.kpi_values where unpriced is not null group by kpi").to_pylist()
    for row in rows:
        engine.execute(f"delete from main.kpi_values where kpi = {literal(row['kpi'])}")
    return {row["kpi"]: f"{row['kpi']} needs a rate of exchange for {row['currency']}." for row in rows}
