"""All values at once, for an edition: every KPI, its dimensions, week to year, in shared passes.

One plan covers all KPIs of a dimension and grain: measures of the same rows are read together, so the cost is that of the facts
and not of the catalogue. Accounts and products are left to be asked on demand: their members are many and rarely looked at.

After a small load only the periods that it touches are made anew, and those of KPIs whose finished periods still move (cohorts).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

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
_TOLD = "create or replace temp table told as select *, cast(null as varchar) as unpriced from main.kpi_values limit 0"


def compute_values(engine: Engine, catalogue: Catalogue, settings: Settings, *, as_of: dt.date, since: dt.date | None = None) -> None:
    """Fill `main.kpi_values`; with `since`, make anew what ends after that day and leave the rest."""
    kpis = [kpi.under({}) for kpi in catalogue.kpis.values() if not missing(engine, catalogue, kpi)]
    engine.execute(TABLE)
    engine.execute(_TOLD)
    priced = priced_facts(engine, catalogue)
    moving = [kpi for kpi in kpis if kpi.entry.moves]
    batch = Batch(engine, catalogue, settings)
    for calendar, grain in stored_periods(settings):
        for cut_by in ("", *_dimensions(engine, kpis)):
            cut = [kpi for kpi in kpis if not cut_by or (cut_by in kpi.entry.cut_by and grain in (*WATCHED, kpi.entry.cadence))]
            frame = replace(_frame(settings, calendar, grain, cut_by, as_of), priced=priced)
            recent = _from_day(frame, since, settings)
            batch.compute([kpi for kpi in cut if since is None or not kpi.entry.moves], recent)
            if since is not None:
                batch.compute([kpi for kpi in cut if kpi.entry.moves], frame)
    _refuse_unpriced(engine)
    _forget(engine, moving, since)
    engine.execute(f"insert into main.kpi_values select {', '.join(COLUMNS)} from told")
    engine.execute("drop table told")


def stored_periods(settings: Settings) -> Iterable[tuple[str, str]]:
    """The calendars and grains that an edition keeps: Gregorian, and the fiscal ones that differ."""
    yield from (("gregorian", grain) for grain in STORED_GRAINS)
    if settings.company.fiscal_pattern != "months":
        yield from (("fiscal", grain) for grain in ("month", "quarter", "year"))
    elif settings.company.fiscal_year_start_month != 1:
        yield from (("fiscal", grain) for grain in ("quarter", "year"))


def _dimensions(engine: Engine, kpis: Sequence[Kpi]) -> list[str]:
    """Dimensions that are kept; one that no row has is left out, since its only member would be the company again."""
    names = [name for name in dict.fromkeys(name for kpi in kpis for name in kpi.entry.cut_by) if name not in NOT_STORED]
    if "loaded" not in engine.tables("main"):
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


@dataclass
class Batch:
    """Computes one plan after the other into `told`; a relation that the plan before left behind is read again as it is."""

    engine: Engine
    catalogue: Catalogue
    settings: Settings
    made: dict[str, str] = field(default_factory=dict)

    def compute(self, kpis: Sequence[Kpi], frame: Frame) -> None:
        """One plan: its scans as tables of their own, then its KPIs, a few a statement."""
        if not kpis:
            return
        plan = Plan(self.catalogue)
        plan.frames[frame.periods] = frame
        compiler = Compiler(self.catalogue, calendar_of(self.settings), plan)
        told = [_told(compiler, kpi, frame) for kpi in kpis]
        self._make(plan)
        for n in range(0, len(told), _AT_ONCE):
            self.engine.execute(_insert(told[n : n + _AT_ONCE], frame))

    def _make(self, plan: Plan) -> None:
        """Make what the plan before left otherwise, and all that reads it."""
        for name, sql in plan.passes():
            if self.made.get(name) != sql:
                self.engine.execute(f"create or replace temp table {name} as\n{sql}")
                self.made = {other: text for other, text in self.made.items() if name not in text} | {name: sql}


@dataclass(frozen=True)
class Told:
    """One KPI of a plan: the relations that only it reads, and the query of its rows."""

    relations: Sequence[tuple[str, str]]
    row: str


def _told(compiler: Compiler, kpi: Kpi, frame: Frame) -> Told:
    relations = compiler.plan.relations
    before = len(relations)
    relation = compiler.kpi(kpi, frame)
    row = _row(kpi, relation, maturity(kpi, compiler.plan, frame), frame)
    return Told(relations[before:], row)


def _insert(told: Sequence[Told], frame: Frame) -> str:
    """The periods are looked up once for all KPIs of the statement: planning a join costs more than running it."""
    dimension = frame.by[0] if frame.by else ""
    rows = _UNION.join(each.row for each in told)
    return (
        f"insert into told\n{_with([relation for each in told for relation in each.relations])}"
        f"select k.kpi, {literal(frame.grain)}, {literal(frame.calendar)}, {literal(dimension)}, k.member, p.start_day, p.end_day,\n"
        f"    k.value, k.numerator, k.denominator, k.rows, p.end_day <= {literal(frame.as_of + ONE_DAY)},\n"
        f"    k.immature, k.coverage, k.unpriced\nfrom (\n{rows}\n) as k\njoin {frame.periods} as p on p.id = k.period_id"
    )


_AT_ONCE = 8  # KPIs a statement: planning one of a hundred KPIs takes longer than planning a hundred KPIs in small ones
_UNION = "\nunion all\n"


def _with(relations: Sequence[tuple[str, str]]) -> str:
    steps = ",\n".join(f"{name} as (\n{sql}\n)" for name, sql in relations)
    return f"with {steps}\n" if steps else ""


def _row(kpi: Kpi, relation: str, young: str, frame: Frame) -> str:
    member = f"k.{frame.by[0]}" if frame.by else "''"
    periods = "" if young == "false" else f" join {frame.periods} as p on p.id = k.period_id"
    return (
        f"select {literal(kpi.id)} as kpi, {member} as member, k.period_id, cast(k.value as double) as value,\n"
        f"    cast(k.numerator as double) as numerator, cast(k.denominator as double) as denominator,\n"
        f"    cast(k.rows as bigint) as rows, {young} as immature, cast(k.coverage as double) as coverage, k.unpriced\n"
        f"from {relation} as k{periods}"
    )


def _refuse_unpriced(engine: Engine) -> None:
    """A number that a missing rate of exchange would make too small is not published."""
    engine.execute(
        "create or replace table main.lacking as\n"
        "select unpriced as currency, min(period_start) as day from told where unpriced is not null group by unpriced"
    )
    lacking = engine.query("select currency, day from main.lacking order by day").to_pylist()
    engine.execute("drop table main.lacking")
    if lacking:
        raise no_rate(str(lacking[0]["currency"]), f"the period that begins on {lacking[0]['day']}")
