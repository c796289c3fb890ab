"""An explanation as flat rows: three lines, then tables whose parts add up to the change.

Each row says which `table` it is of: line (what, why, next), action, change, bridge, tree, won_value, segment, customer, product, rep,
deal, order_line, member, event. `effect` is in the KPI's unit, of deals and order lines in money; for a ratio's members it is the rate
effect and `mix` the mix effect.
"""

from __future__ import annotations

from decimal import Decimal

from nextmove.insights.explain.compare import Asked
from nextmove.insights.explain.ground import all_called
from nextmove.insights.explain.members import REST
from nextmove.insights.explain.reasons import event_sentence
from nextmove.insights.explain.say import amount, day, dimension
from nextmove.insights.explain.story import tell
from nextmove.insights.explain.why import Explanation
from nextmove.words import text

Cell = str | int | float | Decimal | None
Row = dict[str, Cell]

COLUMNS = ("table", "name", "member", "label", "before", "after", "effect", "mix")
SMALLEST = 0.01  # of the change: smaller members are left to the page


def tables(asked: Asked, found: Explanation) -> list[Row]:
    """All rows, lines first."""
    story = tell(asked, found)
    rows = [_row("line", name, label=sentence) for name, sentence in (("what", story.what), ("why", story.why), ("next", story.next))]
    rows[1]["member"] = story.cause
    rows += [
        _row(
            "action", one.kind, member=one.key, label=text(f"explain.action.{one.kind}") + f": {one.subject}", effect=round(one.at_stake, 2)
        )
        for one in story.answers
    ]
    comparison = found.comparison
    rows.append(
        _row("change", comparison.kpi, member=comparison.versus, before=comparison.base, after=comparison.value, effect=comparison.change)
    )
    for table, parts in (("bridge", found.parts), ("tree", found.factors), ("won_value", found.won)):
        rows += [_row(table, name, label=text(f"explain.part.{name}"), effect=effect) for name, effect in parts.items()]
    rows += _segments(found) + _named(found) + _deals(found) + _order_lines(found) + _members(asked, found)
    return rows + [_row("event", one.kind, member=one.subject, label=event_sentence(asked, one)) for one in found.events]


def _segments(found: Explanation) -> list[Row]:
    return [
        _row("segment", " & ".join(name for name, _ in one.where), member=" & ".join(member for _, member in one.where),
             before=_rounded(one.expected, found.unit), after=_rounded(one.actual, found.unit), effect=_rounded(one.change, found.unit))
        for one in found.segments
    ]  # fmt: skip


def _named(found: Explanation) -> list[Row]:
    lists = (("customer", found.customers), ("product", found.products), ("rep", found.reps))
    return [
        _row(table, table, member=one.id, label=one.name, before=one.before, after=one.after, effect=one.change)
        for table, many in lists
        for one in many
    ]


def _deals(found: Explanation) -> list[Row]:
    """A lost deal takes away what it was worth."""
    return [
        _row(
            "deal",
            one.outcome,
            member=one.id,
            label=text(f"explain.deal.{one.outcome}", deal=one.name, day=day(one.day)),
            after=one.amount,
            effect=-one.amount if one.outcome == "lost" else one.amount,
        )
        for one in found.deals
    ]


def _order_lines(found: Explanation) -> list[Row]:
    """What stands in the earlier span only is not there any more."""
    return [
        _row(
            "order_line",
            "order_line",
            member=one.order_id,
            label=text("explain.order_line", day=day(one.day), quantity=amount(one.quantity, "count", currency=""), product=one.product),
            before=None if one.is_now else one.net,
            after=one.net if one.is_now else None,
            effect=one.net if one.is_now else -one.net,
        )
        for one in found.lines
    ]


def _members(asked: Asked, found: Explanation) -> list[Row]:
    least = SMALLEST * abs(float(found.comparison.change or 0))
    shown = [one for one in found.members if abs(one.effect) + abs(one.mix) >= least]
    cuts = {one.dimension for one in shown}
    names = {cut: all_called(asked.engine, cut, [one.member for one in shown if one.dimension == cut]) for cut in cuts}
    return [
        _row(
            "member",
            one.dimension,
            member=one.member,
            label=f"{dimension(one.dimension)} {text('explain.rest') if one.member == REST else names[one.dimension][one.member]}",
            before=one.before,
            after=one.after,
            effect=_rounded(one.effect, found.unit),
            mix=_rounded(one.mix, found.unit),
        )
        for one in sorted(shown, key=lambda one: (one.dimension, -abs(one.effect + one.mix)))
    ]


def _rounded(value: float, unit: str) -> float:
    return round(value, 2 if unit == "money" else 8)


def _row(
    table: str,
    name: str,
    *,
    member: str = "",
    label: str = "",
    before: Cell = None,
    after: Cell = None,
    effect: Cell = None,
    mix: Cell = None,
) -> Row:
    return {"table": table, "name": name, "member": member, "label": label, "before": before, "after": after, "effect": effect, "mix": mix}
