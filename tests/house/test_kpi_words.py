"""Every KPI of the catalogue has its words."""

from __future__ import annotations

import pytest

from nextmove import words
from nextmove.kpis.catalogue import load_catalogue


@pytest.mark.parametrize("part", ["name", "description", "question", "reasons", "action"])
def test_every_kpi_has_its_words(part: str) -> None:
    lacking = [kpi for kpi in load_catalogue().kpis if not words.has(f"kpi.{kpi}.{part}")]
    assert not lacking
