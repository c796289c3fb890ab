"""Numbers, money and days as each language writes them; files that no spreadsheet runs."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import jdatetime
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nextmove import words
from nextmove.app import charts, exports, formats, jalali


@given(st.dates(dt.date(1900, 3, 21), dt.date(2099, 12, 31)))
def test_solar_hijri_days_are_the_official_ones(day: dt.date) -> None:
    known = jdatetime.date.fromgregorian(date=day)
    assert jalali.parts(day) == (known.year, known.month, known.day)


@pytest.mark.parametrize(
    ("language", "expected"),
    [("en", "€1,234"), ("pl", "1\xa0234\xa0€"), ("he", "\u200f1,234\xa0\u200f€"), ("fa", "\u200e€\xa0۱٬۲۳۴")],
)
def test_money_is_written_as_the_language_does(language: str, expected: str) -> None:
    with words.speaking(language):
        assert formats.money(Decimal("1234.4"), "EUR").replace(" ", "\xa0") == expected


def test_small_money_keeps_its_cents_and_large_money_is_short() -> None:
    assert formats.money(Decimal("12.5"), "EUR") == "€12.50"
    assert formats.money(Decimal("1234567"), "EUR", short=True) == "€1.2M"
    assert formats.money(None, "EUR") == "–"


def test_percentages_and_changes() -> None:
    assert formats.percent(0.1234) == "12.3%"
    assert formats.percent(0.12, digits=0, signed=True) == "+12%"
    assert formats.percent(-0.12, digits=0, signed=True) == "-12%"
    assert formats.percent(0.0001, digits=0, signed=True) == "0%"
    assert formats.points(0.034) == "+3.4 pts"


def test_periods_have_names() -> None:
    day = dt.date(2026, 7, 1)
    assert [formats.period(day, grain) for grain in ("month", "quarter", "year")] == ["Jul 2026", "Q3 2026", "2026"]
    assert formats.period(dt.date(2025, 3, 21), "month", "jalali") == "Farvardin 1404"


@pytest.mark.parametrize("cell", ["=1+1", "+cmd", "-2+3", "@sum", "\tx"])
def test_no_spreadsheet_runs_a_cell(cell: str) -> None:
    assert exports.safe(cell) == f"'{cell}"


def test_numbers_stay_numbers_in_a_file() -> None:
    assert exports.safe(-5) == -5
    assert exports.csv_file("x.csv", ("a", "b"), [(None, Decimal("-1.5"))]).content.decode().splitlines()[1] == ",-1.5"


@given(st.lists(st.one_of(st.none(), st.floats(-1e9, 1e9)), max_size=40))
def test_a_small_drawing_stays_in_its_box(values: list[float | None]) -> None:
    drawn = charts.spark(values)
    for point in drawn.points.split():
        x, y = map(float, point.split(","))
        assert 0 <= x <= 100 and 0 <= y <= 28


def test_time_runs_the_way_one_reads() -> None:
    def option(language: str) -> charts.Option:
        with words.speaking(language):
            return charts.chart(["a", "b"], [charts.Series("x", [1.0, 2.0])], unit="money", currency="EUR", label="x").option

    assert not option("en")["xAxis"]["inverse"] and option("he")["xAxis"]["inverse"]
