"""Alerts of one cause are one story: traced by their rows, or by kin; and what a change is worth."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

from nextmove.engine import DuckDBEngine
from nextmove.insights.changes import find_changes
from nextmove.insights.changes.causes import Known, Leaves, main_cause
from nextmove.insights.changes.kin import led, stories, with_kin
from nextmove.insights.changes.stake import Prices, beyond_chance, stake
from nextmove.insights.changes.state import Told
from nextmove.insights.detect.watch import Found
from nextmove.kpis import load_catalogue
from nextmove.settings import Settings

from .conftest import AS_OF

CATALOGUE = load_catalogue()
PRICES = Prices({("", ""): {"net_sales": 1000, "active_customers": 50, "orders": 100, "average_deal_size": 400, "win_rate": 0.25,
                            "opportunities_created": 10, "leads": 40}, ("rep", "R1"): {"net_sales": 200}})  # fmt: skip


def alert(kpi: str, dimension: str = "", member: str = "", *, worth: float, good: bool = False, days: int = 0) -> Told:
    day = AS_OF + dt.timedelta(days=days)
    return Told(
        f"{kpi}{dimension}{member}", kpi, "week", dimension, member, 1 if good else -1, good, day, day, None, None, day,
        5.0, 4, 1, 2, 1, 3, -1, worth, "", 0.0, True,
    )  # fmt: skip


def causes(*alerts: Told) -> list[str]:
    told: list[Told] = []
    for one in alerts:
        told.append(with_kin(one, told))
    return [one.cause for one in led(told)]


def test_two_sides_of_one_thing_are_one_story() -> None:
    assert causes(alert("data_entry_share", "rep", "R1", worth=9), alert("selling_time_share", "rep", "R1", worth=8)) == ["rep=R1"] * 2


def test_the_whole_stands_under_the_member_that_moved_it_and_its_sibling_does_not() -> None:
    rep, company, other = (alert("data_entry_share", *of, worth=worth) for of, worth in [(("rep", "R1"), 9), ((), 6), (("rep", "R2"), 5)])
    assert causes(rep, company, other) == ["rep=R1", "rep=R1", "rep=R2"]


def test_what_is_far_smaller_later_or_good_is_a_story_of_its_own() -> None:
    first = alert("cost_per_lead", "campaign", "M1", worth=100)
    assert causes(first, alert("cost_per_lead", "source", "search", worth=60)) == ["campaign=M1"] * 2
    for other in ({"worth": 30.0}, {"worth": 60.0, "days": 120}, {"worth": 60.0, "good": True}):
        assert causes(first, alert("cost_per_lead", "source", "search", **other)) == ["campaign=M1", "source=search"]


def test_kpis_of_the_whole_company_that_say_the_same_are_one_story() -> None:
    assert causes(*(alert(kpi, worth=9 - n) for n, kpi in enumerate(("units_sold", "gross_profit", "orders")))) == ["net_sales"] * 3


def leaves(moved: dict[str, float], *, size: float = 100.0) -> Leaves:
    """Ten customers in each region, all of which moved by as much."""
    members = [(region, f"{region}{n}") for region in moved for n in range(10)]
    now = np.array([size * (1 + moved[region]) for region, _ in members])
    return Leaves({"region": [r for r, _ in members], "account": [a for _, a in members]}, now, np.full(len(members), size))


def test_a_part_that_falls_as_its_whole_does_stands_under_it() -> None:
    company = Known((), AS_OF, moved=-0.2)
    part = alert("net_sales", "region", "north", worth=5)
    found = main_cause(leaves({"north": -0.25}), part, known=[company])
    assert found is not None and found.text == "net_sales" and found.share == pytest.approx(0.8)
    assert main_cause(leaves({"north": -0.8}), part, known=[company]) is None  # four times as much is a story of its own
    assert main_cause(leaves({"north": 0.25}), replace(part, direction=1), known=[company]) is None
    elsewhere = Known((("region", "south"),), AS_OF, moved=-0.2)
    assert main_cause(leaves({"north": -0.25}), part, known=[elsewhere]) is None


def test_no_two_leading_alerts_have_one_cause(storied: DuckDBEngine) -> None:
    changes = find_changes(storied, CATALOGUE, Settings(), as_of=AS_OF)
    leading = [one for one in changes.alerts if one.leads and one.closed_on is None]
    assert len({(one.cause, one.good) for one in leading}) == len(leading) >= 2
    assert len(stories(changes.alerts)) == sum(one.leads for one in changes.alerts)


def found(kpi: str, *, by: float, expected: float, dimension: str = "", member: str = "", window: int = 4) -> Found:
    name = "\t".join((kpi, dimension, member))
    return Found(name, AS_OF, None, -1, 4.0, window, expected + by, expected, expected, expected, by * window)


@pytest.mark.parametrize(
    ("kpi", "by", "expected", "weight", "worth"),
    [
        ("net_sales", -50, 400, 1, 200),  # 50 a week for four weeks
        ("overdue_receivables", 50, 400, 1, 50),  # what is owed for four weeks is not owed four times
        ("gross_margin", -0.05, 0.3, 4000, 200),  # of 4,000 sold
        ("cost_per_lead", 10, 100, 40, 400),  # for each of 40 leads
        ("churn_rate", 0.1, 0.1, 200, 400),  # twenty customers more of 200, 20 each
        ("win_rate", -0.1, 0.3, 50, 2000),  # five deals of 400
        ("mql_to_sql_rate", -0.1, 0.2, 40, 500),  # half of what 40 leads bring: 25 each
        ("leads", -5, 10, 1, 500),  # twenty leads, 25 each
        ("selling_time_share", -0.1, 0.8, 40, 400),  # a tenth of the time, a tenth of the turnover
        ("persona_fit", -0.1, 0.8, 40, 0),
        ("email_open_rate", -0.1, 0.8, 40, 0),
    ],
)
def test_what_a_change_is_worth(kpi: str, by: float, expected: float, weight: float, worth: float) -> None:
    assert stake(found(kpi, by=by, expected=expected), CATALOGUE.kpi(kpi), PRICES, weight=weight) == pytest.approx(worth)


def test_a_rate_of_few_is_chance() -> None:
    won = found("competitor_win_rate", by=0.5, expected=0.4)
    assert not beyond_chance(won, CATALOGUE.kpi(won.series_id.split("\t")[0]), weight=6)
    assert beyond_chance(won, CATALOGUE.kpi("competitor_win_rate"), weight=60)
    assert not beyond_chance(found("sales_cycle_length", by=50, expected=40), CATALOGUE.kpi("sales_cycle_length"), weight=5)
