"""Numbers, money and days as the reader's language writes them.

Money is told in whole units where it is large (nobody steers by cents), in full digits in tables and short in headlines.
In Persian, days are told in the Solar Hijri calendar and digits are Persian.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from functools import lru_cache

from babel import Locale
from babel.dates import format_date, format_datetime, format_skeleton
from babel.numbers import (
    format_compact_currency,
    format_compact_decimal,
    format_currency,
    format_decimal,
    format_percent,
)

from nextmove import words
from nextmove.app import jalali

Number = int | float | Decimal
NOTHING = "–"
_HALF_A_MONTH = dt.timedelta(days=14)
_KEPT = 10_000  # the same numbers come again and again
_DIGITS = "default"  # the digits that the language itself uses


def _in_own_digits(told: str, locale: str) -> str:
    """Babel writes a language's signs but not its digits."""
    return told.translate(jalali.DIGITS) if locale == "fa" else told


def money(value: Number | None, currency: str, *, short: bool = False) -> str:
    return NOTHING if value is None else _money(value, currency, short, words.language())


@lru_cache(maxsize=_KEPT)
def _money(value: Number, currency: str, short: bool, locale: str) -> str:
    size = abs(float(value))
    if short and size >= 10_000:
        digits = 0 if 100_000 <= size < 1_000_000 else 1
        told = format_compact_currency(value, currency, fraction_digits=digits, locale=locale, numbering_system=_DIGITS)
        return _in_own_digits(told, locale)
    pattern = _money_pattern(locale, cents=size < 100 and value != int(value))
    told = format_currency(value, currency, format=pattern, currency_digits=False, locale=locale, numbering_system=_DIGITS)
    return _in_own_digits(told, locale)


def _money_pattern(locale: str, *, cents: bool) -> str:
    pattern = Locale.parse(locale).currency_formats["standard"].pattern
    return pattern if cents else pattern.replace("0.00", "0")


def number(value: Number | None, *, digits: int = 0, short: bool = False) -> str:
    return NOTHING if value is None else _number(value, digits, short, words.language())


@lru_cache(maxsize=_KEPT)
def _number(value: Number, digits: int, short: bool, locale: str) -> str:
    if short and abs(float(value)) >= 10_000:
        return _in_own_digits(format_compact_decimal(value, fraction_digits=1, locale=locale, numbering_system=_DIGITS), locale)
    pattern = "#,##0" + ("." + "#" * digits if digits else "")
    return _in_own_digits(format_decimal(value, format=pattern, locale=locale, numbering_system=_DIGITS), locale)


def count(value: int) -> str:
    """A count without signs between its digits, so that a plural can still be chosen by it."""
    return _in_own_digits(str(value), words.language())


def percent(value: Number | None, *, digits: int = 1, signed: bool = False) -> str:
    return NOTHING if value is None else _percent(value, digits, signed, words.language())


@lru_cache(maxsize=_KEPT)
def _percent(value: Number, digits: int, signed: bool, locale: str) -> str:
    own = Locale.parse(locale).percent_formats[None].pattern  # the language's own place for the sign
    pattern = own.replace("#,##0", "#,##0" + ("." + "0" * digits if digits else ""))
    told = _in_own_digits(format_percent(value, format=pattern, locale=locale, numbering_system=_DIGITS), locale)
    return f"+{told}" if signed and round(float(value), digits + 2) > 0 else told


def day(value: dt.date | None, *, year: bool = True) -> str:
    """A day as 12 Mar 2025; without the year where all of a list are near."""
    return NOTHING if value is None else _day(value, year, words.language())


@lru_cache(maxsize=_KEPT)
def _day(value: dt.date, year: bool, locale: str) -> str:
    if locale == "fa":
        return jalali.told(value, year=year)
    return format_date(value, format="medium", locale=locale) if year else format_skeleton("MMMd", value, locale=locale)


def moment(value: dt.datetime | None) -> str:
    if value is None:
        return NOTHING
    hour = _in_own_digits(format_datetime(value, "HH:mm", locale=words.language()), words.language())
    return f"{day(value.date())}، {hour}" if words.language() == "fa" else f"{day(value.date())}, {hour}"


def period(start: dt.date, grain: str, calendar: str = "gregorian") -> str:
    """The name of a period: Sep 2026, Q3 2026, the day on which a week begins; in the Solar Hijri calendar its own months."""
    if grain in ("day", "week"):
        return day(start, year=grain == "week" and words.language() == "fa")
    if calendar == "jalali":
        return jalali.period(start, grain, persian=words.language() == "fa")
    if calendar == "fiscal":
        start += _HALF_A_MONTH  # a month of weeks begins in the days before the month that it is called after
    skeleton = "y" if grain == "year" else "yQQQ" if grain == "quarter" and calendar == "gregorian" else "yMMM"
    return _in_own_digits(format_skeleton(skeleton, start, locale=words.language()), words.language())


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
    return words.text("app.unit.points_of_percent", value=_in_own_digits(told, words.language()))
