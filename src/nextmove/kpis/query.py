"""Ask for the values of a KPI.

>>> answer(engine, Question("net_sales", grain="month", by=("region",)), settings, as_of=day)  # doctest: +SKIP

The answer has one row a period and member: `kpi, period_start, period_end, <dimensions>, value, numerator, denominator, rows,
complete, immature, coverage, unit`, and with `versus` also `versus_value` and `change`.
"""

from __future__ import annotations

import datetime as dt
import textwrap
from dataclasses import replace
from typing import TYPE_CHECKING

from nextmove.engine import Engine, literal
from nextmove.errors import UserError
from nextmove.facts import parameters
from nextmove.kpis.catalogue import Catalogue, load_catalogue
from nextmove.kpis.compile import Compiler, maturity
from nextmove.kpis.frame import ONE_DAY, Frame, asked_periods
from nextmove.kpis.needs import require
from nextmove.kpis.priced import priced_facts
from nextmove.kpis.question import Checked, Question, check
from nextmove.kpis.scans import Plan
from nextmove.kpis.targets import versus_target
from nextmove.settings import Settings
from nextmove.tables.calendar import calendar_of

if TYPE_CHECKING:
    import pyarrow as pa

COLUMNS = ("value", "numerator", "denominator", "rows", "complete", "immature", "coverage", "unit")


def answer(engine: Engine, question: Question, settings: Settings, *, as_of: dt.date, catalogue: Catalogue | None = None) -> pa.Table:
    """The values of a KPI as they stood at the end of `as_of`."""
    catalogue = catalogue or load_catalogue()
    checked = check(question, catalogue)
    require(engine, catalogue, checked.kpi)
    sql = compiled_sql(question, settings, as_of=as_of, catalogue=catalogue, priced=priced_facts(engine, catalogue))
    found = engine.query(sql)
    _all_priced(engine, found)
    return found.drop_columns(["unpriced"])


def compiled_sql(
    question: Question,
    settings: Settings,
    *,
    as_of: dt.date,
    catalogue: Catalogue | None = None,
    priced: frozenset[str] = frozenset(),
) -> str:
    """The SQL that answers the question; it runs as it stands. In the facts `priced` no row lacks a rate of exchange."""
    catalogue = catalogue or load_catalogue()
    checked = check(question, catalogue)
    frame = replace(frame_of(checked, settings, as_of=as_of), priced=priced)
    plan = Plan(catalogue)
    plan.frames[frame.periods] = frame
    compiler = Compiler(catalogue, calendar_of(settings), plan)
    relation = compiler.kpi(checked.kpi, frame)
    young = maturity(checked.kpi, plan, frame)
    extra, joins = _versus(compiler, checked, relation, frame, pace=checked.pace or settings.definitions.pace)
    return _heading(checked, as_of) + _told(checked, plan, relation, frame, young, extra, joins)


def frame_of(checked: Checked, settings: Settings, *, as_of: dt.date) -> Frame:
    """The frame of a checked question."""
    question = checked.question
    first, last = asked_periods(calendar_of(settings), name=question.calendar, grain=checked.grain, start=question.start, end=question.end)
    where: dict[str, tuple[str, ...]] = {}
    for name, member in question.where:
        where[name] = (*where.get(name, ()), member)
    return Frame(
        calendar=question.calendar,
        grain=checked.grain,
        first=first,
        last=last,
        as_of=as_of,
        seen=as_of + ONE_DAY,
        parameters=parameters(settings),
        by=question.by,
        where=tuple(where.items()),
        scope=question.scope,
    )


def _versus(compiler: Compiler, checked: Checked, relation: str, frame: Frame, *, pace: str) -> tuple[str, str]:
    """More columns, and the joins that they need."""
    match checked.question.versus:
        case None:
            return "", ""
        case "target":
            return versus_target(checked.kpi, frame, compiler, pace=pace)
        case move:
            earlier = frame.back(move, compiler.calendar)
            before = compiler.kpi(checked.kpi, earlier)
            same = " and ".join([f"b.period_id = p.{move}_id", *(f"b.{name} = k.{name}" for name in frame.by)])
            change = "cast(k.value as double) / nullif(cast(b.value as double), 0) - 1"
            return f",\n    b.value as versus_value,\n    {change} as change", f"left join {before} as b on {same}\n"


def _told(checked: Checked, plan: Plan, relation: str, frame: Frame, young: str, extra: str, joins: str) -> str:
    steps = ",\n".join(f"{plan.about(name)}{name} as (\n{textwrap.indent(sql, '    ')}\n)" for name, sql in plan.steps())
    dims = "".join(f"    k.{name},\n" for name in frame.by)
    order = ", ".join(["period_start", *(f"k.{name}" for name in frame.by)])
    entry = checked.kpi.entry
    rows = f"-- One row a period{' and member' if frame.by else ''}.\n"
    return (
        f"with\n{steps}\n{rows}select\n    {literal(entry.id)} as kpi,\n"
        f"    p.start_day as period_start,\n    p.end_day as period_end,\n{dims}"
        f"    k.value,\n    k.numerator,\n    k.denominator,\n    k.rows,\n    p.end_day <= {literal(frame.as_of + ONE_DAY)} as complete,\n"
        f"    {young} as immature,\n    k.coverage,\n    {literal(entry.unit)} as unit,\n"
        f"    k.unpriced{extra}\n"
        f"from {relation} as k\njoin {frame.periods} as p on p.id = k.period_id\n{joins}order by {order}\n"
    )


def _heading(checked: Checked, as_of: dt.date) -> str:
    from nextmove.kpis.words import described

    cut = f" by {', '.join(checked.question.by)}" if checked.question.by else ""
    chosen = "".join(f"-- {key} = {value}\n" for key, value in checked.kpi.chosen.items())
    note = "-- `unpriced` names a currency without a rate of exchange: then the value is not whole.\n"
    first = f"-- {checked.kpi.id}{cut}, by {checked.grain} ({checked.question.calendar} calendar), as of {as_of}\n"
    return f"{first}-- {described(checked.kpi)}\n{chosen}{note}"


def _all_priced(engine: Engine, found: pa.Table) -> None:
    """Refuse an answer that a missing rate of exchange would make too small."""
    missing = [value for value in found["unpriced"].unique().to_pylist() if value is not None]
    if missing:
        raise unpriced_error(engine, missing[0], found)


def unpriced_error(engine: Engine, currency: str, found: pa.Table) -> UserError:
    """Which currency has no rate, and since when it would be needed."""
    import pyarrow.compute as pc

    touched = found.filter(pc.equal(found["unpriced"], currency))
    start, end = pc.min(touched["period_start"]).as_py(), pc.max(touched["period_end"]).as_py()
    days = f"select min(day) from facts.lines where unpriced = {literal(currency)} and day >= {literal(start)} and day < {literal(end)}"
    try:
        day = engine.query(days).column(0)[0].as_py()
    except Exception:  # an edition does not keep all lines; the period tells it as well
        day = None
    return no_rate(currency, f"{day or start} or before")


def no_rate(currency: str, when: str) -> UserError:
    """A currency that cannot be told in the reporting currency."""
    return UserError(
        f"There is no rate of exchange for {currency} on {when}.",
        where="exchange_rates",
        hint="nextmove load exchange_rates.csv --table exchange_rates",
    )
