"""The calendar against independent libraries and by hand."""

from __future__ import annotations

import datetime as dt

import jdatetime
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nextmove.engine import DuckDBEngine
from nextmove.errors import UnknownName
from nextmove.facts import load_facts, prepare
from nextmove.settings import Settings
from nextmove.tables.calendar import Calendar, _jalali_leap, calendar_of, write_calendar

from .conftest import SETTINGS, Shop

BERLIN = Settings(company={"time_zone": "Europe/Berlin", "country": "DE", "fiscal_year_start_month": 4})  # type: ignore[arg-type]
DAYS = st.dates(dt.date(1975, 1, 1), dt.date(2065, 1, 1))
CALENDARS = st.sampled_from(["gregorian", "fiscal", "jalali"])
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


PATTERNS = st.sampled_from(["4-4-5", "4-5-4", "5-4-4"])


def in_weeks(pattern: str, month: int = 2, week_start: str = "sunday") -> Calendar:
    return calendar_of(Settings(company={"fiscal_pattern": pattern, "fiscal_year_start_month": month, "week_start": week_start}))  # type: ignore[arg-type]


@given(day=DAYS, pattern=PATTERNS, month=st.integers(1, 12), week_start=st.sampled_from(["monday", "sunday", "saturday"]))
def test_fiscal_months_of_weeks(day: dt.date, pattern: str, month: int, week_start: str) -> None:
    """Each year is 52 or 53 whole weeks from the week start nearest to its month's first day; the last month takes the 53rd."""
    calendar = in_weeks(pattern, month, week_start)
    year = calendar.grid("fiscal", "year").holding(day)
    first = dt.date(year.id, month, 1)
    assert abs(year.start - first) <= dt.timedelta(days=3)
    assert calendar.grid("fiscal", "week").holding(year.start).start == year.start
    months = [calendar.grid("fiscal", "month").period(year.id * 12 + n) for n in range(12)]
    weeks = [(each.end - each.start).days / 7 for each in months]
    leap = (year.end - year.start).days == 53 * 7
    assert weeks == [*([int(part) for part in pattern.split("-")] * 4)[:-1], int(pattern[-1]) + leap]
    assert (months[0].start, months[-1].end) == (year.start, year.end)
    quarters = [calendar.grid("fiscal", "quarter").period(year.id * 4 + n) for n in range(4)]
    assert [each.start for each in quarters] == [each.start for each in months[::3]]
    assert quarters[-1].end == year.end


def test_the_retail_calendar_of_2023() -> None:
    """4-5-4 from the Sunday nearest to 1 February: fiscal 2023 began on 29 January 2023 and had 53 weeks, as retailers published it."""
    grid = in_weeks("4-5-4").grid("fiscal", "year")
    assert (grid.period(2023).start, grid.period(2023).end) == (dt.date(2023, 1, 29), dt.date(2024, 2, 4))
    assert [(grid.period(year).end - grid.period(year).start).days // 7 for year in (2012, 2017, 2022, 2024)] == [53, 53, 52, 52]


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


YEARS = [
    {"fiscal_year_start_month": 1},
    {"fiscal_year_start_month": 4},
    {"fiscal_year_start_month": 2, "fiscal_pattern": "4-5-4", "week_start": "sunday"},
]


def test_changing_the_fiscal_year_loses_nothing(shop: Shop) -> None:
    """Sales and targets stay; only the buckets are others, and every sale is in one of each grain."""
    for n in range(150):
        shop.sells(str(n), str(dt.date(2022, 6, 1) + dt.timedelta(days=5 * n)), net=n)
    shop.insert("targets", kpi="net_sales", grain="year", period_start="2023-04-01", value=1_000_000)
    for company in YEARS:
        settings = Settings(company=company)  # type: ignore[arg-type]
        prepare(shop.engine, settings, load_facts())
        for grain in ("month", "quarter", "year"):
            rows = shop.ask("net_sales", grain=grain, calendar="fiscal", settings=settings)
            assert sum(row["value"] for row in rows) == sum(range(150))
            assert all(row["period_start"] < row["period_end"] for row in rows)
    prepare(shop.engine, Settings(company=YEARS[1]), load_facts())  # type: ignore[arg-type]
    held = shop.ask("net_sales", grain="year", calendar="fiscal", versus="target", settings=Settings(company=YEARS[1]))  # type: ignore[arg-type]
    assert [row["target"] for row in held if row["period_start"] == dt.date(2023, 4, 1)] == [1_000_000]
    prepare(shop.engine, SETTINGS, load_facts())
