"""What was forecast and what came: kept from edition to edition, so that pages show how right past forecasts were.

Of each month the forecasts of its last edition are kept. For months of which there is no edition yet, what would have been said then is put
in (`replayed`), so that a new company sees at once how far a forecast can be trusted.
"""

from __future__ import annotations

import datetime as dt

import pyarrow as pa

from nextmove.engine import Engine, literal

PAST = "predictions.forecast_past"
_COLUMNS = "made_on, kpi, dimension, member, period_start, months_ahead, value, value_lo, value_hi"
_NOW = """
select as_of as made_on, kpi, dimension, member, period_start,
       date_diff('month', date_trunc('month', as_of + 1), period_start) + 1 as months_ahead, value, value_lo, value_hi
from predictions.forecast
"""
_KEEP = """
create or replace table predictions.forecast_past as
with said as (
    select {columns} from earlier_forecasts where made_on < {as_of} and not replayed
    union all
    select {columns} from ({now}) as now
),
kept as (select * from said qualify made_on = max(made_on) over (partition by date_trunc('month', made_on)))
select {columns}, false as replayed from kept
union all
select {columns}, true as replayed from predictions.forecast_replayed
where date_trunc('month', made_on) not in (select date_trunc('month', made_on) from kept)
order by all
"""


def forecasts_of(engine: Engine) -> pa.Table | None:
    """The forecasts that an edition keeps; None where it has none."""
    known = "select 1 from information_schema.tables where table_schema = 'predictions' and table_name = 'forecast_past'"
    return engine.query(f"select * from {PAST}") if engine.query(known).num_rows else None


def keep_forecasts(engine: Engine, *, as_of: dt.date, earlier: pa.Table | None) -> None:
    """Write what is said now beside what was said before; nothing where the forecast is silent."""
    known = "select 1 from information_schema.tables where table_schema = 'predictions' and table_name = 'forecast'"
    if not engine.query(known).num_rows:
        return
    before = earlier if earlier is not None else engine.query(f"select {_COLUMNS}, false as replayed from ({_NOW}) as now limit 0")
    engine.write("main.earlier_forecasts", before)
    engine.execute(_KEEP.format(columns=_COLUMNS, as_of=literal(as_of), now=_NOW))
    engine.execute("drop table main.earlier_forecasts")
    engine.execute("drop table predictions.forecast_replayed")
