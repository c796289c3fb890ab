"""The calendar against independent libraries and by hand."""

from __future__ import annotations

import datetime as dt

import jdatetime
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nextmove.engine import DuckDBEngine
from nextmove.errors import UnknownName
from nextmove.settings import Settings
from nextmove.tables.calendar import Calendar, _jalali_leap, calendar_of, write_calendar

BERLIN = Settings(company={"time_zone": "Europe/Berlin", "country": "DE", "fiscal_year_start_month": 4})  # type: ignore[arg-type]
DAYS = st.dates(dt.date(1975, 1, 1), dt.date(2065, 1, 1))
CALENDARS = st.sampled_from(["gregorian", "fiscal", "jalali", "retail"])
GRAINS = st.sampled_from(["day", "week", "month", "quarter", "year"])


@pytest.fixture(scope="module")
def calendar() -> Calendar:
    return calendar_of(BERLIN)


def test_jalali_leap_years_are_the_official_ones() -> None:
    assert all(_jalali_leap(year) == jdatetime.date(year, 1, 1).isleap() for year in range(1206, 1499))


@given(day=DAYS)
def test_jalali_months_and_years(day: dt.date) -> None:
    there = jdatetime.date.fromgregorian(date=day)
    month = calendar_of(BERLIN).grid("jalali", "month").holding(day)
    year = calendar_of(BERLIN).grid("jalali", "year").holding(day)
    assert month.start == there.replace(day=1).togregorian()
    assert (month.id // 12, month.id % 12 + 1) == (there.year, there.month)
    assert (year.id, year.start) == (there.year, there.replace(month=1, day=1).togregorian())


def test_jalali_years_about_1403(calendar: Calendar) -> None:
    assert calendar.grid("jalali", "year").holding(dt.date(2025, 3, 20)).end == dt.date(2025, 3, 21)


@given(day=DAYS, name=CALENDARS, grain=GRAINS)
def test_periods_hold_their_days_without_gaps(day: dt.date, name: str, grain: str) -> None:
    calendar = calendar_of(BERLIN)
    grid = calendar.grid(name, grain)
    period = grid.holding(day)
    before = calendar.previous(period, calendar=name, grain=grain)
    assert period.start <= day < period.end
    assert before.end == period.start
    assert grid.holding(period.end).id == period.id + 1


@given(day=DAYS)
def test_gregorian_months_quarters_years(day: dt.date) -> None:
    calendar = calendar_of(BERLIN)
    assert calendar.grid("gregorian", "month").holding(day).start == day.replace(day=1)
    assert calendar.grid("gregorian", "quarter").holding(day).start == dt.date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
    assert calendar.grid("gregorian", "year").holding(day).id == day.year
    assert calendar.grid("gregorian", "week").holding(day).start.weekday() == 0


@given(day=DAYS, month=st.integers(1, 12))
def test_fiscal_years_begin_in_their_month(day: dt.date, month: int) -> None:
    calendar = calendar_of(Settings(company={"fiscal_year_start_month": month}))  # type: ignore[arg-type]
    year = calendar.grid("fiscal", "year").holding(day)
    quarter = calendar.grid("fiscal", "quarter").holding(day)
    first = dt.date(day.year if day.month >= month else day.year - 1, month, 1)
    assert (year.start, year.end) == (first, first.replace(year=first.year + 1))
    assert ((quarter.start.month - month) % 3, quarter.start.day) == (0, 1)


def test_a_year_ago(calendar: Calendar) -> None:
    def ago(grain: str, name: str, day: dt.date) -> dt.date:
        period = calendar.grid(name, grain).holding(day)
        return calendar.year_ago(period, calendar=name, grain=grain).start

    assert ago("day", "gregorian", dt.date(2024, 2, 29)) == dt.date(2023, 2, 28)
    assert ago("day", "gregorian", dt.date(2024, 3, 1)) == dt.date(2023, 3, 1)
    assert ago("day", "jalali", dt.date(2025, 3, 20)) == dt.date(2024, 3, 19)  # 30 Esfand 1403 → 29 Esfand 1402
    assert ago("week", "fiscal", dt.date(2024, 5, 6)) == dt.date(2023, 5, 8)
    assert ago("month", "jalali", dt.date(2024, 3, 25)) == dt.date(2023, 3, 21)


@pytest.mark.parametrize(("week_start", "first"), [("monday", 0), ("sunday", 6), ("saturday", 5)])
def test_weeks_begin_on_the_companys_day(week_start: str, first: int) -> None:
    calendar = calendar_of(Settings(company={"week_start": week_start}))  # type: ignore[arg-type]
    week = calendar.grid("jalali", "week").holding(dt.date(2024, 5, 14))
    assert week.start.weekday() == first
    assert week.end - week.start == dt.timedelta(days=7)


def test_retail_quarters_have_13_weeks_or_14(calendar: Calendar) -> None:
    grid = calendar.grid("retail", "quarter")
    lengths = {(p.end - p.start).days for p in (grid.period(n) for n in range(8000, 8200))}
    assert lengths == {91, 98}


def test_working_days_leave_out_holidays_and_closures() -> None:
    settings = Settings(company={"country": "DE", "holidays": ["2024-05-02"]})  # type: ignore[arg-type]
    calendar = calendar_of(settings)
    assert calendar.working_days(dt.date(2024, 5, 1), dt.date(2024, 5, 13)) == 8 - 3  # 1st Labour Day, 2nd closed, 9th Ascension
    assert calendar.working_days(dt.date(2024, 5, 1), dt.date(2024, 5, 4)) == 1


def test_like_for_like_ends_after_as_many_working_days(calendar: Calendar) -> None:
    grid = calendar.grid("gregorian", "month")
    june, may = grid.holding(dt.date(2024, 6, 1)), grid.holding(dt.date(2024, 5, 1))
    # 3 to 7 June are 5 working days; in May the fifth is Wednesday the 8th (the 1st is a holiday).
    assert calendar.like_for_like(june, may, as_of=dt.date(2024, 6, 7)) == dt.date(2024, 5, 9)
    # On Sunday the 9th as well, with the days off that follow: the 9th of May is Ascension Day.
    assert calendar.like_for_like(june, may, as_of=dt.date(2024, 6, 9)) == dt.date(2024, 5, 10)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Auckland", "UTC", "Asia/Tehran"])
def test_moments_fall_on_the_local_day(zone: str) -> None:
    with DuckDBEngine() as engine:
        write_calendar(engine, Settings(company={"time_zone": zone}))  # type: ignore[arg-type]
        wrong = engine.query(
            f"""select moment from (
                select timestamp '2023-01-01' + interval (n * 13) minute as moment from range(90000) as t(n)
            ) join main.calendar as c on c.day = cast(moment as date)
            where case when moment >= turns_at then local_day_after else local_day end
                <> cast(timezone('{zone}', timezone('UTC', moment)) as date)"""
        )
    assert wrong.num_rows == 0


def test_unknown_names_are_refused(calendar: Calendar) -> None:
    with pytest.raises(UnknownName, match="weak"):
        calendar.grid("gregorian", "weak")
    with pytest.raises(UnknownName, match="julian"):
        calendar.grid("julian", "month")
    with pytest.raises(UnknownName, match="country"):
        calendar_of(Settings(company={"country": "ZZ"}))  # type: ignore[arg-type]
