"""Days in the Solar Hijri calendar, as Persian readers write them."""

from __future__ import annotations

import datetime as dt

MONTHS = ("فروردین", "اردیبهشت", "خرداد", "تیر", "مرداد", "شهریور", "مهر", "آبان", "آذر", "دی", "بهمن", "اسفند")
LATIN_MONTHS = ("Farvardin", "Ordibehesht", "Khordad", "Tir", "Mordad", "Shahrivar", "Mehr", "Aban", "Azar", "Dey", "Bahman", "Esfand")
DIGITS = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")


def told(day: dt.date, *, year: bool = True) -> str:
    """12 اسفند 1403, in Persian digits."""
    y, m, d = parts(day)
    return f"{d} {MONTHS[m - 1]}{f' {y}' if year else ''}".translate(DIGITS)


def period(start: dt.date, grain: str, *, persian: bool) -> str:
    """The name of the month, quarter or year that begins on that day."""
    y, m, _ = parts(start)
    months = MONTHS if persian else LATIN_MONTHS
    name = {"year": f"{y}", "quarter": f"{months[m - 1]}–{months[m + 1]} {y}" if m <= 10 else f"{y}"}.get(grain, f"{months[m - 1]} {y}")
    return name.translate(DIGITS) if persian else name


def parts(day: dt.date) -> tuple[int, int, int]:
    """Year, month and day of the Solar Hijri calendar (rule of 33, which gives the official years 1206–1498)."""
    y = day.year - 621
    start = new_year(y)
    if day < start:
        y -= 1
        start = new_year(y)
    passed = (day - start).days
    if passed < 186:
        return y, passed // 31 + 1, passed % 31 + 1
    return y, (passed - 186) // 30 + 7, (passed - 186) % 30 + 1


def new_year(year: int) -> dt.date:
    """1 Farvardin of a Solar Hijri year: leap are the years whose remainder by 33 is 1, 5, 9, 13, 17, 22, 26 or 30."""
    cycles, rest = divmod(year - 1, 33)
    leaps = cycles * 8 + sum(1 for leap in (1, 5, 9, 13, 17, 22, 26, 30) if leap <= rest)
    return dt.date(622, 3, 21) + dt.timedelta(days=(year - 1) * 365 + leaps)
