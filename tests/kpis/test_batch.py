"""The values of an edition are those of the questions, whatever is computed together."""

from __future__ import annotations

import datetime as dt
import math
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nextmove.engine import DuckDBEngine, literal
from nextmove.facts import create_predicted, load_facts, parameters, prepare
from nextmove.kpis import Question, answer, batch, folds, load_catalogue, stretches
from nextmove.kpis.batch import TOLD, Batch, Told, compute_values, cut_asks, stored_periods
from nextmove.kpis.frame import ONE_DAY, Frame
from nextmove.kpis.needs import reads_predictions, with_data
from nextmove.kpis.reach import Since
from nextmove.kpis.wide import Wide, wide
from nextmove.settings import Settings
from nextmove.tables import FILLED_BY
from nextmove.tables.calendar import calendar_of
from tests.conftest import AS_OF, COMPANY, load_company

CATALOGUE = load_catalogue()
SETTINGS = Settings.read(Path(COMPANY) / "nextmove.toml")
KEY = "kpi, grain, calendar, dimension, member, period_start"


@pytest.fixture(scope="module")
def stored() -> Iterator[DuckDBEngine]:
    """The reference company with its facts as tables and all values computed as in a large one: folded, read in small passes."""
    with DuckDBEngine() as engine:
        engine.execute("set threads = 1")  # small tables: more threads only cost
        load_company(engine)
        prepare(engine, SETTINGS, load_facts())
        for fact in CATALOGUE.facts.values():
            if fact.stored:
                engine.execute(f"create table facts.kept as from facts.{fact.name}")
                engine.execute(f"drop view facts.{fact.name}")
                engine.execute(f"alter table facts.kept rename to {fact.name}")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(folds, "WORTH_ROWS", 0)
            patch.setattr(folds, "ROWS_EACH", 0)
            patch.setattr(stretches, "ROWS_AT_ONCE", 100)
            patch.setattr(batch, "_ROWS_AT_ONCE", 1)
            compute_values(engine, CATALOGUE, SETTINGS, as_of=AS_OF)
        yield engine


@pytest.mark.parametrize("theme", sorted({kpi.theme for kpi in CATALOGUE.kpis.values()}))
def test_stored_values_are_the_answers(theme: str, stored: DuckDBEngine) -> None:
    for kpi in with_data(stored, CATALOGUE):
        if kpi.theme == theme:
            dice = random.Random(kpi.id)
            _same_as_asked(stored, kpi.id, dice.choice(list(stored_periods(SETTINGS))), "")
            _same_as_asked(stored, kpi.id, ("gregorian", dice.choice(batch.WATCHED)), dice.choice(kpi.entry.cut_by))


def _same_as_asked(engine: DuckDBEngine, kpi: str, period: tuple[str, str], dimension: str) -> None:
    calendar, grain = period
    asked = {"kpi": kpi, "calendar": calendar, "grain": grain, "dimension": dimension}
    found = engine.query(
        f"select * from main.kpi_values where {' and '.join(f'{name} = {literal(value)}' for name, value in asked.items())}"
    ).to_pylist()
    if dimension and not found:
        return  # not kept
    question = Question(kpi, grain=grain, calendar=calendar, by=(dimension,) if dimension else ())
    answered = answer(engine, question, SETTINGS, as_of=AS_OF, catalogue=CATALOGUE).to_pylist()
    told = {(row["period_start"], row[dimension] if dimension else ""): row for row in answered}
    assert {(row["period_start"], row["member"]) for row in found} == told.keys(), asked
    for row in found:
        for name in ("value", "numerator", "denominator", "coverage", "rows", "complete", "immature", "period_end"):
            assert _equal(row[name], told[row["period_start"], row["member"]][name]), (asked, row, name)


def _equal(stored: Any, told: Any) -> bool:  # Any: cells
    if stored is None or told is None or isinstance(stored, bool | dt.date):
        return bool(stored == told)
    return math.isclose(float(stored), float(told), rel_tol=1e-9, abs_tol=1e-9)


def test_customers_of_the_company_change_hands_within_a_period(stored: DuckDBEngine) -> None:
    """So that what is told together meets keys of one combination of members, of several, and of none."""
    several = "select month_id, account_id from facts.sales where is_purchase group by all having count(distinct hash(rep_id, channel)) {}"
    assert stored.query(several.format("> 1")).num_rows and stored.query(several.format("= 1")).num_rows
    assert stored.query("select 1 from facts.sales where account_id is null").num_rows


def test_made_anew_since_a_day_in_small_passes_they_are_the_same(stored: DuckDBEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    stored.execute("create or replace table main.before as from main.kpi_values")
    monkeypatch.setattr(batch, "_ROWS_AT_ONCE", 1)
    day = AS_OF - dt.timedelta(days=3)
    compute_values(stored, CATALOGUE, SETTINGS, as_of=AS_OF, since=Since(day, day))
    _same_as_before(stored)


def test_values_wait_for_the_predictions_that_they_read(stored: DuckDBEngine) -> None:
    day = AS_OF - dt.timedelta(days=3)
    since = Since(day, day)
    predicted = [kpi for kpi in CATALOGUE.kpis.values() if reads_predictions(CATALOGUE, kpi)]
    _predict(stored)
    compute_values(stored, CATALOGUE, SETTINGS, as_of=AS_OF, since=since)
    assert {"clv", "weighted_pipeline_value"} <= {kpi.id for kpi in predicted} < set(CATALOGUE.kpis)
    assert stored.query("select 1 from main.kpi_values where kpi = 'clv' and value > 0").num_rows
    stored.execute("create or replace table main.before as from main.kpi_values")
    _forget_predictions(stored)
    compute_values(stored, CATALOGUE, SETTINGS, as_of=AS_OF, since=since, predicted=lambda: _predict(stored))
    _same_as_before(stored)
    _forget_predictions(stored)
    compute_values(stored, CATALOGUE, SETTINGS, as_of=AS_OF, since=since)
    assert not stored.query("select 1 from main.kpi_values where kpi = 'clv'").num_rows


def _predict(engine: DuckDBEngine) -> None:
    """As a refresh would: what each customer is worth, and the chance of each deal."""
    create_predicted(engine)
    ends = "select distinct last_day(day) as valued_on, account_id from facts.sales where is_purchase"
    engine.execute(f"insert into main.account_values select valued_on, account_id, 100, 200, 90, 180 from ({ends})")
    engine.execute(f"insert into main.deal_chances select distinct opportunity_id, {literal(AS_OF)}, 0.7 from facts.deals")


def _forget_predictions(engine: DuckDBEngine) -> None:
    for table in FILLED_BY.values():
        engine.execute(f"delete from main.{table}")


def _same_as_before(stored: DuckDBEngine) -> None:
    assert not stored.query(f"from before anti join main.kpi_values using ({KEY})").num_rows
    assert not stored.query(f"from main.kpi_values anti join before using ({KEY})").num_rows
    near = " and ".join(f"round(b.{name}, 6) is not distinct from round(a.{name}, 6)" for name in ("value", "coverage", "rows"))
    assert not stored.query(f"select * from before as b join main.kpi_values as a using ({KEY}) where not ({near})").num_rows


def test_comparisons_read_the_compared_periods_only(stored: DuckDBEngine) -> None:
    calendar = calendar_of(SETTINGS)
    month = calendar.grid("gregorian", "month").holding(AS_OF)
    asked = wide([Frame("gregorian", "month", month, None, AS_OF, AS_OF + ONE_DAY, {})], by=())

    def reached(move: str) -> list[int]:
        both = asked.reaching(asked.back(move, calendar), move)
        assert isinstance(both, Wide)
        rows = stored.query(f"select id from ({both.parts[0].periods_sql}) as periods order by id")
        return [int(each) - month.id for each in rows["id"].to_pylist()]

    assert reached("previous") == [-1, 0]
    assert reached("year_ago") == [-12, 0]


@pytest.mark.parametrize("months", [20, 2])
def test_asked_months_are_compared_with_those_before_them(months: int, stored: DuckDBEngine) -> None:
    """Many are read in one pass with those that they are compared with, few apart from them."""
    grid = calendar_of(SETTINGS).grid("gregorian", "month")
    first = grid.period(grid.holding(AS_OF).id - months)
    frame = Frame("gregorian", "month", first, None, AS_OF, AS_OF + ONE_DAY, parameters(SETTINGS))
    names = ("net_sales", "orders", "sales_growth", "sales_growth_yoy", "customer_concentration", "skus_per_customer")
    kpis = [CATALOGUE.kpi(name).under({}) for name in names]
    asked = [Told(kpi, tuple(name for name in ("rep", "region", "product") if name in kpi.entry.cut_by)) for kpi in kpis]
    stored.execute(TOLD)
    made = Batch(stored, CATALOGUE, SETTINGS)
    for ask in cut_asks(CATALOGUE, [frame], asked):
        made.compute(ask.told, ask.frames)
    made.clear()
    told = {row[:4]: row[4] for row in stored.connection.execute("select kpi, dimension, period_start, member, value from told").fetchall()}
    stored.execute("drop table told")
    answers = {}
    for name, dimension in [(each.kpi.id, cut) for each in asked for cut in each.cuts]:
        question = Question(name, grain="month", by=(dimension,), start=first.start)
        rows = answer(stored, question, SETTINGS, as_of=AS_OF, catalogue=CATALOGUE).to_pylist()
        answers |= {(name, dimension, row["period_start"], row[dimension]): row["value"] for row in rows}
    assert told.keys() == answers.keys()
    assert all(_equal(told[key], answers[key]) for key in told)


def test_no_relation_is_left_behind(stored: DuckDBEngine) -> None:
    assert stored.connection.execute("select table_name from duckdb_tables() where temporary").fetchall() == []
    assert stored.connection.execute("select view_name from duckdb_views() where temporary and not internal").fetchall() == []


def test_who_only_returned_takes_a_place_after_all_who_bought(stored: DuckDBEngine) -> None:
    """Its amount is below 0, and rows without a customer make no customer of amount 0 before it."""
    asked = "kpi = 'customer_concentration' and grain = 'week' and dimension = 'rep'"
    found = stored.query(f"select member, period_start, numerator from main.kpi_values where {asked}").to_pylist()
    by_hand = stored.query(
        "select rep_id, p.start_day, sum(net) as net from (\n"
        "    select coalesce(rep_id, '(unknown)') as rep_id, week_id, sum(net) as net,\n"
        "        row_number() over (partition by coalesce(rep_id, '(unknown)'), week_id order by sum(net) desc) as place\n"
        f"    from facts.sales where account_id is not null and day <= {literal(AS_OF)} group by rep_id, week_id, account_id\n"
        ") join main.periods as p on p.calendar = 'gregorian' and p.grain = 'week' and p.id = week_id where place <= 10 group by all"
    ).to_pylist()
    assert {(row["member"], row["period_start"]): round(row["numerator"], 6) for row in found} == {
        (row["rep_id"], row["start_day"]): round(float(row["net"]), 6) for row in by_hand
    }
