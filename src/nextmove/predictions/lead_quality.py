"""How good each lead was when it came: the chance that it becomes a customer, for the KPIs that weigh leads.

What is told of a lead must not know what became of it, nor change later. So the leads of a quarter are scored by what was learnt on its
first day from the leads whose outcome was known by then (the horizon of the task `leads` over), with the same fields and the same guard
against columns that are filled in afterwards. One learner does it, the ridge on single values: a dozen quarters are to cost seconds.
Before enough leads are decided everybody gets the rate so far; the very first ones, of which nothing is known, get none.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import numpy as np
import pyarrow as pa

from nextmove.engine import Engine
from nextmove.predictions.encoding import table_of
from nextmove.predictions.groups import Flags
from nextmove.predictions.leads import FittedLeads, Leads, load_leads
from nextmove.predictions.scoring import LEAST_EACH, leaking, score_table

_SCHEMA = pa.schema([("lead_id", pa.string()), ("learnt_on", pa.date32()), ("chance", pa.float64())])


def lead_quality(engine: Engine, *, as_of: dt.date, since: dt.date | None = None) -> pa.Table:
    """Rows of `lead_quality`: every lead of the quarters so far (from that of `since` on)."""
    task, leads = Leads(), load_leads(engine, as_of)
    leads = leads.drop_columns(list(_filled_in_later(FittedLeads(task, as_of, leads))))
    starts = [day for day in quarter_starts(leads["day"][0].as_py(), as_of) if since is None or day >= quarter_start(since)]
    return pa.concat_tables([_SCHEMA.empty_table(), *(_of_quarter(task, leads, start) for start in starts)])


def quarter_start(day: dt.date) -> dt.date:
    return dt.date(day.year, day.month - (day.month - 1) % 3, 1)


def quarter_starts(first: dt.date, last: dt.date) -> Iterable[dt.date]:
    """The first days of the quarters from that of `first` to that of `last`."""
    day = quarter_start(first)
    while day <= last:
        yield day
        day = _next(day)


def _next(start: dt.date) -> dt.date:
    return quarter_start(start + dt.timedelta(days=95))


def _filled_in_later(fitted: FittedLeads) -> tuple[str, ...]:
    """Fields that tell the outcome today; in the past it can no longer be seen that they were empty."""
    if not fitted.over.any():
        return ()
    given = fitted.leads.select(fitted.fields)
    known, asked = (table_of(given.filter(pa.array(chosen)), None) for chosen in (fitted.over, fitted.open))
    return leaking(known, fitted.label, asked) if 0 < fitted.label.sum() < len(fitted.label) else ()


def _of_quarter(task: Leads, leads: pa.Table, start: dt.date) -> pa.Table:
    """The leads that came in the quarter, scored by what was known on the day before its first."""
    fitted = FittedLeads(task, start - dt.timedelta(days=1), leads)
    came = _between(leads, start, _next(start))
    if not came.any() or fitted.label.sum() < LEAST_EACH:
        return _SCHEMA.empty_table()
    given = leads.select(["day", *fitted.fields])
    train = given.filter(pa.array(fitted.over)).append_column("became_customer", pa.array(fitted.label))
    asked = given.filter(pa.array(came))
    chance = score_table(train, asked, label="became_customer", time="day", learners=("values",)).chance
    size = int(came.sum())
    ids = leads["lead_id"].filter(pa.array(came)).cast(pa.string())
    return pa.table([ids, pa.array([fitted.as_of] * size, pa.date32()), pa.array(chance)], schema=_SCHEMA)


def _between(leads: pa.Table, start: dt.date, end: dt.date) -> Flags:
    days = leads["day"].to_numpy().astype("datetime64[D]")
    inside: Flags = (days >= np.datetime64(start)) & (days < np.datetime64(end))
    return inside
