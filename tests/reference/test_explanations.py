"""The parts of every explanation add up to the change, to the cent: any KPI of random companies, in periods that a seed draws.

These companies hold what makes sums go wrong: unknown members, returns, two currencies, ids that nobody knows, months without a row.
"""

from __future__ import annotations

import random

from nextmove.errors import UserError
from nextmove.insights.explain.compare import Asked
from nextmove.insights.explain.tables import tables
from nextmove.insights.explain.why import explain
from nextmove.kpis import load_catalogue

from ..insights.adding_up import assert_all_parts_add_up
from .conftest import COMPANIES, Loaded

CATALOGUE = load_catalogue()
PERIODS = ("2023-06", "2023-W40", "2024-02", "2024-06", "2024-Q3", "2024-W20", "2024", "2024-12")
VERSUS = ("previous", "year_ago", "expected")
WHERE = ((), (), (("region", "E"),), (("rep", "R1"),), (("segment", "smb"),), (("channel", "(unknown)"),), (("region", "nowhere"),))
LEAST = 1 / 3  # of the questions must have an answer: others ask of nothing


def test_the_parts_of_every_kpi_add_up(loaded: Loaded) -> None:
    dice, told = random.Random(loaded.terms.seed), 0
    asked = sorted(CATALOGUE.kpis)[loaded.terms.seed % len(COMPANIES) :: len(COMPANIES)]  # each KPI of one of the companies
    for kpi in asked:
        where = dice.choice([each for each in WHERE if {cut for cut, _ in each} <= set(CATALOGUE.kpi(kpi).entry.cut_by)])
        question = Asked(loaded.engine, CATALOGUE, loaded.settings, loaded.terms.as_of, kpi, where)
        try:
            found = explain(question, period=dice.choice(PERIODS), versus=dice.choice(VERSUS))
        except UserError:  # the company has no such data: said in a sentence
            continue
        if found.comparison.change is not None:
            told += 1
            assert_all_parts_add_up(found)
            assert all(row["label"] for row in tables(question, found) if row["table"] == "line")
    assert told >= LEAST * len(asked)
