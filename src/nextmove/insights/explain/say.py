"""Numbers as a reader writes them, for the sentences of this folder."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from nextmove.words import has, language, text

NEARLY = 0.03  # of the change
FORMS = {"month": "LLLL y", "quarter": "QQQ y", "year": "y"}


def amount(value: float | Decimal, unit: str, *, currency: str, signed: bool = False) -> str:
    """A value with its unit: money without cents, a ratio in percent, everything else to one digit.

    >>> amount(0.2345, "percent", currency="EUR"), amount(-1234.5, "money", currency="EUR", signed=True)
    ('23.4 %', '−1,234 EUR')
    """
    sign = "−" if value < 0 else "+" if signed and value > 0 else ""
    size = -value if value < 0 else value
    match unit:
        case "money" | "money_per_day":
            body = f"{_number(size, '#,##0')} {currency}"
            body = text("app.unit.per_day", money=body) if unit == "money_per_day" else body
        case "percent":
            body = f"{_number(size * 100, '#,##0.0')} %"
        case "count":
            body = _number(size, "#,##0")
        case "days" | "hours" | "minutes" | "months":
            body = text(f"app.unit.{unit}", value=_number(size, "#,##0.0"))
        case _:
            body = _number(size, "#,##0.0")
    return sign + body


def share(value: float) -> str:
    return f"{_number(abs(value) * 100, '#,##0')} %"


def part_of_change(value: float) -> str:
    """How much of the change something makes, as a person says it: nobody calls 99 % or 103 % of a change a part of it.

    >>> part_of_change(0.43), part_of_change(0.99)
    ('43 % of the change', 'practically all of the change')
    >>> part_of_change(1.2)
    'more than the change itself, for elsewhere it went the other way'
    """
    if value > 1 + NEARLY:
        return text("explain.part_of.more")
    return text("explain.part_of.all") if value >= 1 - NEARLY else text("explain.part_of.some", share=share(value))


def day(value: dt.date) -> str:
    from babel.dates import format_date

    return str(format_date(value, "medium", locale=language()))


def period(start: dt.date, *, grain: str, until: dt.date | None = None) -> str:
    """What a period is called; `until` is the last day that is seen of one that still runs.

    >>> period(dt.date(2026, 8, 1), grain="month"), period(dt.date(2026, 7, 1), grain="quarter"), period(dt.date(2026, 9, 7), grain="week")
    ('August 2026', 'Q3 2026', 'the week of Sep 7, 2026')
    """
    from babel.dates import format_date

    if grain in FORMS:
        called = str(format_date(start, FORMS[grain], locale=language()))
    else:
        called = text("explain.period.week", day=day(start)) if grain == "week" else day(start)
    return text("explain.period.until", period=called, day=day(until)) if until else called


def dimension(name: str) -> str:
    """What a dimension is called."""
    identifier = f"app.dimension.{name}"
    return text(identifier) if has(identifier) else name.replace("_", " ")


def _number(value: float | Decimal, pattern: str) -> str:
    from babel.numbers import format_decimal

    return str(format_decimal(value, format=pattern, locale=language()))
