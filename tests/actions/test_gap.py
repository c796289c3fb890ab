"""The gap bridge: its parts against hand-made numbers, within a scope, with nothing counted twice."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from nextmove.actions.gap import Asked, gap_lines
from nextmove.engine import DuckDBEngine
from nextmove.errors import MissingData, UnknownName
from nextmove.kpis import Scope
from nextmove.tables.calendar import Period

MAY = Period(652, dt.date(2024, 5, 1), dt.date(2024, 6, 1))
AS_OF = dt.date(2024, 5, 15)
TABLES = """
create schema facts; create schema predictions;
create table main.reps as select * from (values ('R1', 'north'), ('R2', 'south')) as t(rep_id, team);
create table main.targets as select * from (values
    ('net_sales', 'month', date '2024-05-01', null, null, 1000.0), ('net_sales', 'month', date '2024-05-01', 'rep', 'R1', 700.0),
    ('net_sales', 'quarter', date '2024-04-01', null, null, 9000.0)) as t(kpi, grain, period_start, dimension, member, value);
create table facts.sales as select * from (values
    (date '2024-04-30', 'R1', 'north', 50.0, 25.0), (date '2024-05-02', 'R1', 'north', 200.0, 100.0),
    (date '2024-05-15', 'R2', 'south', 100.0, 50.0),
    (date '2024-05-16', 'R2', 'south', 999.0, 500.0)) as t(day, rep_id, team, net, cost);
create table predictions.forecast as select * from (values
    ('net_sales', 'company', '', date '2024-05-01', 250.0, 40.0), ('net_sales', 'company', '', date '2024-06-01', 500.0, 5.0),
    ('net_sales', 'rep', 'R1', date '2024-05-01', 150.0, 40.0), ('net_sales', 'rep', 'R2', date '2024-05-01', 100.0, 0.0))
    as t(kpi, dimension, member, period_start, repeat, pipeline);
"""
ACTIONS: Any = [SimpleNamespace(rep_id="R1", expected_value=Decimal(10)), SimpleNamespace(rep_id="R2", expected_value=Decimal(5))]


@pytest.fixture
def edition() -> Iterator[DuckDBEngine]:
    with DuckDBEngine() as engine:
        engine.execute(TABLES)
        yield engine


def test_target_less_everything_expected_is_missing(edition: DuckDBEngine) -> None:
    (whole,) = gap_lines(edition, Asked("net_sales", "month", MAY, AS_OF), open_actions=ACTIONS)
    assert (whole.target, whole.booked, whole.expected_repeat, whole.weighted_pipeline) == (1000, 300, 250, 40)
    assert whole.open_actions == 30  # 15 of gross profit at a margin of one half
    assert whole.missing == 1000 - 300 - 250 - 40 - 30


def test_a_quarter_takes_its_months_and_no_others(edition: DuckDBEngine) -> None:
    quarter = Period(217, dt.date(2024, 4, 1), dt.date(2024, 7, 1))
    (whole,) = gap_lines(edition, Asked("net_sales", "quarter", quarter, AS_OF), open_actions=[])
    assert (whole.target, whole.booked, whole.expected_repeat, whole.weighted_pipeline) == (9000, 350, 750, 45)


def test_representatives_come_with_the_largest_gap_first_and_add_up(edition: DuckDBEngine) -> None:
    lines = gap_lines(edition, Asked("net_sales", "month", MAY, AS_OF, "rep"), open_actions=ACTIONS)
    assert [(line.member, line.missing) for line in lines] == [("R1", 700 - 200 - 150 - 40 - 20), ("R2", None)]
    assert sum(line.booked for line in lines) == 300
    assert sum(line.open_actions for line in lines) == 30


def test_gross_profit_counts_moves_as_they_are(edition: DuckDBEngine) -> None:
    (whole,) = gap_lines(edition, Asked("gross_profit", "month", MAY, AS_OF), open_actions=ACTIONS)
    assert (whole.booked, whole.open_actions, whole.missing) == (150, 15, None)


def test_moves_close_no_gap_of_a_period_that_is_over(edition: DuckDBEngine) -> None:
    (whole,) = gap_lines(edition, Asked("net_sales", "month", MAY, dt.date(2024, 5, 31)), open_actions=ACTIONS)
    assert whole.open_actions == 0


def test_out_of_scope_is_not_there(edition: DuckDBEngine) -> None:
    lines = gap_lines(edition, Asked("net_sales", "month", MAY, AS_OF, "rep", Scope.of_reps("R2")), open_actions=ACTIONS[1:])
    assert [line.member for line in lines] == ["R2"]
    assert gap_lines(edition, Asked("net_sales", "month", MAY, AS_OF, "", Scope.of_reps("R2")), open_actions=[]) == []


def test_other_kpis_and_cuts_are_refused_and_a_missing_forecast_is_told(edition: DuckDBEngine) -> None:
    with pytest.raises(UnknownName):
        gap_lines(edition, Asked("win_rate", "month", MAY, AS_OF), open_actions=[])
    with pytest.raises(UnknownName):
        gap_lines(edition, Asked("net_sales", "month", MAY, AS_OF, "region"), open_actions=[])
    edition.execute("drop table predictions.forecast")
    with pytest.raises(MissingData):
        gap_lines(edition, Asked("net_sales", "month", MAY, AS_OF), open_actions=[])
