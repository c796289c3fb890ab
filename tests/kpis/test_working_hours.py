"""Response times in working hours: by hand, and against a count day by day."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterable
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from nextmove.engine import DuckDBEngine
from nextmove.errors import UserError
from nextmove.facts import prepare
from nextmove.ingest.warehouse import create_tables
from nextmove.settings import Settings

from .conftest import CATALOGUE, Shop

BERLIN = ZoneInfo("Europe/Berlin")
NINE_TO_FIVE = {"time_zone": "Europe/Berlin", "country": "DE", "working_hours": ("09:00", "17:00")}
EVERY_NIGHT = {
    "time_zone": "Europe/Berlin",
    "working_week": ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
    "working_hours": ("00:00", "08:00"),
}

BY_HAND = {
    "the same day": ("2024-06-04 10:00", "2024-06-04 12:30", 2.5),
    "over a night": ("2024-06-04 16:00", "2024-06-05 10:00", 2),
    "over a weekend": ("2024-06-07 16:30", "2024-06-10 09:30", 1),
    "over a holiday": ("2024-04-30 16:00", "2024-05-02 10:00", 2),
    "over a whole week": ("2024-06-05 12:00", "2024-06-12 12:00", 40),
    "handed over before opening": ("2024-06-04 06:00", "2024-06-04 09:15", 0.25),
    "handed over after closing": ("2024-06-04 18:00", "2024-06-05 09:30", 0.5),
    "answered after closing": ("2024-06-04 16:00", "2024-06-04 20:00", 1),
    "both after closing": ("2024-06-04 20:00", "2024-06-04 22:00", 0),
    "both on a weekend": ("2024-06-08 10:00", "2024-06-09 15:00", 0),
    "answered on a Saturday": ("2024-06-07 15:00", "2024-06-08 11:00", 2),
    "over Easter, when clocks go forward": ("2024-03-28 16:00", "2024-04-02 10:00", 2),
    "over the weekend when clocks go back": ("2024-10-25 16:00", "2024-10-28 10:00", 2),
}


def test_by_hand() -> None:
    told = _hours(NINE_TO_FIVE, [(_utc(handed), _utc(answered)) for handed, answered, _ in BY_HAND.values()])
    assert dict(zip(BY_HAND, told, strict=True)) == {case: hours for case, (_, _, hours) in BY_HAND.items()}


def test_clocks_that_change_in_working_hours() -> None:
    """The night of 31 March has no hour from two to three, that of 27 October has two of them."""
    nights = [("2024-03-30 23:00", "2024-03-31 12:00"), ("2024-10-26 23:00", "2024-10-27 12:00"), ("2024-10-28 23:00", "2024-10-29 12:00")]
    assert _hours(EVERY_NIGHT, [(_utc(handed), _utc(answered)) for handed, answered in nights]) == [7, 9, 8]


def test_a_working_day_that_spans_two_days_of_utc() -> None:
    auckland = {"time_zone": "Pacific/Auckland", "working_hours": ("09:00", "17:00")}
    monday_at_nine, monday_at_four = dt.datetime(2024, 6, 9, 21), dt.datetime(2024, 6, 10, 4)
    assert _hours(auckland, [(monday_at_nine, monday_at_four), (monday_at_four, monday_at_four + dt.timedelta(days=1))]) == [7, 8]


def test_against_a_count_day_by_day() -> None:
    chance = random.Random(7)
    first = dt.datetime(2024, 1, 1)
    handed = [first + dt.timedelta(minutes=chance.randrange(366 * 1440)) for _ in range(400)]
    pairs = [(moment, moment + dt.timedelta(minutes=int(chance.expovariate(1 / 3000)))) for moment in handed]
    assert _hours(NINE_TO_FIVE, pairs) == pytest.approx([_counted(*pair) for pair in pairs], abs=1e-9)


def test_what_has_no_assignment_waits_from_its_creation_and_what_is_unset_counts_elapsed_hours() -> None:
    weekend = (_utc("2024-06-07 16:30"), _utc("2024-06-10 09:30"))
    assert _hours(NINE_TO_FIVE, [weekend], assigned=False) == [1]
    assert _hours({**NINE_TO_FIVE, "working_hours": None}, [weekend]) == [65]
    assert _hours(NINE_TO_FIVE, [weekend[::-1]]) == [None]


def test_the_kpis_count_working_hours() -> None:
    with _company(
        NINE_TO_FIVE, [(_utc("2024-06-07 16:30"), _utc("2024-06-10 09:30")), (_utc("2024-06-04 10:00"), _utc("2024-06-04 15:00"))]
    ) as engine:
        asked = {"settings": Settings(company=NINE_TO_FIVE)}  # type: ignore[arg-type]
        assert Shop(engine).value("response_time", **asked) == 3
        assert float(Shop(engine).value("response_time_within_target", **asked)) == 0.5


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        ('["17:00", "09:00"]', "17:00 is not before 09:00"),
        ('["09:00", "09:00"]', "09:00 is not before 09:00"),
        ('["9:00", "17:00"]', "two times of day"),
        ('["09:00", "25:00"]', "two times of day"),
        ('["09:00"]', "two times of day"),
        ('"09:00-17:00"', "two times of day"),
        ("9", "two times of day"),
    ],
)
def test_working_hours_that_are_none_are_told(hours: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "nextmove.toml"
    file.write_text(f"[company]\nworking_hours = {hours}\n")
    with pytest.raises(UserError, match=said):
        Settings.read(file)


def _utc(local: str) -> dt.datetime:
    return dt.datetime.fromisoformat(local).replace(tzinfo=BERLIN).astimezone(dt.UTC).replace(tzinfo=None)


def _company(company: dict[str, object], pairs: Iterable[tuple[dt.datetime, dt.datetime]], *, assigned: bool = True) -> DuckDBEngine:
    engine = DuckDBEngine()
    create_tables(engine)
    prepare(engine, Settings(company=company), CATALOGUE.facts)  # type: ignore[arg-type]
    rows = ", ".join(f"('{n:04}', timestamp '{handed}', timestamp '{answered}')" for n, (handed, answered) in enumerate(pairs))
    handed = "handed - interval 9 day, handed" if assigned else "handed, null"
    columns = "lead_id, created_at, assigned_at, first_response_at"
    engine.execute(f"insert into main.leads ({columns}) select id, {handed}, answered from (values {rows}) as told (id, handed, answered)")
    return engine


def _hours(company: dict[str, object], pairs: list[tuple[dt.datetime, dt.datetime]], *, assigned: bool = True) -> list[float | None]:
    with _company(company, pairs, assigned=assigned) as engine:
        return list(engine.query("select response_hours from facts.leads order by lead_id").column(0).to_pylist())


def _counted(handed: dt.datetime, answered: dt.datetime) -> float:
    """The hours of Berlin's working days between two moments, from nine to five each."""
    import holidays

    closed = holidays.country_holidays("DE", years=range(2024, 2027))
    start, end = (moment.replace(tzinfo=dt.UTC) for moment in (handed, answered))
    day, seconds = start.astimezone(BERLIN).date(), 0.0
    while day <= end.astimezone(BERLIN).date():
        if day.weekday() < 5 and day not in closed:
            opens, closes = (dt.datetime.combine(day, dt.time(hour), BERLIN).astimezone(dt.UTC) for hour in (9, 17))
            seconds += max(dt.timedelta(), min(end, closes) - max(start, opens)).total_seconds()
        day += dt.timedelta(days=1)
    return seconds / 3600
