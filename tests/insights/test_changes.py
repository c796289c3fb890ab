"""Changes of a company: the one that happened is told once, under its cause, and keeps its name; a short load is held back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace

import pytest

from nextmove.engine import DuckDBEngine
from nextmove.insights.changes import Changes, detect_changes, find_changes
from nextmove.insights.changes import stored as stored_values
from nextmove.insights.changes.gate import gate
from nextmove.insights.changes.listing import current_changes, held_sentences, rows_of
from nextmove.insights.changes.state import Told, carry_over, from_table, to_table
from nextmove.insights.changes.unchanged import fingerprint
from nextmove.kpis import load_catalogue
from nextmove.settings import Settings

from .conftest import AS_OF, LEFT_ON, write_values

CATALOGUE = load_catalogue()


def found(engine: DuckDBEngine, as_of: dt.date = AS_OF, earlier: list[Told] | None = None) -> Changes:
    return find_changes(engine, CATALOGUE, Settings(), as_of=as_of, earlier=earlier)


@pytest.fixture
def altered(storied: DuckDBEngine) -> Iterator[DuckDBEngine]:
    """The company, put right again whatever a test does to its lines and tables."""
    yield storied
    storied.execute("create or replace table facts.sales as select * from main.sales_once order by day")
    storied.execute("drop table if exists main.alerts")
    storied.execute("drop table if exists main.alert_gate")
    storied.execute("drop table if exists main.alert_watch")
    write_values(storied, AS_OF)


def test_one_customer_left_and_one_story_is_told(storied: DuckDBEngine) -> None:
    changes = found(storied)
    falls = [a for a in changes.alerts if a.kpi == "net_sales" and a.grain == "week" and a.direction < 0 and a.opened_on > LEFT_ON]
    told = {(a.dimension, a.member): a for a in falls}
    under = [told["rep", "R1"], told["region", "north"], told["account", "A001"]]
    assert {a.cause for a in under} == {"account=A001"}
    assert sum(a.leads for a in under) <= 1
    assert all(a.opened_on <= LEFT_ON + dt.timedelta(weeks=8) for a in under)


def test_the_category_whose_cost_rose_is_told(storied: DuckDBEngine) -> None:
    margins = [a for a in found(storied).alerts if a.kpi == "gross_margin"]
    assert {(a.dimension, a.member) for a in margins if a.dimension == "category"} == {("category", "paint")}
    assert all(not a.good for a in margins)


def test_before_it_happened_hardly_anything_is_told(altered: DuckDBEngine) -> None:
    early = LEFT_ON - dt.timedelta(days=1)
    altered.execute(f"delete from facts.sales where day > date '{early}'")
    write_values(altered, early)
    assert len([a for a in found(altered, early).alerts if a.leads]) <= 6


def test_an_alert_keeps_its_name_from_edition_to_edition(altered: DuckDBEngine) -> None:
    october = dt.date(2025, 10, 31)
    write_values(altered, october)
    first = found(altered, october)
    write_values(altered, AS_OF)
    later = found(altered, AS_OF, first.alerts)
    named = {a.alert_id: a for a in later.alerts}
    for alert in first.alerts:
        assert named[alert.alert_id].opened_on == alert.opened_on
        assert named[alert.alert_id].first_told == october
    assert len(named) == len(later.alerts)


def test_what_a_restated_load_takes_back_is_closed() -> None:
    blank = Told(
        "a", "net_sales", "week", "", "", -1, False, AS_OF, AS_OF, None, None, AS_OF, 5.0, 3, 1, 2, 1, 3, -1, 9, "net_sales", 1.0, True
    )
    (closed,) = carry_over([], [blank], as_of=AS_OF)
    assert (closed.closed_on, closed.closed_by) == (AS_OF, "restated")
    (kept,) = carry_over([replace(blank, alert_id="b", opened_on=AS_OF + dt.timedelta(days=7))], [blank], as_of=AS_OF)
    assert (kept.alert_id, kept.opened_on) == ("a", AS_OF)
    assert from_table(to_table([blank])) == [blank]


def test_a_short_last_load_holds_its_periods_back(altered: DuckDBEngine) -> None:
    assert gate(altered, as_of=AS_OF) == []
    altered.execute("delete from facts.sales where day = date '2025-12-30' and line_no + length(order_id) > 0 and hash(order_id) % 10 > 0")
    (held,) = gate(altered, as_of=AS_OF)
    assert (held.table, held.reason, held.day) == ("facts.sales", "short", dt.date(2025, 12, 30))
    assert "2025" in held_sentences([held])[0]
    assert all(a.opened_on <= held.day for a in found(altered).alerts)


def test_a_late_load_is_told(altered: DuckDBEngine) -> None:
    altered.execute("delete from facts.sales where day > date '2025-12-22'")
    (held,) = gate(altered, as_of=AS_OF)
    assert (held.reason, held.day) == ("late", dt.date(2025, 12, 23))


def test_an_odd_load_is_held_back(altered: DuckDBEngine) -> None:
    """A file that was loaded six times over on one day under new order numbers."""
    altered.execute("insert into facts.sales select s.* from facts.sales as s, range(5) where s.day = date '2025-12-29'")
    write_values(altered, AS_OF)
    (held,) = gate(altered, as_of=AS_OF)
    assert (held.reason, held.day) == ("odd", dt.date(2025, 12, 29)) and held.rows > 4 * held.usual
    assert str(held.rows) in held_sentences([held])[0]
    assert all(a.opened_on <= held.day for a in found(altered).alerts)


def test_the_refresh_step_writes_what_the_command_reads(altered: DuckDBEngine) -> None:
    assert detect_changes(altered, CATALOGUE, Settings(), as_of=AS_OF) == {}
    changes = current_changes(altered, CATALOGUE, Settings(), as_of=AS_OF)
    rows = rows_of(changes, CATALOGUE, Settings(), engine=altered, since=None, every=False)
    assert rows and all(row["closed_on"] is None for row in rows)
    top = next(row for row in rows if row["cause"] == "account=A001")
    assert int(str(top["under_it"])) >= 3 and "fell" in str(top["sentence"])
    again = detect_changes(altered, CATALOGUE, Settings(), as_of=AS_OF, earlier=to_table(changes.alerts))
    assert again == {}
    assert {a.alert_id for a in current_changes(altered, CATALOGUE, Settings(), as_of=AS_OF).alerts} == {a.alert_id for a in changes.alerts}


def test_alerts_stand_while_nothing_that_is_watched_has_changed(altered: DuckDBEngine) -> None:
    def told(since: dt.date | None, settings: Settings = Settings()) -> int:
        detect_changes(altered, CATALOGUE, settings, as_of=AS_OF, since=since)
        return int(altered.query("select count(*) as n from main.alerts")["n"][0].as_py())

    found = told(None)
    altered.execute("delete from main.alerts where not leads")  # as a sign: whoever looks again finds these
    leading = told(AS_OF)
    assert 0 < leading < found, "nothing has changed"
    assert told(LEFT_ON) == found, "a sale before an alert opened is another"
    altered.execute("delete from main.alerts where not leads")
    altered.execute(
        "update main.kpi_values set value = value + 1 where kpi = 'net_sales' and dimension = '' and period_start < date '2025-06-01'"
    )
    assert told(AS_OF) > leading, "what is watched is another"
    altered.execute("delete from main.alerts")
    assert told(AS_OF, Settings(changes={"false_alerts_per_series_year": 0.2})) > 0, "the budget is another"


def test_a_day_of_sales_changes_nothing_that_is_watched(altered: DuckDBEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small customer becomes one of the largest on a day whose week is not over."""
    monkeypatch.setattr(stored_values, "LARGEST", 5)

    def watched() -> str:
        return fingerprint(altered, CATALOGUE, Settings(), before=AS_OF)

    before = watched()
    sold = "insert into facts.sales by name select * replace ('large' as order_id, date '{}' as day, 10000000 as net) from facts.sales"
    altered.execute(f"{sold.format('2025-12-30')} where account_id = 'A150' limit 1")
    assert watched() == before
    altered.execute(f"{sold.format('2025-12-26')} where account_id = 'A150' limit 1")
    assert watched() != before, "a week that is over holds it"
