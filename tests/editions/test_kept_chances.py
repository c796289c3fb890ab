"""What the model said of a deal is kept from edition to edition: a past pipeline is weighed by the newest chances known on its day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import numpy as np
import pytest

from nextmove.editions import refresh
from nextmove.editions.shelf import Shelf
from nextmove.engine import DuckDBEngine
from nextmove.ingest.undo import undo
from nextmove.kpis import Question, answer
from nextmove.predictions.deals import FittedDeals
from nextmove.workspace import Workspace

from .test_incremental import different

NOW = dt.datetime(2025, 1, 2, 3, 4, 5)
FIRST, SECOND = dt.date(2024, 12, 20), dt.date(2024, 12, 27)
DEAL = "opportunity_id,account_id,rep_id,created_at,closed_at,stage,status,amount\n"
LoadInto = Callable[[Workspace], Callable[[str, str], None]]


@pytest.fixture(autouse=True)
def chances(monkeypatch: pytest.MonkeyPatch) -> None:
    """The model gives every deal as many per cent as the day of the month."""
    monkeypatch.setattr(FittedDeals, "chances", lambda self: np.full(self.deals.num_rows, self.as_of.day / 100)[~self.decided])


def weighted(company: Workspace, *days: int) -> list[tuple[float, float]]:
    """The pipeline at the end of days of December 2024, and the share of its deals that were weighed by a chance."""
    current = Shelf(company.editions).current()
    assert current
    with DuckDBEngine(current.path, read_only=True) as engine:
        question = Question("weighted_pipeline_value", grain="day", start=dt.date(2024, 12, 1), options={"weight": "model"})
        rows = answer(engine, question, company.settings, as_of=current.as_of).to_pylist()
    told = {row["period_start"].day: (round(float(row["value"]), 6), round(float(row["coverage"]), 6)) for row in rows}
    return [told[day] for day in days]


def test_a_past_day_keeps_the_chance_that_was_known_then(company: Workspace) -> None:
    refresh(company, as_of=FIRST, now=NOW)
    assert weighted(company, 20) == [(0.20 * (5000 + 8000), 1)]
    assert refresh(company, as_of=SECOND, now=NOW).incremental
    assert weighted(company, 20, 22, 25, 27) == [(2600, 1), (2600, 1), (0.20 * 5000, 1), (0.27 * 5000, 1)]  # D2 was won on the 23rd
    assert weighted(company, 19) == [(0, 0)]  # nothing had been said, and no deal of a stage decided


def test_an_edition_made_anew_keeps_what_was_said_before(company: Workspace) -> None:
    refresh(company, as_of=FIRST, now=NOW)
    assert refresh(company, as_of=SECOND, now=NOW).incremental
    assert not refresh(company, as_of=SECOND, now=NOW, full=True).incremental
    first, second = (volume.path for volume in Shelf(company.editions).volumes()[-2:])
    assert different(first, second) == {}
    assert weighted(company, 20, 27) == [(2600, 1), (1350, 1)]


def test_an_edition_of_an_earlier_day_loses_nothing_and_reads_nothing_later(company: Workspace) -> None:
    for day in (FIRST, SECOND, dt.date(2024, 12, 22)):
        refresh(company, as_of=day, now=NOW)
    assert weighted(company, 20, 22) == [(2600, 1), (0.22 * 13000, 1)]
    refresh(company, as_of=dt.date(2024, 12, 28), now=NOW)
    assert weighted(company, 20, 24, 27, 28) == [(2600, 1), (0.22 * 5000, 1), (1350, 1), (1400, 1)]


def test_a_load_that_is_taken_back_leaves_what_was_said(company: Workspace, load_into: LoadInto) -> None:
    refresh(company, as_of=FIRST, now=NOW)
    load_into(company)("opportunities", DEAL + "D3,A5,R1,2024-12-10T09:00:00Z,,new,open,1000\n")
    refresh(company, as_of=SECOND, now=NOW)
    assert weighted(company, 27) == [(0.27 * 6000, 1)]
    assert weighted(company, 20) == [(2600, round(2 / 3, 6))]  # D3 was not known yet: it weighs by its stage, of which none was decided
    undo(company, batch=1, now=NOW)
    refresh(company, as_of=dt.date(2024, 12, 28), now=NOW)
    assert weighted(company, 20, 27, 28) == [(2600, 1), (1350, 1), (1400, 1)]
