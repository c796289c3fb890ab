"""What moved the pipeline between two days adds up to the change of pipeline_value, whatever the days and however it is cut."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as example_settings
from hypothesis import strategies as st

from nextmove.errors import UnknownName, UserError
from nextmove.kpis import Question, Scope, answer
from nextmove.kpis.movement import CUT_BY, KINDS, Moved, pipeline_movement
from tests.kpis.conftest import CATALOGUE, Shop

DAYS = st.dates(dt.date(2023, 1, 2), dt.date(2024, 9, 17))
few = example_settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])


def sums(found: list[Moved]) -> dict[str | None, tuple[Decimal, Decimal]]:
    """For each member what the changes lead to from the opening, and the closing."""
    ends: dict[str | None, tuple[Decimal, Decimal]] = {}
    for each in found:
        led_to, closing = ends.get(each.member, (Decimal(0), Decimal(0)))
        led_to += each.amount if each.movement == "opening" else each.change or 0
        ends[each.member] = led_to, closing + (each.amount if each.movement == "closing" else 0)
    return ends


def value_at_end(reference: Any, day: dt.date, by: tuple[str, ...]) -> dict[str | None, Decimal]:
    asked = Question("pipeline_value", grain="day", start=day, end=day + dt.timedelta(days=1), by=by)
    found = answer(reference.engine, asked, reference.settings, as_of=reference.as_of, catalogue=CATALOGUE).to_pylist()
    return {row[by[0]] if by else None: row["value"] for row in found}


@few
@given(days=st.tuples(DAYS, DAYS).filter(lambda days: days[0] < days[1]), by=st.sampled_from([None, *CUT_BY]))
def test_movement_adds_up_to_the_change_of_pipeline_value(reference: Any, days: tuple[dt.date, dt.date], by: str | None) -> None:
    start, end = days
    found = pipeline_movement(reference.engine, start=start, end=end, as_of=reference.as_of, by=by)
    assert all(led_to == closing for led_to, closing in sums(found).values())
    for kind, day in (("opening", start), ("closing", end)):
        told = {each.member: each.amount for each in found if each.movement == kind and each.deals}
        assert told == value_at_end(reference, day - dt.timedelta(days=1), (by,) if by else ())


def test_a_scope_sees_its_own_deals_only(reference: Any) -> None:
    days = {"start": dt.date(2024, 1, 1), "end": dt.date(2024, 7, 1), "as_of": reference.as_of}
    own = [each for each in pipeline_movement(reference.engine, **days, scope=Scope.of_reps("R1")) if each.deals]
    cut = [each for each in pipeline_movement(reference.engine, **days, by="rep") if each.member == "R1"]
    limited = [each for each in pipeline_movement(reference.engine, **days, where=[("rep", "R1")]) if each.deals]
    assert [(each.movement, each.deals, each.amount) for each in own] == [(each.movement, each.deals, each.amount) for each in cut]
    assert limited == own
    assert not any(each.deals for each in pipeline_movement(reference.engine, **days, scope=Scope.of_reps()))


def test_each_kind(shop: Shop) -> None:
    def deal(name: str, created: str, amount: int, status: str = "open", **more: str) -> None:
        shop.insert("opportunities", opportunity_id=name, created_at=created, amount=amount, status=status, **more)

    deal("stays", "2024-01-05", 10)
    deal("won", "2024-01-05", 20, "won", closed_at="2024-04-10")
    deal("new", "2024-04-05", 40)
    deal("new and lost", "2024-04-05", 80, "lost", closed_at="2024-04-20")
    deal("slipped", "2024-01-05", 160, expected_close_on="2024-04-30")
    deal("up", "2024-01-05", 700)
    deal("before", "2024-01-05", 320, "won", closed_at="2024-03-31")
    shop.insert("stage_changes", opportunity_id="up", changed_at="2024-01-05", to_stage="a", amount=500)
    shop.insert("stage_changes", opportunity_id="up", changed_at="2024-04-09", to_stage="b", amount=700)
    found = pipeline_movement(shop.engine, start=dt.date(2024, 4, 1), end=dt.date(2024, 5, 1), as_of=dt.date(2024, 6, 30))
    assert [each.movement for each in found] == list(KINDS)
    assert {each.movement: (each.deals, each.amount, each.change) for each in found} == {
        "opening": (4, 690, None), "new": (2, 120, 120), "up": (1, 200, 200), "down": (0, 0, 0), "won": (1, 20, -20),
        "lost": (1, 80, -80), "slipped": (1, 160, 0), "closing": (4, 910, None)}  # fmt: skip


def test_nothing_after_as_of_is_told(shop: Shop) -> None:
    shop.insert("opportunities", opportunity_id="D", created_at="2024-01-05", amount=5, status="won", closed_at="2024-04-10")
    found = pipeline_movement(shop.engine, start=dt.date(2024, 4, 1), end=dt.date(2024, 5, 1), as_of=dt.date(2024, 4, 9))
    assert [(each.movement, each.amount) for each in found if each.deals] == [("opening", 5), ("closing", 5)]


def test_what_cannot_be_asked(reference: Any) -> None:
    with pytest.raises(UserError, match="empty"):
        pipeline_movement(reference.engine, start=dt.date(2024, 4, 1), end=dt.date(2024, 4, 1), as_of=reference.as_of)
    with pytest.raises(UnknownName, match="stagee"):
        pipeline_movement(reference.engine, start=dt.date(2024, 4, 1), end=dt.date(2024, 5, 1), as_of=reference.as_of, by="stagee")
