"""Did it change? Few alerts, true ones.

Every series (a KPI of one member, week by week or month by month) is held against its own expectation, and the few that
left it for good reason are told once. The road, one file a step:

    series.py       long rows → one matrix; a common scale on which a change of 30 % looks the same for large and small
    expectation.py  what the week should have been: the movement that all siblings share, the season, the level
    strength.py     how far the last weeks are off, in units of what such weeks have been off before
    alerts.py       one false-alarm budget over all series; an alert opens, stays open, closes, and is never repeated
    watch.py        the whole road for a table of series

Each week is judged with nothing but its own past.
"""

from nextmove.insights.detect.alerts import Alert
from nextmove.insights.detect.series import Series, from_rows
from nextmove.insights.detect.watch import MONTHLY, WEEKLY, Watching, watch, watch_rows

__all__ = ["MONTHLY", "WEEKLY", "Alert", "Series", "Watching", "from_rows", "watch", "watch_rows"]
