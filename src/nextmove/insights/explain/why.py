"""Explain a KPI: from a question to three lines and the tables behind them.

`explain(asked, period=…, versus=…)` compares, splits the change exactly, searches for the segments that explain it, names the customers
and products behind it, and looks for what happened beside it. What is said in words is chosen in `story.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal

import numpy as np

from nextmove.errors import MissingData
from nextmove.insights.explain.behind import Deal, OrderLine, deals_behind, lines_behind
from nextmove.insights.explain.bridge import bridge
from nextmove.insights.explain.compare import Asked, Comparison, Span, compare
from nextmove.insights.explain.dearer import Dearer, dearer
from nextmove.insights.explain.events import Event, Scene, events
from nextmove.insights.explain.exact import CENT, add_up
from nextmove.insights.explain.ground import has_table
from nextmove.insights.explain.members import MOST, Folded, Member, members_of_lines, of_rates, split, strongest
from nextmove.insights.explain.named import OF_CHURN, Named, leavers, named_members
from nextmove.insights.explain.rates import working_days_effect
from nextmove.insights.explain.root_cause import Segment, root_causes
from nextmove.insights.explain.rows import Lines, Numbers, items, read_lines, states
from nextmove.insights.explain.tree import OF_WON, TREES, WON, WON_VALUE, Factor, factor_values, kpis_of
from nextmove.insights.explain.tree import effects as factor_effects
from nextmove.insights.explain.values import Row, asked_anew

BRIDGED = {"net_sales": False, "gross_profit": True}  # whether costs count
FROM_LINES = (*BRIDGED, "gross_margin", "units_sold")  # their members are read from order lines
OF_SALES = (*FROM_LINES, "orders", "average_order_value")
SAME = 1e-6  # of the amounts: less is rounding


@dataclass(frozen=True)
class Explanation:
    """Everything that is known about one change."""

    comparison: Comparison
    unit: str
    better: str | None = None  # higher or lower
    worth: str = "money"  # the unit of customers, products and representatives
    parts: dict[str, Decimal] = field(default_factory=dict)  # of the bridge; they add up to the change
    factors: dict[str, Decimal] = field(default_factory=dict)  # of the KPI tree; so do these
    won: dict[str, Decimal] = field(default_factory=dict)  # what made the value of the deals won
    members: tuple[Member, ...] = ()
    strongest: Member | None = None
    segments: tuple[Segment, ...] = ()
    customers: tuple[Named, ...] = ()
    products: tuple[Named, ...] = ()
    reps: tuple[Named, ...] = ()
    deals: tuple[Deal, ...] = ()
    lines: tuple[OrderLine, ...] = ()  # of the first of the customers
    events: tuple[Event, ...] = ()
    dearer: Dearer | None = None
    orders: float = 0.0  # how many the average order value is a mean of
    unit_changes: tuple[float, float] = (0.0, 0.0)  # what prices and unit costs did to profit in the strongest member

    @property
    def worse(self) -> bool:
        """Whether the KPI moved in the bad direction."""
        change = self.comparison.change or 0
        return change != 0 and (change > 0) == (self.better == "lower")


def explain(asked: Asked, *, period: str, versus: str = "previous") -> Explanation:
    """Why `asked.kpi` is what it is in `period`.

    The parts of every table add up to the change to the cent. Sales and profit are bridged and searched down to customers and products;
    every other KPI is split over the members of its dimensions and searched over their combinations.
    """
    comparison = compare(asked, period=period, versus=versus, also=_looked_up(asked.kpi))
    entry = asked.catalogue.kpi(asked.kpi).entry
    found = Explanation(comparison, entry.unit, entry.better)
    if comparison.change is None:
        return found
    found = replace(found, factors=_tree(asked, comparison), won=_won(asked, comparison), parts=_pace(asked, comparison))
    if asked.kpi in OF_SALES and has_table(asked.engine, "facts.sales"):
        return _with_lines(asked, found)
    parts = split(asked, comparison)
    found = replace(_with_members(found, parts.members), segments=parts.segments, customers=leavers(asked, comparison))
    found = replace(found, deals=deals_behind(asked, comparison))
    return _with_events(asked, found, None)


def _looked_up(kpi: str) -> tuple[str, ...]:
    won = (*kpis_of(WON_VALUE), WON.split(".")[0]) if kpi in OF_WON else ()
    return (*kpis_of(TREES.get(kpi, ())), *won)


def _with_members(found: Explanation, members: tuple[Member, ...]) -> Explanation:
    return replace(found, members=members, strongest=strongest(members, float(found.comparison.change or 0)))


def _pace(asked: Asked, comparison: Comparison) -> dict[str, Decimal]:
    """Of a sum or count: what more or fewer working days alone brought, and the rest; a short month is no story.

    Who leaves does so some months after the last purchase, whatever the day.
    """
    entry = asked.catalogue.kpi(asked.kpi).entry
    if entry.measure is None or not entry.measure.adds_up or entry.as_of or not comparison.of_periods or asked.kpi in OF_CHURN:
        return {}
    days = (comparison.before.working_days, comparison.now.working_days)
    whole = working_days_effect(float(comparison.base or 0), float(comparison.value or 0), *days)
    return add_up({"working_days": whole, "pace": float(comparison.change or 0) - whole}, (comparison.change or Decimal(0)).quantize(CENT))


def _with_lines(asked: Asked, found: Explanation) -> Explanation:
    """The explanation with all that order lines tell."""
    comparison, profit = found.comparison, asked.kpi in ("gross_profit", "gross_margin")
    lines = _at_base(asked, comparison, read_lines(asked, comparison, costed=profit))
    worth = _worth(asked.kpi, lines)
    if asked.kpi in FROM_LINES:
        of = Folded.of(lines, worth)
        found = _with_members(found, members_of_lines(asked, comparison, lines, of))
        found = replace(found, segments=_segments(asked.kpi, comparison, lines, of))
    else:
        found = _with_members(found, split(asked, comparison).members)
    found = replace(
        found,
        worth="count" if asked.kpi == "units_sold" else "money",
        parts=_bridged(asked, comparison, lines, profit=profit) if asked.kpi in BRIDGED else found.parts,
        customers=named_members(asked, lines, "account", worth),
        products=named_members(asked, lines, "product", worth),
        reps=named_members(asked, lines, "rep", worth),
    )
    if asked.kpi == "average_order_value" and comparison.value:
        found = replace(found, orders=float(lines.net[0].sum()) / float(comparison.value))
    found = replace(found, lines=lines_behind(asked, comparison, found.customers))
    if profit:
        found = replace(found, unit_changes=_unit_changes(found, lines), dearer=dearer(lines))
    return _with_events(asked, found, lines)


def _worth(kpi: str, lines: Lines) -> tuple[Numbers, Numbers]:
    """What each row of lines is worth now and before, to the KPI."""
    if kpi == "units_sold":
        return lines.quantity
    if kpi in ("gross_profit", "gross_margin"):
        return lines.net[0] - lines.cost[0], lines.net[1] - lines.cost[1]
    return lines.net


def _at_base(asked: Asked, comparison: Comparison, lines: Lines) -> Lines:
    """Lines of the earlier span brought to the base where that is an expectation or a target; of a mean, to as many working days."""
    if comparison.of_periods or comparison.base is None:
        return lines
    if asked.kpi not in ("net_sales", "gross_profit", "units_sold"):
        return lines.scaled(comparison.now.working_days / max(1, comparison.before.working_days))
    was = float(_worth(asked.kpi, lines)[1].sum())
    return lines.scaled(float(comparison.base) / was) if was else lines


def _bridged(asked: Asked, comparison: Comparison, lines: Lines, *, profit: bool) -> dict[str, Decimal]:
    days = (comparison.before.working_days, comparison.now.working_days) if comparison.of_periods else (1, 1)
    each, total = items(lines, states(asked.engine, lines, comparison), profit=profit), (comparison.change or Decimal(0)).quantize(CENT)
    if abs(float(each.change.sum()) - float(total)) > SAME * (1 + float(np.abs(each.change).sum())):
        return {}  # a company whose net sales are not its order lines: the lines do not explain them
    return bridge(each, total, days=days)


def _segments(kpi: str, comparison: Comparison, lines: Lines, of: Folded) -> tuple[Segment, ...]:
    """The search over combinations of dimensions, per working day; of the margin over its rates."""
    given = {name for name, _ in comparison.where}
    folded = {cut: coded for cut, coded in lines.leaves.items() if cut not in given}
    if not folded or not len(of.worth[0]):
        return ()
    now, before = of.worth
    days = comparison.now.working_days / comparison.before.working_days if comparison.of_periods and comparison.before.working_days else 1.0
    if kpi == "gross_margin":
        return of_rates(folded, of.worth, of.net)
    return tuple(root_causes(folded, now, before * days, deepest=2, most=MOST))


def _unit_changes(found: Explanation, lines: Lines) -> tuple[float, float]:
    """What prices and what unit costs did to the profit of the strongest member (else of all)."""
    products = lines.members["product"].names
    inside = np.ones(len(lines.members["product"].row), np.int64)
    if found.strongest and found.strongest.dimension in lines.members:
        inside = lines.members[found.strongest.dimension].is_member(found.strongest.member).astype(np.int64)

    def totals(column: tuple[Numbers, Numbers]) -> tuple[Numbers, Numbers]:
        return lines.totals("product", (column[0] * lines.of_span(inside, 0), column[1] * lines.of_span(inside, 1)))

    units = totals(lines.quantity)
    both = np.where((units[0] > 0) & (units[1] > 0), (units[0] + units[1]) / 2, 0)

    def moved(column: tuple[Numbers, Numbers]) -> float:
        whole = totals(column)
        each = [np.divide(whole[at], units[at], out=np.zeros(len(products)), where=units[at] > 0) for at in (0, 1)]
        return float((both * (each[0] - each[1])).sum())

    return moved(lines.net), -moved(lines.cost)


def _with_events(asked: Asked, found: Explanation, lines: Lines | None) -> Explanation:
    fell = (found.comparison.change or 0) < 0
    largest = tuple(one.id for one in found.customers if (one.change < 0) == fell)[:3]
    where = dict(found.segments[0].where) if found.segments else {}
    where |= {found.strongest.dimension: found.strongest.member} if found.strongest else {}
    where |= dict(found.comparison.where)
    products = tuple(one.id for one in found.products if (one.change < 0) == fell)
    accounts = (where["account"],) if "account" in where else largest if lines else ()
    scene = Scene(
        asked.engine, found.comparison, accounts, products, where.get("rep"), where.get("region"), where.get("category"), worse=found.worse
    )
    return replace(found, events=tuple(events(scene)))


def _tree(asked: Asked, comparison: Comparison) -> dict[str, Decimal]:
    """The KPI tree, where the company has all its factors; the effects add up to the change."""
    wholes = (comparison.base, comparison.value)
    return _factors(asked, comparison, TREES[asked.kpi], wholes) if asked.kpi in TREES and comparison.of_periods else {}


def _won(asked: Asked, comparison: Comparison) -> dict[str, Decimal]:
    """What leads, conversions, win rate and deal size did to the value of the deals won."""
    if asked.kpi not in OF_WON or not comparison.of_periods:
        return {}
    try:
        before, now = (_Reader(asked, comparison, span).read(WON) for span in (comparison.before, comparison.now))
    except MissingData:
        return {}
    if before is None or now is None:
        return {}
    return _factors(asked, comparison, WON_VALUE, (Decimal(repr(before)), Decimal(repr(now))))


def _factors(
    asked: Asked, comparison: Comparison, factors: tuple[Factor, ...], wholes: tuple[Decimal | None, Decimal | None]
) -> dict[str, Decimal]:
    before, now = wholes
    if before is None or now is None:
        return {}
    try:
        was = factor_values(factors, float(before), _Reader(asked, comparison, comparison.before).read)
        became = factor_values(factors, float(now), _Reader(asked, comparison, comparison.now).read)
    except MissingData:
        return {}
    return add_up(factor_effects(was, became), (now - before).quantize(CENT)) if was and became else {}


@dataclass
class _Reader:
    """Reads KPIs (or their numerators, denominators) in one of the spans, each once."""

    asked: Asked
    comparison: Comparison
    span: Span
    rows: dict[str, Row | None] = field(default_factory=dict)

    def read(self, ref: str) -> float | None:
        kpi, _, column = ref.partition(".")
        if kpi not in self.rows:
            self.rows[kpi] = self._row(kpi)
        row = self.rows[kpi]
        value = row[column or "value"] if row else None
        return None if value is None else float(value)

    def _row(self, kpi: str) -> Row | None:
        if kpi in self.comparison.kept:
            return self.comparison.kept[kpi].whole(self.span.start)
        if not {name for name, _ in self.comparison.where} <= set(self.asked.catalogue.kpi(kpi).entry.cut_by):
            return None
        return next(iter(asked_anew(self.asked, kpi, self.comparison.grain, self.span).to_pylist()), None)
