"""Numbers, money and days as the reader's language writes them.

Money is told in whole units where it is large (nobody steers by cents), in full digits in tables and short in headlines.
In Persian, days are told in the Solar Hijri calendar and digits are Persian.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from babel import Locale
from babel.dates import format_date, format_datetime, format_skeleton
from babel.numbers import (
    format_compact_currency,
    format_compact_decimal,
    format_currency,
    format_decimal,
    format_percent,
    get_currency_symbol,
)

from nextmove import words
from nextmove.app import jalali

Number = int | float | Decimal
NOTHING = "–"
_DIGITS = "default"  # the digits that the language itself uses


def money(value: Number | None, currency: str, *, short: bool = False) -> str:
    if value is None:
        return NOTHING
    locale = words.language()
    if short and abs(value) >= 10_000:
        digits = 0 if abs(value) < 1_000_000 and abs(value) >= 100_000 else 1
        return format_compact_currency(value, currency, fraction_digits=digits, locale=locale, numbering_system=_DIGITS)
    pattern = _money_pattern(locale, cents=abs(value) < 100 and value != int(value))
    return format_currency(value, currency, format=pattern, currency_digits=False, locale=locale, numbering_system=_DIGITS)


def _money_pattern(locale: str, *, cents: bool) -> str:
    pattern = Locale.parse(locale).currency_formats["standard"].pattern
    return pattern if cents else pattern.replace("0.00", "0")


def number(value: Number | None, *, digits: int = 0, short: bool = False) -> str:
    if value is None:
        return NOTHING
    if short and abs(value) >= 10_000:
        return format_compact_decimal(value, fraction_digits=1, locale=words.language(), numbering_system=_DIGITS)
    pattern = "#,##0" + ("." + "#" * digits if digits else "")
    return format_decimal(value, format=pattern, locale=words.language(), numbering_system=_DIGITS)


def percent(value: Number | None, *, digits: int = 1, signed: bool = False) -> str:
    if value is None:
        return NOTHING
    pattern = "#,##0" + ("." + "0" * digits if digits else "") + "%"
    told = format_percent(value, format=_percent_pattern(pattern), locale=words.language(), numbering_system=_DIGITS)
    return f"+{told}" if signed and round(float(value), digits + 2) > 0 else told


def _percent_pattern(pattern: str) -> str:
    """The language's own place for the sign (Polish has no space, Persian its own sign)."""
    own = Locale.parse(words.language()).percent_formats[None].pattern
    return own.replace("#,##0", pattern.removesuffix("%"))


def day(value: dt.date | None, *, year: bool = True) -> str:
    """A day as 12 Mar 2025; without the year where all of a list are near."""
    if value is None:
        return NOTHING
    if words.language() == "fa":
        return jalali.told(value, year=year)
    if year:
        return format_date(value, format="medium", locale=words.language())
    return format_skeleton("MMMd", value, locale=words.language())


def moment(value: dt.datetime | None) -> str:
    if value is None:
        return NOTHING
    if words.language() == "fa":
        return f"{jalali.told(value.date())}، {format_datetime(value, 'HH:mm', locale='fa')}"
    return format_datetime(value, format="short" if words.language() != "en" else "d MMM yyyy, HH:mm", locale=words.language())


def symbol(currency: str) -> str:
    return get_currency_symbol(currency, locale=words.language())


def period(start: dt.date, grain: str, calendar: str = "gregorian") -> str:
    """The name of a period: Sep 2026, Q3 2026, the day on which a week begins; in the Solar Hijri calendar its own months."""
    if grain in ("day", "week"):
        return day(start, year=grain == "week" and words.language() == "fa")
    if calendar == "jalali":
        return jalali.period(start, grain, persian=words.language() == "fa")
    if grain == "year":
        return format_date(start, "y", locale=words.language())
    if grain == "quarter" and calendar == "gregorian":
        return format_skeleton("yQQQ", start, locale=words.language())
    return format_skeleton("yMMM", start, locale=words.language())


def long_day(value: dt.date) -> str:
    """Wednesday, 30 September 2026."""
    if words.language() == "fa":
        return f"{format_date(value, 'EEEE', locale='fa')} {jalali.told(value)}"
    return format_date(value, format="full", locale=words.language())


def points(value: Number | None) -> str:
    """A difference of two percentages, in percentage points with its sign."""
    if value is None:
        return NOTHING
    told = format_decimal(value * 100, format="+#,##0.0;-#,##0.0", locale=words.language(), numbering_system=_DIGITS)
    return words.text("app.unit.points_of_percent", value=told)
