"""Explain a KPI: from a question to three lines and the tables behind them.

`explain(asked, period=…, versus=…)` compares, splits the change exactly, searches for the segments that explain it, names the customers
and products behind it, and looks for what happened beside it. What is said in words is chosen in `story.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal

import numpy as np

from nextmove.engine import literal
from nextmove.insights.explain.bridge import bridge, contributions
from nextmove.insights.explain.compare import Asked, Comparison, compare
from nextmove.insights.explain.events import Event, Scene, events
from nextmove.insights.explain.exact import CENT, add_up
from nextmove.insights.explain.members import Member, members, members_of_lines, strongest
from nextmove.insights.explain.root_cause import Segment, root_causes
from nextmove.insights.explain.rows import UNKNOWN, Lines, Numbers, items, names_of, read_lines, states
from nextmove.insights.explain.tree import TREES
from nextmove.insights.explain.tree import effects as factor_effects

BRIDGED = {"net_sales": False, "gross_profit": True}  # whether costs count
FROM_LINES = (*BRIDGED, "gross_margin")
OF_SALES = (*BRIDGED, "units_sold", "orders", "average_order_value", "gross_margin")
SEARCHED = ("rep", "region", "channel", "segment", "category", "brand", "contact_method")
NAMED = 5  # customers and products
MOST = 4  # segments


@dataclass(frozen=True)
class Named:
    """A customer or product with what it was, is, and made of the change."""

    id: str
    name: str
    before: Decimal
    after: Decimal

    @property
    def change(self) -> Decimal:
        return self.after - self.before


@dataclass(frozen=True)
class Explanation:
    """Everything that is known about one change."""

    comparison: Comparison
    unit: str
    parts: dict[str, Decimal] = field(default_factory=dict)  # of the bridge; they add up to the change
    factors: dict[str, Decimal] = field(default_factory=dict)  # of the KPI tree; so do these
    members: tuple[Member, ...] = ()
    strongest: Member | None = None
    segments: tuple[Segment, ...] = ()
    customers: tuple[Named, ...] = ()
    products: tuple[Named, ...] = ()
    reps: tuple[Named, ...] = ()
    events: tuple[Event, ...] = ()
    unit_changes: tuple[float, float] = (0.0, 0.0)  # what prices and unit costs did to profit in the strongest member


def explain(asked: Asked, *, period: str, versus: str = "previous") -> Explanation:
    """Why `asked.kpi` is what it is in `period`.

    The parts of every table add up to the change to the cent. Sales and profit are bridged and searched down to customers and products;
    every other KPI is split over the members of its dimensions.
    """
    comparison = compare(asked, period=period, versus=versus)
    entry = asked.catalogue.kpi(asked.kpi).entry
    found = Explanation(comparison, entry.unit)
    if comparison.change is None:
        return found
    found = replace(found, factors=_factors(asked, comparison))
    if asked.kpi in OF_SALES and _has_lines(asked):
        return _with_lines(asked, found)
    return _with_events(asked, _with_members(found, members(asked, comparison)), None)


def _with_members(found: Explanation, split: list[Member]) -> Explanation:
    return replace(found, members=tuple(split), strongest=strongest(split, float(found.comparison.change or 0)))


def _with_lines(asked: Asked, found: Explanation) -> Explanation:
    """The explanation with all that order lines tell."""
    comparison = found.comparison
    profit = BRIDGED.get(asked.kpi, asked.kpi == "gross_margin")
    lines = _at_base(asked, comparison, read_lines(asked.engine, comparison, costed=profit))
    worth = tuple(net - cost if profit else net for net, cost in zip(lines.net, lines.cost, strict=True))
    known = asked.kpi in FROM_LINES
    found = _with_members(found, members_of_lines(asked, comparison, lines, (worth[0], worth[1])) if known else members(asked, comparison))
    found = replace(
        found,
        parts=_bridged(asked, comparison, lines, profit=profit) if asked.kpi in BRIDGED else {},
        segments=tuple(_segments(comparison, lines, (worth[0], worth[1]))),
        customers=_named(asked, lines, "account", "accounts", (worth[0], worth[1])),
        products=_named(asked, lines, "product", "products", (worth[0], worth[1])),
        reps=_named(asked, lines, "rep", "reps", (worth[0], worth[1])),
    )
    if profit:
        found = replace(found, unit_changes=_unit_changes(found, lines))
    return _with_events(asked, found, lines)


def _at_base(asked: Asked, comparison: Comparison, lines: Lines) -> Lines:
    """Lines of the earlier span brought to the base where that is an expectation or a target."""
    if comparison.versus not in ("expected", "target") or asked.kpi not in BRIDGED or comparison.base is None:
        return lines
    was = lines.totals["profit" if BRIDGED[asked.kpi] else "net"][1]
    return lines.scaled(float(comparison.base / was)) if was else lines


def _bridged(asked: Asked, comparison: Comparison, lines: Lines, *, profit: bool) -> dict[str, Decimal]:
    state = states(asked.engine, lines, comparison)
    own = comparison.versus in ("previous", "year_ago")
    days = (comparison.before.working_days, comparison.now.working_days) if own else (1, 1)
    now, before = lines.totals["profit" if profit else "net"]
    total = (now - before) if own else (comparison.change or Decimal(0))
    return bridge(items(lines, state, profit=profit), total.quantize(CENT), days=days)


def _segments(comparison: Comparison, lines: Lines, worth: tuple[Numbers, Numbers]) -> list[Segment]:
    """Segments that moved apart from the whole: the whole's own movement (working days, season) is taken out first."""
    given = {name for name, _ in comparison.where}
    cuts = [cut for cut in SEARCHED if cut in lines.members and cut not in given]
    if not cuts or not len(worth[0]):
        return []
    columns = [lines.members[cut] for cut in cuts]
    code = np.zeros(len(worth[0]), np.int64)
    for column in columns:
        code = code * len(column.names) + column.row
    _, first, row = np.unique(code, return_index=True, return_inverse=True)
    now, before = (np.bincount(row, side).astype(float) for side in worth)
    folded = {cut: np.asarray(column.names)[column.row[first]].tolist() for cut, column in zip(cuts, columns, strict=True)}
    return root_causes(folded, now, before, deepest=2, most=MOST)


def _named(asked: Asked, lines: Lines, cut: str, table: str, worth: tuple[Numbers, Numbers]) -> tuple[Named, ...]:
    """The members that make most of the change, by name, to the cent."""
    if cut not in lines.members:
        return ()
    sides = [{member: value for member, value in lines.by(cut, column).items() if member != UNKNOWN} for column in worth]
    top = sorted(sides[0].keys() | sides[1].keys(), key=lambda one: -abs(sides[0].get(one, 0.0) - sides[1].get(one, 0.0)))[: 2 * NAMED]
    now, before = ({one: Decimal(repr(round(side.get(one, 0.0), 2))) for one in top} for side in sides)
    largest = [member for member, change in contributions(before, now).items() if change][:NAMED]
    called = names_of(asked.engine, table, f"{cut}_id", largest)
    return tuple(Named(member, called[member], before[member], now[member]) for member in largest)


def _unit_changes(found: Explanation, lines: Lines) -> tuple[float, float]:
    """What prices and what unit costs did to the profit of the strongest member (else of all)."""
    inside = np.ones(len(lines.net[0]), bool)
    if found.strongest and found.strongest.dimension in lines.members:
        inside = lines.members[found.strongest.dimension].is_member(found.strongest.member)
    products, row = lines.members["product"].names, lines.members["product"].row

    def per_unit(column: tuple[Numbers, Numbers], at: int) -> Numbers:
        units = np.bincount(row, np.where(inside, lines.quantity[at], 0), len(products))
        return np.divide(np.bincount(row, np.where(inside, column[at], 0), len(products)), units, out=np.zeros(len(units)), where=units > 0)

    units = [np.bincount(row, np.where(inside, lines.quantity[at], 0), len(products)) for at in (0, 1)]
    both = np.where((units[0] > 0) & (units[1] > 0), (units[0] + units[1]) / 2, 0)
    price = float((both * (per_unit(lines.net, 0) - per_unit(lines.net, 1))).sum())
    cost = -float((both * (per_unit(lines.cost, 0) - per_unit(lines.cost, 1))).sum())
    return price, cost


def _with_events(asked: Asked, found: Explanation, lines: Lines | None) -> Explanation:
    fell = (found.comparison.change or 0) < 0
    largest = tuple(one.id for one in found.customers if (one.change < 0) == fell)[:3]
    where = dict(found.segments[0].where) if found.segments else {}
    where |= {found.strongest.dimension: found.strongest.member} if found.strongest else {}
    where |= dict(found.comparison.where)
    products = tuple(one.id for one in found.products if (one.change < 0) == fell)
    scene = Scene(
        asked.engine, found.comparison, largest if lines else (), products, where.get("rep"), where.get("region"), where.get("category")
    )
    return replace(found, events=tuple(events(scene)))


def _factors(asked: Asked, comparison: Comparison) -> dict[str, Decimal]:
    """The KPI tree, where the company has all its factors; the effects add up to the change."""
    if asked.kpi != "net_sales" or comparison.versus not in ("previous", "year_ago") or asked.kpi not in TREES or not _has_lines(asked):
        return {}
    sides = [_sales_factors(asked, comparison, now=now) for now in (False, True)]
    if any(value == 0 for side in sides for value in side.values()):
        return {}
    return add_up(factor_effects(sides[0], sides[1]), (comparison.change or Decimal(0)).quantize(CENT))


def _sales_factors(asked: Asked, comparison: Comparison, *, now: bool) -> dict[str, float]:
    from nextmove.insights.explain.rows import conditions

    span = comparison.now if now else comparison.before
    row = asked.engine.query(
        f"select count(distinct case when is_purchase then account_id end) as customers, count(distinct order_id) as orders, "
        f"cast(coalesce(sum(net), 0) as double) as net from facts.sales "
        f"where day >= {literal(span.start)} and day < {literal(span.end)} {conditions(comparison.where)}"
    ).to_pylist()[0]
    customers, orders = row["customers"], row["orders"]
    return {
        "active_customers": float(customers),
        "orders_per_customer": orders / customers if customers else 0.0,
        "sales_per_order": row["net"] / orders if orders else 0.0,
    }


def _has_lines(asked: Asked) -> bool:
    return bool(
        asked.engine.query("select 1 from information_schema.tables where table_schema = 'facts' and table_name = 'sales'").num_rows
    )
