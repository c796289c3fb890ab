"""Three lines in plain words: what happened, why, and the next move.

Which reason is told is chosen in `reasons.py`, which actions answer it in `answers.py`; the sentences come from gettext templates.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from nextmove.insights.explain.answers import NONE, Answer, answers, next_move
from nextmove.insights.explain.compare import Asked, Comparison, Span
from nextmove.insights.explain.ground import called
from nextmove.insights.explain.named import OF_CHURN
from nextmove.insights.explain.reasons import event_sentence, hardly, reason_of, telling
from nextmove.insights.explain.say import amount, dimension, period, share
from nextmove.insights.explain.why import Explanation
from nextmove.kpis.words import named
from nextmove.words import text

BESIDE = 2  # events


@dataclass(frozen=True)
class Story:
    """What, why, next move: sentences in the reader's language. `cause` says in ids what the reason is."""

    what: str
    why: str
    next: str
    cause: str
    answers: tuple[Answer, ...] = ()


def tell(asked: Asked, found: Explanation) -> Story:
    """The three lines of an explanation, and the first actions that answer it."""
    if found.comparison.change is None:
        return Story(text("explain.what.nothing", kpi=_kpi(asked)), text("explain.why.nothing"), text("explain.next.nothing"), "")
    reason = reason_of(asked, found)
    beside = [event_sentence(asked, event) for event in telling(found, reason)[:BESIDE]]
    answering = answers(asked, reason) if found.comparison.change else NONE
    why = " ".join([reason.sentence, *_left(asked, found), *beside])
    return Story(_what(asked, found), why, next_move(asked, found, reason, answering), reason.cause, answering.first)


def _left(asked: Asked, found: Explanation) -> list[str]:
    """Of churn: who left, and what they bought in a year."""
    if asked.kpi not in OF_CHURN or not found.customers:
        return []
    worth = amount(sum((one.before for one in found.customers), Decimal(0)), "money", currency=_currency(asked))
    return [text("explain.why.left", customers=", ".join(one.name for one in found.customers), worth=worth)]


def _what(asked: Asked, found: Explanation) -> str:
    comparison = found.comparison
    assert comparison.change is not None and comparison.value is not None and comparison.base is not None
    base = amount(comparison.base, found.unit, currency=_currency(asked))
    moved = "unchanged" if hardly(found) else "rose" if comparison.change > 0 else "fell"
    relative = (
        f" ({'−' if comparison.change < 0 else '+'}{share(float(comparison.change / comparison.base))})" if comparison.base > 0 else ""
    )
    return text(
        f"explain.what.{moved}",
        kpi=_kpi(asked),
        where="".join(f" ({dimension(name)} {called(asked.engine, name, member)})" for name, member in comparison.where),
        change=_size(asked, found) + ("" if found.unit == "percent" else relative),
        value=amount(comparison.value, found.unit, currency=_currency(asked)),
        versus=text(f"explain.versus.{comparison.versus}", base=base, earlier=_called(comparison, comparison.before)),
        period=_called(comparison, comparison.now),
    )


def _called(comparison: Comparison, span: Span) -> str:
    return period(span.start, grain=comparison.grain, until=span.end - dt.timedelta(days=1) if span.cut else None)


def _size(asked: Asked, found: Explanation) -> str:
    """How large the change is; that of a ratio is in points, for "5 % less" of 20 % would say something else."""
    size = abs(found.comparison.change or Decimal(0))
    if found.unit == "percent":
        return text("explain.points", points=amount(size * 100, "points", currency=""))
    return amount(size, found.unit, currency=_currency(asked))


def _kpi(asked: Asked) -> str:
    return named(asked.catalogue.kpi(asked.kpi))


def _currency(asked: Asked) -> str:
    return asked.settings.company.reporting_currency
