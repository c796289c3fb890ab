"""What the data says about itself, told in the reader's language.

In evidence the name of a value says how it is written: `…_money` is money, `…_share` a percentage, `…_on` a day; other
numbers are counts of days or of things.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from nextmove import words
from nextmove.actions.tell import Value
from nextmove.app import formats
from nextmove.words import text


def line(say: str, values: Mapping[str, Value], *, currency: str) -> str:
    """One line of evidence as a sentence."""
    return text(say, **{name: value_of(name, value, currency=currency) for name, value in values.items()})


def value_of(name: str, value: Value, *, currency: str) -> str:
    if isinstance(value, str):
        if name == "field" and words.has(value):
            return text(value)
        return formats.day(dt.date.fromisoformat(value[:10])) if name.endswith("_on") else value
    if name.endswith("_money"):
        return formats.money(value, currency)
    if name.endswith("_share"):
        return formats.percent(value, digits=0)
    return formats.number(value, digits=1 if value is not None and abs(value) < 10 else 0)


def named(area: str, value: str | None) -> str:
    """The name of something that the data itself names: ours where we have one (`call`), else as it stands."""
    if value is None:
        return formats.NOTHING
    return text(area + value) if words.has(area + value) else value.replace("_", " ")


def in_unit(value: float | None, unit: str, *, currency: str, short: bool = False) -> str:
    """A KPI's value in its unit."""
    match unit:
        case "money":
            return formats.money(value, currency, short=short)
        case "money_per_day":
            return text("app.unit.per_day", money=formats.money(value, currency, short=short))
        case "percent":
            return formats.percent(value)
        case "count":
            return formats.number(value, digits=1 if value is not None and value != int(value) else 0, short=short)
        case "points":
            return formats.number(value)
        case _:
            return formats.NOTHING if value is None else text(f"app.unit.{unit}", value=formats.number(value, digits=1))


def signed_in_unit(value: float, unit: str, *, currency: str) -> str:
    """A change of a KPI in its unit, with its sign; that of a percentage is in points."""
    if unit == "percent":
        return formats.points(value)
    told = in_unit(abs(value), unit, currency=currency)
    return f"+{told}" if value > 0 else f"\u2212{told}" if value < 0 else told
