"""All values at once, for an edition: every KPI, its dimensions, week to year, in shared passes.

One plan covers all KPIs, grains and dimensions that can be told together (`wide`): measures of the same rows are read in one pass, and what
a KPI makes of them is one query. So the cost is that of the facts, not of the catalogue, nor of planning thousands of statements.
Accounts and products are left to be asked on demand: their members are many and rarely looked at.

After a small load only the KPIs and periods that it reaches are made anew (`reach`); the others are taken over (`taken_over`).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import pyarrow as pa

from nextmove.engine import Distant, Engine, literal
from nextmove.facts import parameters
from nextmove.kpis.catalogue import Catalogue, Kpi
from nextmove.kpis.compile import Compiler, maturity
from nextmove.kpis.dimensions import DIMENSIONS, dimension
from nextmove.kpis.folds import Folds
from nextmove.kpis.frame import DIMENSION, MEMBER, ONE_DAY, Frame
from nextmove.kpis.inlined import by_the_cut
from nextmove.kpis.needs import others, reads_predictions, with_data
from nextmove.kpis.priced import priced_facts
from nextmove.kpis.query import no_rate
from nextmove.kpis.reach import Since
from nextmove.kpis.scans import Plan
from nextmove.kpis.stretches import Stretches
from nextmove.kpis.taken_over import Part, forget, grow_older, touched
from nextmove.kpis.wide import Wide, wide
from nextmove.settings import Settings
from nextmove.tables.calendar import calendar_of

STORED_GRAINS = ("week", "month", "quarter", "year")
WATCHED = ("week", "month")  # cuts are kept at these grains and at the KPI's own cadence; others are asked on demand
NOT_STORED = ("account", "product")

_READ = re.compile(r"\b(?:from|join)\s+(\w+)")

COLUMNS = (
    *("kpi", "grain", "calendar", "dimension", "member", "period_start", "period_end", "value", "numerator", "denominator", "rows"),
    *("complete", "immature", "coverage"),
)
_TYPED = """
    kpi varchar, grain varchar, calendar varchar, dimension varchar, member varchar, period_start date, period_end date,
    value double, numerator double, denominator double, rows bigint, complete boolean, immature boolean, coverage double"""
TABLE = f"create table if not exists main.kpi_values ({_TYPED})"
TOLD = f"create temp table told ({_TYPED}, unpriced varchar)"


def compute_values(
    engine: Engine,
    catalogue: Catalogue,
    settings: Settings,
    *,
    as_of: dt.date,
    since: Since | None = None,
    predicted: Callable[[], object] | None = None,
    brought: Brought | None = None,
) -> None:
    """Fill `main.kpi_values`; with `since`, make anew what can differ since then and leave the rest.

    `predicted` waits for predictions that are being made meanwhile: KPIs that read these come last. Of what `values_there` has
    `brought`, nothing is computed.
    """
    engine.execute(TABLE)
    engine.execute("drop table if exists told")
    engine.execute(TOLD)
    frames = [_frame(settings, calendar, grain, as_of) for calendar, grain in stored_periods(settings)]
    batch, parts, all_kpis = Batch(engine, catalogue, settings), list[Part](), list[Kpi]()
    priced = priced_facts(engine, catalogue)
    for kpis in _in_turn(engine, catalogue, predicted, but=brought.kpis if brought else frozenset()):
        found = [Part(frames, kpis)] if since is None else touched(engine, catalogue, settings, kpis, frames, since=since)
        kept = _dimensions(engine, kpis)
        for part in found:
            for ask in _asks(catalogue, part, kept):
                batch.compute(ask.told, [replace(frame, priced=priced) for frame in ask.frames])
        parts, all_kpis = parts + found, all_kpis + kpis
    batch.clear()
    if brought is not None:
        engine.write("main.brought", brought.values)
        engine.execute("insert into told by name select * from main.brought")
        engine.execute("drop table main.brought")
    _refuse_unpriced(engine)
    if since is None:
        engine.execute("delete from main.kpi_values")
    else:
        forget(engine, parts, all_kpis)
        grow_older(engine, catalogue, settings, all_kpis, frames[0], since=since)
    engine.execute(f"insert into main.kpi_values select {', '.join(COLUMNS)} from told")
    engine.execute("drop table told")


@dataclass(frozen=True)
class Brought:
    """Values that were worked out elsewhere, and of which KPIs."""

    values: pa.Table
    kpis: frozenset[str]


def values_there(
    far: Distant, kpis: Sequence[Kpi], edition: Engine, catalogue: Catalogue, settings: Settings, *, as_of: dt.date
) -> Brought:
    """What `compute_values` tells of these KPIs, worked out by a distant engine of its facts.

    Facts are neither added up first nor read by stretches there: both go by what only DuckDB has.
    """
    far.execute("drop table if exists told")
    far.execute(TOLD)
    told = [kpi.under({}) for kpi in kpis]
    frames = [_frame(settings, calendar, grain, as_of) for calendar, grain in stored_periods(settings)]
    batch, priced = Batch(far, catalogue, settings), priced_facts(far, catalogue)
    for ask in _asks(catalogue, Part(frames, told), _dimensions(edition, told)):
        batch.compute(ask.told, [replace(frame, priced=priced) for frame in ask.frames])
    batch.clear()
    values = far.stream(f"select {', '.join((*COLUMNS, 'unpriced'))} from told").read_all()
    far.execute("drop table told")
    return Brought(values, frozenset(kpi.id for kpi in kpis))


def _in_turn(engine: Engine, catalogue: Catalogue, predicted: Callable[[], object] | None, *, but: frozenset[str]) -> Iterable[list[Kpi]]:
    """The KPIs that have data; where predictions are still being made, first those that do without."""
    if predicted is None:
        yield [kpi.under({}) for kpi in with_data(engine, catalogue) if kpi.id not in but]
        return
    for late in (False, True):
        if late:
            predicted()
        yield [kpi.under({}) for kpi in with_data(engine, catalogue) if reads_predictions(catalogue, kpi) == late]


def stored_periods(settings: Settings) -> Iterable[tuple[str, str]]:
    """The calendars and grains that an edition keeps: Gregorian, and the fiscal ones that differ."""
    yield from (("gregorian", grain) for grain in STORED_GRAINS)
    if settings.company.fiscal_pattern != "months":
        yield from (("fiscal", grain) for grain in ("month", "quarter", "year"))
    elif settings.company.fiscal_year_start_month != 1:
        yield from (("fiscal", grain) for grain in ("quarter", "year"))


@dataclass(frozen=True)
class Told:
    """A KPI and the dimensions that it is told by."""

    kpi: Kpi
    cuts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ask:
    """What is computed together: KPIs over frames of one grain each."""

    frames: Sequence[Frame]
    told: Sequence[Told]


def _asks(catalogue: Catalogue, part: Part, kept: Sequence[str]) -> Iterable[Ask]:
    """The company as a whole at all grains; cuts at the watched grains, and at the cadence of KPIs that have another."""
    yield Ask(part.frames, [Told(kpi) for kpi in part.kpis])
    cut = [Told(kpi, tuple(name for name in kept if name in kpi.entry.cut_by)) for kpi in part.kpis]
    yield from cut_asks(catalogue, [frame for frame in part.frames if frame.grain in WATCHED], cut)
    for grain in [grain for grain in STORED_GRAINS if grain not in WATCHED]:
        own = [told for told in cut if told.kpi.entry.cadence == grain]
        yield from cut_asks(catalogue, [frame for frame in part.frames if frame.grain == grain], own)


def cut_asks(catalogue: Catalogue, frames: Sequence[Frame], cut: Sequence[Told]) -> Iterable[Ask]:
    """KPIs by their dimensions at the grains of `frames`, together.

    A KPI for which not every dimension means the same to all its measures is asked for each alone.
    """
    together, alone = ([told for told in cut if told.cuts and _apart(catalogue, told) == each] for each in (False, True))
    yield Ask(frames, together)
    for frame in frames:
        for name in dict.fromkeys(name for told in alone for name in told.cuts):
            yield Ask([replace(frame, by=(name,))], [replace(told, cuts=(name,)) for told in alone if name in told.cuts])


def _apart(catalogue: Catalogue, told: Told) -> bool:
    """Whether a side of the KPI lacks one of the dimensions, or is made for the one that is asked."""
    entry = told.kpi.entry
    for measure in entry.measures_read():
        whole = any(measure.dimensions.get(name, name) is None for name in told.cuts)
        if whole or by_the_cut(catalogue.fact(measure.fact)):
            return True
    return any(_apart(catalogue, Told(other.under({}), told.cuts)) for other in others(catalogue, told.kpi))


def _dimensions(engine: Engine, kpis: Sequence[Kpi]) -> list[str]:
    """Dimensions that are kept; one that no row has is left out, since its only member would be the company again."""
    names = [name for name in dict.fromkeys(name for kpi in kpis for name in kpi.entry.cut_by) if name not in NOT_STORED]
    if "loaded" not in engine.tables("main"):
        return names
    filled = set(engine.query("select distinct column_name from main.loaded")["column_name"].to_pylist())
    return [name for name in names if dimension(name).column in filled or name == "stage"]


def _frame(settings: Settings, calendar: str, grain: str, as_of: dt.date) -> Frame:
    return Frame(calendar, grain, None, None, as_of, as_of + ONE_DAY, parameters(settings))


@dataclass
class Batch:
    """Computes one plan after the other into `told`; a relation that the plan before left behind is read again as it is."""

    engine: Engine
    catalogue: Catalogue
    settings: Settings
    made: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    read: dict[str, frozenset[str]] = field(default_factory=dict)  # the relations that each is made of

    def compute(self, told: Sequence[Told], frames: Sequence[Frame]) -> None:
        """One plan: its scans as tables of their own, then its KPIs, a few a statement."""
        if not told:
            return
        by = tuple(frames[0].by)
        frame: Frame = frames[0] if by else wide(frames, by=(DIMENSION, MEMBER) if told[0].cuts else ())
        few = isinstance(frame, Wide) and frame.few
        near = self.engine.dialect == "duckdb"
        if isinstance(frame, Wide) and not near:
            frame = replace(frame, anywhere=True)
        as_it_is = few or not near
        plan = Plan(self.catalogue, folds=None if as_it_is else self.folds, stretches=None if as_it_is else self.stretches)
        plan.frames[frame.periods] = frame
        compiler = Compiler(self.catalogue, calendar_of(self.settings), plan)
        cuts_at_once = len(DIMENSIONS) if few else self.cuts_at_once
        made = [_made(compiler, part, frame) for each in told for part in _parts(each, cuts_at_once)]
        self._make(plan, cuts_at_once)
        for n in range(0, len(made), _AT_ONCE):
            self.engine.execute(_insert(made[n : n + _AT_ONCE], frame))

    def _make(self, plan: Plan, cuts_at_once: int) -> None:
        """Make what the plan before left otherwise, and all that reads it."""
        for each in plan.passes(cuts_at_once=cuts_at_once):
            if self.made.get(each.name) != each.sql:
                kind = "table" if each.kept else "view"
                self.engine.execute(f"create or replace temp {kind} {each.name} as\n{each.parts[0]}")
                for part in each.parts[1:]:
                    self.engine.execute(f"insert into {each.name}\n{part}")
                self.kinds[each.name], self.read[each.name] = kind, frozenset(_READ.findall(each.sql))
                self.made = {name: sql for name, sql in self.made.items() if each.name not in self.read[name]} | {each.name: each.sql}

    def clear(self) -> None:
        """Take the relations away again."""
        for name, kind in self.kinds.items():
            self.engine.execute(f"drop {kind} if exists {name} cascade")
        self.folds.clear()

    @cached_property
    def folds(self) -> Folds:
        return Folds(self.engine)

    @cached_property
    def stretches(self) -> Stretches:
        return Stretches(self.engine, calendar_of(self.settings), self.folds.stored)

    @cached_property
    def cuts_at_once(self) -> int:
        """By how many dimensions a fact is cut in one pass: all of a small company; few of a large one, to bound the memory."""
        lines = self.engine.query("select count(*) as lines from facts.sales")["lines"][0].as_py()
        return max(1, _ROWS_AT_ONCE // max(int(lines), 1))


def _parts(told: Told, cuts_at_once: int) -> list[Told]:
    """What is retained reads facts within its own query: in a large company that one goes by few dimensions as well."""
    if not told.kpi.entry.retained or not told.cuts:
        return [told]
    return [replace(told, cuts=told.cuts[n : n + cuts_at_once]) for n in range(0, len(told.cuts), cuts_at_once)]


@dataclass(frozen=True)
class Made:
    """One KPI of a plan: the relations that only it reads, and the query of its rows."""

    relations: Sequence[tuple[str, str]]
    row: str


def _made(compiler: Compiler, told: Told, frame: Frame) -> Made:
    relations = compiler.plan.relations
    before = len(relations)
    own = replace(frame, cuts=told.cuts) if isinstance(frame, Wide) else frame
    relation = compiler.kpi(told.kpi, own)
    row = _row(told, relation, maturity(told.kpi, compiler.plan, own), frame)
    return Made(relations[before:], row)


def _insert(made: Sequence[Made], frame: Frame) -> str:
    """The periods are looked up once for all KPIs of the statement: planning a join costs more than running it."""
    rows = _UNION.join(each.row for each in made)
    told = "p.grain, p.calendar" if isinstance(frame, Wide) else f"{literal(frame.grain)}, {literal(frame.calendar)}"
    return (
        f"insert into told\n{_with([relation for each in made for relation in each.relations])}"
        f"select k.kpi, {told}, k.dimension, k.member, p.start_day, p.end_day,\n"
        f"    k.value, k.numerator, k.denominator, k.rows, p.end_day <= {literal(frame.as_of + ONE_DAY)},\n"
        f"    k.immature, k.coverage, k.unpriced\nfrom (\n{rows}\n) as k\njoin {frame.periods} as p on p.id = k.period_id"
    )


_ROWS_AT_ONCE = 10_000_000  # rows × dimensions of a pass
_AT_ONCE = 8  # KPIs a statement: planning one of a hundred KPIs takes longer than planning a hundred KPIs in small ones
_UNION = "\nunion all\n"


def _with(relations: Sequence[tuple[str, str]]) -> str:
    steps = ",\n".join(f"{name} as (\n{sql}\n)" for name, sql in relations)
    return f"with {steps}\n" if steps else ""


def _row(told: Told, relation: str, young: str, frame: Frame) -> str:
    periods = "" if young == "false" else f" join {frame.periods} as p on p.id = k.period_id"
    dimension, member, asked = _member(told, frame)
    return (
        f"select {literal(told.kpi.id)} as kpi, {dimension} as dimension, {member} as member, k.period_id,\n"
        f"    cast(k.value as double) as value, cast(k.numerator as double) as numerator, cast(k.denominator as double) as denominator,\n"
        f"    cast(k.rows as bigint) as rows, {young} as immature, cast(k.coverage as double) as coverage, k.unpriced\n"
        f"from {relation} as k{periods}{asked}"
    )


def _member(told: Told, frame: Frame) -> tuple[str, str, str]:
    """The dimension and the member of a row, and which rows are wanted: a scan may be cut by what only other KPIs ask."""
    if not frame.by:
        return "''", "''", ""
    if not isinstance(frame, Wide):
        return literal(frame.by[0]), f"k.{frame.by[0]}", ""
    return f"k.{DIMENSION}", f"k.{MEMBER}", f"\nwhere k.{DIMENSION} in ({', '.join(literal(name) for name in told.cuts)})"


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
