"""From a KPI to SQL: readable, commented, and running as it stands.

A KPI becomes a relation with one row a period and member: its value, the two sides of it, the rows behind it, and the share
that it covers. A row is there when rows stand behind one of its sides; a side without rows adds up to 0, a median without
rows is empty. Where a KPI is made of other KPIs, they become relations of the same plan first.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from nextmove.engine import literal
from nextmove.kpis.catalogue import Catalogue, Kpi
from nextmove.kpis.columns import Columns
from nextmove.kpis.definition import Measure, Retained
from nextmove.kpis.folds import Fold
from nextmove.kpis.frame import ONE_DAY, Frame
from nextmove.kpis.scans import Plan, Reference
from nextmove.kpis.wide import Wide
from nextmove.tables.calendar import Calendar

_WORD = re.compile(r"(?<![.:\w'])[a-z_][a-z0-9_]*\b(?!\s*\()")
_SHIFTED_BY = {"previous": "previous_id", "year_ago": "year_ago_id"}


@dataclass(frozen=True)
class Compiler:
    """Adds KPIs to a plan."""

    catalogue: Catalogue
    calendar: Calendar
    plan: Plan

    def kpi(self, kpi: Kpi, frame: Frame) -> str:
        """The name of the relation that holds the KPI's values."""
        frame = _with_parameters(frame, kpi.parameters)
        entry = kpi.entry
        if entry.formula is not None:
            return self._formula(kpi, entry.formula, frame)
        if entry.growth:
            return self._growth(kpi, frame)
        if entry.retained:
            return self._retained(kpi, entry.retained, frame)
        return self._measured(kpi, frame)

    def _measured(self, kpi: Kpi, frame: Frame) -> str:
        entry = kpi.entry
        sides = {name: self.plan.measure(measure, frame) for name, measure in entry.all_measures().items()}
        of, to = entry.numerator or "of", entry.denominator or ("to" if "to" in sides else None)
        covering = {}
        if entry.coverage:
            covering = {"covered": self.plan.measure(entry.coverage.of, frame), "whole": self.plan.measure(entry.coverage.to, frame)}
        value = entry.value or (_quotient(of, to, entry.ratio.times if entry.ratio else 1) if to else of)
        told = entry.measure is None or sides["of"].adds_up
        outcome = Outcome(
            value=_fill_parameters(value, frame),
            numerator=of if told else "null",
            denominator=to or "null",
            coverage=_quotient("covered", "whole", 1) if covering else "null",
        )
        return self.plan.relation(kpi.id, assemble(sides, covering, outcome, frame))

    def _growth(self, kpi: Kpi, frame: Frame) -> str:
        """The same values serve as now and as before; only what a running period is held against is computed apart."""
        growth = kpi.entry.growth
        assert growth is not None
        base = self.catalogue.kpi(growth.of)
        earlier = frame.back(growth.versus, self.calendar)
        now = self.kpi(base, frame.reaching(earlier, growth.versus))
        self.plan.frames.setdefault(frame.periods, frame)
        before = {"whole": now}
        held = earlier.held()
        if held:
            before["cut"] = self.kpi(base, held)
        return self.plan.relation(kpi.id, _grown(now, before, frame, earlier.cut_ids, growth.versus))

    def _formula(self, kpi: Kpi, formula: str, frame: Frame) -> str:
        names = [word for word in dict.fromkeys(_WORD.findall(formula)) if word in self.catalogue.kpis]
        relations = {name: self.kpi(self.catalogue.kpi(name), frame) for name in names}
        dims = "".join(f", k.{name}" for name in frame.by)
        keys = "\n    union\n    ".join(f"select period_id{_listed(frame.by)} from {relation}" for relation in relations.values())
        joins = "\n".join(f"left join {relation} as {name}_ on {_same('k', f'{name}_', frame.by)}" for name, relation in relations.items())
        value = _WORD.sub(lambda m: f"{m[0]}_.value" if m[0] in relations else m[0], _fill_parameters(formula, frame))
        rows = f"greatest({', '.join(f'coalesce({name}_.rows, 0)' for name in names)})"
        unpriced = f"coalesce({', '.join(f'{name}_.unpriced' for name in names)})"
        return self.plan.relation(
            kpi.id,
            f"select k.period_id{dims}, {value} as value, null as numerator, null as denominator, {rows} as rows,\n"
            f"    null as coverage, {unpriced} as unpriced\nfrom (\n    {keys}\n) as k\n{joins}",
        )

    def _retained(self, kpi: Kpi, retained: Retained, frame: Frame) -> str:
        self.plan.frames.setdefault(frame.periods, frame)
        then = frame.back("year_ago", self.calendar, whole=True)
        active = Measure(fact=retained.fact, count="*", where=retained.where)
        cells = self._cells(active, retained.key, frame, then)
        now = cells.active(self.plan) if cells else self._keys(kpi, "active", active, retained.key, frame.uncut().since(then))
        if retained.sum:
            return self._retained_sum(kpi, retained, frame, then, now)
        earlier = now if frame == frame.uncut() else self._then(kpi, active, retained.key, frame, then, cells)
        dims = "".join(f", earlier.{name}" for name in frame.by)
        return self.plan.relation(
            kpi.id,
            f"select p.id as period_id{dims},\n"
            f"    {_divided('count(later.key)', 'count(*)')} as value,\n"
            f"    count(later.key) as numerator, count(*) as denominator, count(*) as rows, null as coverage, null as unpriced\n"
            f"from {frame.periods} as p\njoin {earlier} as earlier on earlier.period_id = p.year_ago_id\n"
            f"left join {now} as later on later.period_id = p.id and later.key = earlier.key\n"
            f"group by {', '.join(str(n + 1) for n in range(len(frame.by) + 1))}",
        )

    def _then(self, kpi: Kpi, active: Measure, key: str, frame: Frame, then: Frame, cells: Cells | None) -> str:
        """The keys that were active a year before, by the dimensions asked."""
        if not cells:
            return self._keys(kpi, "then", active, key, then)
        grouped = self.plan.columns(active, then).grouped("period_id", "key")
        read = f"from {cells.relation} join {cells.fold.relation} as f using (who)"
        where = f"where period_id in (select year_ago_id from {frame.periods})"
        sql = f"select {', '.join(['period_id', *grouped.known, 'key'])}\n{read}\n{where}\ngroup by {grouped.by}"
        return self.plan.relation(f"{kpi.id}_then", sql)

    def _keys(self, kpi: Kpi, when: str, measure: Measure, key: str, frame: Frame) -> str:
        """The keys that were active in each period, cut as the frame says."""
        columns = self.plan.columns(measure, frame)
        dated, period = columns.period()
        grouped = columns.grouped(period, f"f.{key}")
        told = ", ".join([f"{period} as period_id", *grouped.known, f"f.{key} as key"])
        read = "\n".join([f"from facts.{measure.fact} as f", *dated, *grouped.joins, f"where {_active(columns)}"])
        sql = f"select {told}\n{read}\ngroup by {grouped.by}"
        shared = isinstance(frame, Wide) and not frame.by
        return self.plan.keep(f"{measure.fact}_{when}", sql) if shared else self.plan.relation(f"{kpi.id}_{when}", sql)

    def _cells(self, active: Measure, key: str, frame: Frame, then: Frame) -> Cells | None:
        """Each key's combinations of members, now and a year before: the fact is read once, and not again for each dimension."""
        cut = self.plan.columns(active, then)
        fold = self.plan.folds.of(cut.fact) if self.plan.folds and isinstance(then, Wide) and then.by else None
        if not fold or not fold.holds(cut.sets):
            return None
        columns = self.plan.columns(active, frame.since(then))
        dated, period = columns.period()
        read = "\n".join([f"from facts.{active.fact} as f", *dated, f"where {_active(columns)}"])
        told = f"{period} as period_id, {fold.who} as who, f.{key} as key"
        relation = self.plan.keep(f"{active.fact}_cells", f"select {told}\n{read}\ngroup by {period}, {fold.who}, f.{key}")
        return Cells(relation, fold, active.fact)

    def _retained_sum(self, kpi: Kpi, retained: Retained, frame: Frame, then: Frame, earlier: str) -> str:
        summed = Measure(fact=retained.fact, sum=retained.sum)
        sides = {
            "of": self._sum_of_keys(kpi, "now", summed, retained.key, frame, frame, earlier),
            "to": self._sum_of_keys(kpi, "before", summed, retained.key, then, frame, earlier),
        }
        outcome = Outcome(value=_quotient("of", "to", 1), numerator="of", denominator="to", coverage="null")
        return self.plan.relation(kpi.id, assemble(sides, {}, outcome, frame))

    def _sum_of_keys(self, kpi: Kpi, when: str, measure: Measure, key: str, frame: Frame, asked: Frame, keys: str) -> Reference:
        """What the keys active a year before sum to in `frame`: the asked periods, or those of the year before."""
        columns = self.plan.columns(measure, frame)
        self.plan.frames.setdefault(frame.periods, frame)
        dated, period = columns.period()
        grouped = columns.grouped("p.id")
        link = f"p.id = {period}" if frame is asked else f"p.year_ago_id = {period}"
        lines = [
            f"from facts.{measure.fact} as f",
            *dated,
            f"join {asked.periods} as p on {link}",
            f"join {keys} as keys on keys.period_id = p.year_ago_id and keys.key = f.{key}",
            *grouped.joins,
        ]
        cuts = "".join(f", {cut}" for cut in grouped.known)
        unpriced = ", max(f.unpriced) as unpriced_0" if columns.priced else ""
        where = " and ".join([*columns.range(), *columns.limits()])
        read = "\n".join(lines)
        total = f"sum({columns.sql(measure.expression)}) as m0, count(*) as rows_0"
        sql = f"select p.id as period_id{cuts}, {total}{unpriced}\n{read}\nwhere {where}\ngroup by {grouped.by}"
        relation = self.plan.relation(f"{kpi.id}_{when}", sql)
        return Reference(relation, "m0", "rows_0", "unpriced_0" if unpriced else None, columns.dimensions, adds_up=True)


@dataclass(frozen=True)
class Cells:
    """The relation of a fact's active keys (`period_id`, `who`, `key`) in each combination of members."""

    relation: str
    fold: Fold
    fact: str

    def active(self, plan: Plan) -> str:
        """The keys that were active in each period, whatever their members."""
        return plan.keep(f"{self.fact}_active", f"select period_id, key from {self.relation} group by period_id, key")


def _active(columns: Columns) -> str:
    """The rows in which a key is active, of the days that are read."""
    return " and ".join([*columns.range(), *columns.limits(), f"({columns.sql(str(columns.measure.where))})"])


@dataclass(frozen=True)
class Outcome:
    """The arithmetic over named sides, as SQL."""

    value: str
    numerator: str
    denominator: str
    coverage: str


def assemble(sides: Mapping[str, Reference], covering: Mapping[str, Reference], outcome: Outcome, frame: Frame) -> str:
    """Bring the sides together, one row for each period and member that rows stand behind."""
    every = {**sides, **covering}
    relations = list(dict.fromkeys(reference.relation for reference in every.values()))
    behind = [f"coalesce({ref.relation}.{ref.rows}, 0)" for ref in sides.values()]
    rows = behind[0] if len(behind) == 1 else f"greatest({', '.join(dict.fromkeys(behind))})"
    unpriced = [f"{ref.relation}.{ref.unpriced}" for ref in every.values() if ref.unpriced]
    columns = {name: _side(ref) for name, ref in every.items()}
    told = [
        f"{_replaced(outcome.value, columns)} as value",
        f"{_replaced(outcome.numerator, columns)} as numerator",
        f"{_replaced(outcome.denominator, columns)} as denominator",
        f"{rows} as rows",
        f"{_replaced(outcome.coverage, columns)} as coverage",
        f"{first_known(unpriced)} as unpriced",
    ]
    keys = ", ".join(["period_id", *frame.by])
    if any(reference.dimensions != frame.by for reference in every.values()) or len(relations) > 2:
        keys, read = ", ".join(["k.period_id", *(f"k.{name}" for name in frame.by)]), _spine(every, relations, frame)
    else:
        read = f"from {relations[0]}" if len(relations) == 1 else f"from {relations[0]}\nfull join {relations[1]} using ({keys})"
    return f"select\n    {keys},\n    " + ",\n    ".join(told) + f"\n{read}\nwhere {rows} > 0"


def first_known(texts: Sequence[str]) -> str:
    """The first of these that is not null."""
    return f"coalesce({', '.join(texts)})" if texts else "cast(null as varchar)"


def _side(reference: Reference) -> str:
    column = f"{reference.relation}.{reference.column}"
    return f"coalesce({column}, 0)" if reference.adds_up else column


def _spine(sides: Mapping[str, Reference], relations: Sequence[str], frame: Frame) -> str:
    """All periods and members of the sides; a side without a dimension stands whole beside each member of the others."""
    dimensions = {reference.relation: reference.dimensions for reference in sides.values()}
    full = [relation for relation in relations if dimensions[relation] == frame.by]
    keys = "\n    union\n    ".join(f"select period_id{_listed(frame.by)} from {relation}" for relation in full)
    joins = "\n".join(f"left join {relation} on {_same('k', relation, dimensions[relation])}" for relation in relations)
    return f"from (\n    {keys}\n) as k\n{joins}"


def _grown(now: str, before: Mapping[str, str], frame: Frame, cut_ids: Sequence[int], versus: str) -> str:
    """`now` ÷ what was before − 1; a member that was there on one side only has a row."""
    earlier = _SHIFTED_BY[versus]
    columns = f"p.id as period_id{''.join(f', b.{n}' for n in frame.by)}, b.value, b.rows, b.unpriced"
    shifted = f"select {columns}\n    from {frame.periods} as p join {before['whole']} as b on b.period_id = p.{earlier}"
    if cut_ids:
        shifted += f" and b.period_id not in ({', '.join(map(str, cut_ids))})\n    union all\n    select {columns}\n"
        shifted += f"    from {frame.periods} as p join {before['cut']} as b on b.period_id = p.{earlier}"
    value = "coalesce(n.value, 0)", "coalesce(b.value, 0)"
    keys = f"period_id{_listed(frame.by)}"
    return (
        f"select {keys},\n    {_divided(*value)} - 1 as value,\n"
        f"    {value[0]} as numerator, {value[1]} as denominator, greatest(coalesce(n.rows, 0), coalesce(b.rows, 0)) as rows,\n"
        f"    null as coverage, coalesce(n.unpriced, b.unpriced) as unpriced\n"
        f"from {now} as n\nfull join (\n    {shifted}\n) as b using ({keys})"
    )


def _quotient(of: str, to: str, times: str | float) -> str:
    return _divided(of, to) + ("" if times == 1 else f" * {times}")


def _divided(of: str, to: str) -> str:
    """Empty, not infinite, where the denominator is 0."""
    return f"cast({of} as double) / nullif(cast({to} as double), 0)"


def _replaced(text: str, columns: Mapping[str, str]) -> str:
    return _WORD.sub(lambda match: columns.get(match[0], match[0]), text)


def _fill_parameters(text: str, frame: Frame) -> str:
    from nextmove.facts import fill

    return fill(text, frame.parameters)


def _with_parameters(frame: Frame, more: Mapping[str, str]) -> Frame:
    return replace(frame, parameters={**frame.parameters, **more}) if more else frame


def _listed(names: Sequence[str]) -> str:
    return "".join(f", {name}" for name in names)


def _same(left: str, right: str, names: Sequence[str]) -> str:
    return " and ".join([f"{right}.period_id = {left}.period_id", *(f"{right}.{name} = {left}.{name}" for name in names)])


def maturity(kpi: Kpi, plan: Plan, frame: Frame) -> str:
    """SQL of whether a cohort is still young, and the relation that tells when it no longer is."""
    entry = kpi.entry
    age = f"date_diff('day', p.end_day, {literal(frame.as_of + ONE_DAY)})"
    if entry.immature_days:
        return f"{age} < {_fill_parameters(entry.immature_days, frame)}"
    if entry.matures is None:
        return "false"
    young = entry.matures
    measure = Measure(fact=young.fact, quantile=young.days, where=young.where, day=young.day, share=young.share)
    columns = plan.columns(measure, frame.uncut())
    seen = f"{columns.day} < {literal(frame.as_of + ONE_DAY)}"
    condition = f"{seen} and ({columns.sql(young.where)})" if young.where else seen
    quantile = f"quantile_cont({columns.sql(young.days)}, {young.share})"
    relation = plan.relation(f"{kpi.id}_maturity", f"select {quantile} as days\nfrom facts.{young.fact} as f\nwhere {condition}")
    return f"coalesce({age} < (select days from {relation}), false)"
