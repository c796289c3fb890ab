"""How much of a running period's target is due by now, and what each working day that is left must bring."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from nextmove.errors import UnknownName
from nextmove.kpis import Question, answer, load_catalogue
from nextmove.kpis.alternatives import definition
from nextmove.kpis.question import check

# Tuesday 17 September 2024: 11 of September's 20 working days are over (Friday the 13th was closed), 17 of its 30 days.
TARGET = 9000


def told(reference: Any, question: Question, pace: str) -> dict[str, Any]:
    definitions = reference.settings.definitions.model_copy(update={"pace": pace})
    settings = reference.settings.model_copy(update={"definitions": definitions})
    rows = answer(reference.engine, question, settings, as_of=reference.as_of).to_pylist()
    return dict(next(row for row in rows if row["period_start"].isoformat() == "2024-09-01"))


def last_year(reference: Any) -> float:
    """The share of September 2023 that was sold by the end of its eleventh working day, Friday the 15th."""
    days = reference.engine.query("select day from main.calendar where working_day and day >= date '2023-09-01' order by day limit 11")
    assert days["day"][10].as_py().isoformat() == "2023-09-15"
    sold = "select sum(net) as net from facts.sales where day >= date '2023-09-01' and day < date "
    done, whole = (float(reference.engine.query(sold + f"'{end}'")["net"][0].as_py()) for end in ("2023-09-16", "2023-10-01"))
    return done / whole


@pytest.mark.parametrize("pace", ["working_days", "calendar_days", "last_year"])
def test_the_target_so_far(reference: Any, pace: str) -> None:
    share = {"working_days": 11 / 20, "calendar_days": 17 / 30}.get(pace) or last_year(reference)
    row = told(reference, Question("net_sales", grain="month", versus="target"), pace)
    assert (row["target"], row["versus_value"]) == (TARGET, pytest.approx(TARGET * share))
    assert row["required_per_day"] == pytest.approx((TARGET - float(row["value"])) / 9)
    attained = told(reference, Question("quota_attainment", grain="month", options={"pace": pace}), "working_days")
    assert attained["denominator"] == pytest.approx(TARGET * share)
    assert told(reference, Question("quota_attainment", grain="month"), "working_days")["denominator"] == pytest.approx(TARGET * 11 / 20)


def test_last_years_shape_is_the_companys_for_every_member(reference: Any) -> None:
    question = Question("net_sales", grain="month", by=("rep",), where=(("rep", "R1"),), versus="target")
    assert told(reference, question, "last_year")["versus_value"] == pytest.approx(3000 * last_year(reference))


def test_a_finished_period_owes_all_of_it_and_needs_no_more(reference: Any) -> None:
    rows = answer(
        reference.engine, Question("net_sales", grain="month", versus="target"), reference.settings, as_of=reference.as_of
    ).to_pylist()
    finished = [row for row in rows if row["complete"] and row["target"] is not None]
    assert finished
    assert all((row["versus_value"], row["required_per_day"]) == (float(row["target"]), None) for row in finished)


def test_days_do_not_add_up_to_a_ratio(reference: Any) -> None:
    row = told(reference, Question("average_order_value", grain="month", versus="target"), "last_year")
    assert row["required_per_day"] is None


def test_a_question_may_choose_the_pace_and_its_answer_says_which(reference: Any) -> None:
    question = Question("net_sales", grain="month", versus="target", options={"pace": "calendar_days"})
    assert told(reference, question, "working_days")["versus_value"] == pytest.approx(TARGET * 17 / 30)
    for asked, pace in ((question, "calendar_days"), (replace(question, options={}), "working_days")):
        beside = definition(check(asked, load_catalogue()), reference.settings)
        assert [choice.value for choice in beside if choice.option == "pace"] == [pace]
    with pytest.raises(UnknownName):
        told(reference, replace(question, versus="previous"), "working_days")


def test_an_unknown_pace_names_its_neighbours(reference: Any) -> None:
    with pytest.raises(UnknownName) as error:
        told(reference, Question("quota_attainment", grain="month", options={"pace": "workdays"}), "working_days")
    assert "working_days" in error.value.nearest
    with pytest.raises(UnknownName, match="working_days"):
        told(reference, Question("net_sales", grain="month", versus="target", options={"pace": "workdays"}), "working_days")
