"""What was forecast is kept from edition to edition, and what would have been said fills the months before the first."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest

from nextmove.editions.forecasts import forecasts_of, keep_forecasts
from nextmove.engine import DuckDBEngine

Rows = list[dict[str, object]]


def _edition(as_of: dt.date, value: float, earlier: pa.Table | None) -> pa.Table:
    """An edition that expects `value` of the next month, and would have said 1 at the end of each of the months of spring."""
    with DuckDBEngine() as engine:
        engine.execute("create schema predictions")
        row = f"'net_sales' as kpi, 'company' as dimension, '' as member, {value} as value, 0.0 as value_lo, 9.0 as value_hi"
        start = "cast(date_trunc('month', as_of + 1) as date) as period_start"
        engine.execute(f"create table predictions.forecast as select as_of, {start}, {row} from (select date '{as_of}' as as_of)")
        engine.execute(
            f"""create table predictions.forecast_replayed as select last_day(month) as made_on, month + 40 as period_start,
            1 as months_ahead, {row} from (select unnest([date '2024-03-01', date '2024-04-01', date '2024-05-01']) as month)"""
        )
        engine.execute("update predictions.forecast_replayed set value = 1")
        keep_forecasts(engine, as_of=as_of, earlier=earlier)
        kept = forecasts_of(engine)
        assert kept is not None
        return kept


def _said(kept: pa.Table) -> list[tuple[object, ...]]:
    return sorted((row["made_on"], row["value"], row["replayed"]) for row in kept.to_pylist())


def test_of_each_month_the_last_edition_is_kept() -> None:
    first = _edition(dt.date(2024, 5, 10), 5, None)
    second = _edition(dt.date(2024, 5, 31), 6, first)
    third = _edition(dt.date(2024, 6, 30), 7, second)
    assert _said(third) == [
        (dt.date(2024, 3, 31), 1, True),
        (dt.date(2024, 4, 30), 1, True),
        (dt.date(2024, 5, 31), 6, False),
        (dt.date(2024, 6, 30), 7, False),
    ]


def test_an_edition_of_an_earlier_day_forgets_what_was_said_later() -> None:
    later = _edition(dt.date(2024, 6, 30), 7, None)
    assert (dt.date(2024, 6, 30), 7, False) not in _said(_edition(dt.date(2024, 5, 31), 6, later))


def test_without_a_forecast_nothing_is_kept() -> None:
    with DuckDBEngine() as engine:
        keep_forecasts(engine, as_of=dt.date(2024, 5, 31), earlier=None)
        assert forecasts_of(engine) is None


@pytest.mark.parametrize("as_of", [dt.date(2024, 5, 31), dt.date(2024, 5, 10)])
def test_months_ahead_count_from_the_month_that_runs(as_of: dt.date) -> None:
    mine = [row for row in _edition(as_of, 5, None).to_pylist() if not row["replayed"]]
    assert [row["months_ahead"] for row in mine] == [1]
