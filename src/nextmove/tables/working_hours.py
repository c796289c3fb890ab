"""The clock that runs in working hours alone: what the calendar says of each day for it.

A moment stands on this clock at the working seconds before its local day, and those of the day so far: the moment, held within opening and
closing, less the opening. The working time between two moments is the difference. Opening and closing are moments of UTC, so a day on which
the clocks change in working hours is as long as it was.
"""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from nextmove.settings import Company

Seconds = npt.NDArray[np.int64]  # of UTC, since 1970


def working_hours(company: Company, first: dt.date, working: npt.NDArray[np.bool_]) -> dict[str, Any]:  # Any: numpy arrays of several types
    """For each day from `first`: when it opens and closes (at once where nobody works), the seconds worked before it; empty unless set."""
    if company.working_hours is None:
        never = np.full(len(working), "NaT", dtype="datetime64[us]")
        return {"opens_at": never, "closes_at": never, "worked_before": np.zeros(len(working), dtype=np.int64)}
    opens, closes = (_moments(time, first, len(working), company.time_zone) for time in company.working_hours)
    closes = np.where(working, closes, opens)
    worked = np.cumsum(closes - opens)
    return {"opens_at": _timestamps(opens), "closes_at": _timestamps(closes), "worked_before": worked - (closes - opens)}


def _moments(time: str, first: dt.date, count: int, time_zone: str) -> Seconds:
    """When it is that time of day, on each day."""
    hour, minute = time.split(":")
    start = dt.datetime(first.year, first.month, first.day, tzinfo=ZoneInfo(time_zone)) + dt.timedelta(hours=int(hour), minutes=int(minute))
    return np.array([int((start + dt.timedelta(days=n)).timestamp()) for n in range(count)], dtype=np.int64)  # added by the wall clock


def _timestamps(seconds: Seconds) -> npt.NDArray[np.datetime64]:
    return seconds.astype("datetime64[s]").astype("datetime64[us]")
