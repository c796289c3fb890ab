"""Which page of a long list an address asks for."""

from __future__ import annotations

_DIGITS = 6  # no list has a million pages, and a number of any length is not read


def page_number(asked: str) -> int:
    """The page, counted from 1; the first where the address says nothing that makes sense."""
    return max(1, int(asked)) if asked.isascii() and asked.isdigit() and len(asked) <= _DIGITS else 1
