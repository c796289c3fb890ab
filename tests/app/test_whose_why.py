"""A manager can have every KPI explained that the own pages show: of the team, or of one of its representatives."""

from __future__ import annotations

import re
from typing import Any

import pytest

from nextmove.kpis import load_catalogue
from nextmove.workspace import Workspace


def _why(page: Any, kpi: str, query: str = "?grain=month") -> Any:
    return page.get(f"/kpis/{kpi}/why{query}")


@pytest.mark.parametrize("kpi", ["cancelled_orders", "leads", "lost_opportunities"])
def test_a_kpi_that_is_not_told_by_team_asks_whose(signed_in: Any, kpi: str) -> None:
    page = signed_in("manager")
    asked = _why(page, kpi)
    assert asked.status_code == 200
    addresses = re.findall(rf'hx-get="/kpis/{kpi}/why\?([^"]+)"', asked.content.decode())
    assert len(addresses) > 1
    told = _why(page, kpi, "?" + addresses[0].replace("&amp;", "&"))
    assert told.status_code == 200
    assert told.content.decode().count("<dt>") == 3


def test_no_kpi_of_a_manager_is_without_its_why(signed_in: Any, django: Workspace) -> None:
    page, kpis = signed_in("manager"), load_catalogue(django).kpis
    asked = {name: _why(page, name).status_code for name, kpi in kpis.items() if {"rep", "team"} & {*kpi.entry.cut_by}}
    assert len(asked) > 60
    assert set(asked.values()) == {200}


def test_nobody_is_asked_of_others(signed_in: Any, ask: Any) -> None:
    page = signed_in("manager")
    shown = _why(page, "leads").content.decode()
    (outside,) = ask("select rep_id, name from main.reps where team is not null order by team, rep_id desc limit 1")
    mine = f"where=rep%3A{outside['rep_id']}" in shown
    assert (_why(page, "leads", f"?grain=month&where=rep:{outside['rep_id']}").status_code == 200) == mine
