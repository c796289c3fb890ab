"""Actions in words: the next step and the lines of evidence, with dates, money and shares as the reader writes them.

What a value is stands in its name (`last_purchase_on`, `usual_gap_days`, `yearly_money`, `drop_share`); a `field` is a words id.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from nextmove import words

Value = str | int | float | None


def tell_line(say: str, values: Mapping[str, Value], *, currency: str) -> str:
    """One line of evidence as a sentence."""
    return words.text(say, **{name: tell_value(name, value, currency=currency) for name, value in values.items()})


def tell_value(name: str, value: Value, *, currency: str) -> str:
    """A value of evidence as people write it in the current language."""
    from babel.dates import format_date
    from babel.numbers import format_currency, format_decimal, format_percent

    locale = words.language()
    if isinstance(value, str):
        if name == "field" and words.has(value):
            return words.text(value)
        return format_date(dt.date.fromisoformat(value), format="medium", locale=locale) if name.endswith("_on") else value
    if value is None:
        return ""
    if name.endswith("_money"):
        pattern = "¤#,##0" if abs(value) >= 100 else None
        return format_currency(value, currency, format=pattern, currency_digits=pattern is None, locale=locale)
    if name.endswith("_share"):
        return format_percent(value, format="#,##0.0%" if abs(value) < 0.1 else None, locale=locale)
    return format_decimal(round(value, 1 if abs(value) < 10 else 0), locale=locale)
