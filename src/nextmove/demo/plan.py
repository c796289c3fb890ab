"""How large the demo company is, when its three years end, and where its chance comes from.

Everything random is drawn from named streams, so the same seed and version give the same tables to the byte, and a
change in one table leaves the others as they were. Sizes grow with the order lines as they do in real distributors:
customers nearly in proportion, products and representatives more slowly.
"""

from __future__ import annotations

import datetime as dt
import zlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nextmove.errors import UserError

Ints = npt.NDArray[np.integer]
Floats = npt.NDArray[np.floating]
Bools = npt.NDArray[np.bool_]
Names = npt.NDArray[np.object_]

DEFAULT_LINES = 80_000
DEFAULT_AS_OF = dt.date(2026, 9, 30)
LEAST_LINES, MOST_LINES = 2_000, 100_000_000
YEARS = 3
LINES_PER_ORDER = 4.2
RETURN_SHARE = 0.015


@dataclass(frozen=True)
class Plan:
    """The size, the seed and the last day of a demo company."""

    lines: int = DEFAULT_LINES
    seed: int = 1
    as_of: dt.date = DEFAULT_AS_OF

    def __post_init__(self) -> None:
        if not LEAST_LINES <= self.lines <= MOST_LINES:
            raise UserError(f"A demo company has {LEAST_LINES:,} to {MOST_LINES:,} order lines, not {self.lines:,}.", where="--lines")

    @property
    def start(self) -> dt.date:
        """The first day: three years before the day after the last."""
        after = self.as_of + dt.timedelta(days=1)
        leap_day = after.month == 2 and after.day == 29
        return after.replace(year=after.year - YEARS, day=28 if leap_day else after.day)

    @property
    def days(self) -> int:
        return (self.as_of - self.start).days + 1

    @property
    def accounts(self) -> int:
        """6,000 customers at a million lines, 50,000 at ten million."""
        return max(40, round(6_000 * _power(self.lines / 1e6, 0.92)))

    @property
    def products(self) -> int:
        return max(120, round(20_000 * _power(self.lines / 1e7, 0.7)))

    @property
    def reps(self) -> int:
        """Those who sell today; managers and those who left come on top."""
        return max(6, round(48 * _power(self.lines / 1e6, 0.55)))

    @property
    def returned_lines(self) -> int:
        return round(self.lines * RETURN_SHARE)

    @property
    def ordered_lines(self) -> int:
        return self.lines - self.returned_lines

    @property
    def orders(self) -> int:
        """About how many orders carry those lines."""
        return round(self.ordered_lines / LINES_PER_ORDER)

    def random(self, stream: str, chunk: int = 0) -> np.random.Generator:
        """The source of chance of one subject."""
        return np.random.default_rng([self.seed, zlib.crc32(stream.encode()), chunk])


def _power(base: float, exponent: float) -> float:
    return float(base**exponent)
