"""What KPIs need of predictions stands in an edition, and a past value knows nothing of what came later."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

import nextmove
from nextmove.editions import current_edition
from nextmove.errors import MissingData
from nextmove.predictions.valuations import valuations
from nextmove.workspace import Workspace

DAY = dt.date(2024, 12, 20)


def test_a_past_valuation_is_the_same_whenever_it_is_made(refreshed: Path) -> None:
    engine = current_edition(Workspace(refreshed)).engine
    late, early = (valuations(engine, as_of=day).to_pylist() for day in (DAY, dt.date(2024, 8, 15)))
    ends = {row["valued_on"] for row in early if row["valued_on"] < dt.date(2024, 8, 15)}
    assert dt.date(2024, 7, 31) in ends and len(ends) > 5
    assert [row for row in late if row["valued_on"] in ends] == [row for row in early if row["valued_on"] in ends]


def test_only_the_months_from_the_first_touched_day_on_are_valued_anew(refreshed: Path) -> None:
    engine = current_edition(Workspace(refreshed)).engine
    days = {row["valued_on"] for row in valuations(engine, as_of=DAY, since=dt.date(2024, 11, 3)).to_pylist()}
    assert days == {dt.date(2024, 11, 30), DAY}


def test_customer_value_needs_a_refresh_and_then_is_there(company: Workspace, refreshed: Path) -> None:
    settings = '[company]\nname = "Small"\ntime_zone = "Europe/Warsaw"\nas_of = 2024-12-20\n[editions]\nrefit_days = 0\n'
    (company.root / "nextmove.toml").write_text(settings, encoding="utf-8")
    opened = nextmove.open(company.root)
    with pytest.raises(MissingData, match="clv needs the prediction clv") as error:
        opened.kpi("clv")
    assert error.value.hint == "nextmove refresh"
    opened.close()
    edition = current_edition(Workspace(refreshed))
    stored = edition.query("select distinct kpi, dimension from main.kpi_values where kpi = 'clv' and value is not null").to_pylist()
    assert {row["dimension"] for row in stored} >= {"", "rep", "segment"}
