"""Numbers as a reader writes them, for the sentences of this folder."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from nextmove.words import has, language, text


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
        case "percent":
            body = f"{_number(size * 100, '#,##0.0')} %"
        case "count":
            body = _number(size, "#,##0")
        case _:
            body = _number(size, "#,##0.0")
    return sign + body


def share(value: float) -> str:
    return f"{_number(abs(value) * 100, '#,##0')} %"


def day(value: dt.date) -> str:
    from babel.dates import format_date

    return str(format_date(value, "medium", locale=language()))


def dimension(name: str) -> str:
    """What a dimension is called."""
    identifier = f"app.dimension.{name}"
    return text(identifier) if has(identifier) else name.replace("_", " ")


def _number(value: float | Decimal, pattern: str) -> str:
    from babel.numbers import format_decimal

    return str(format_decimal(value, format=pattern, locale=language()))
