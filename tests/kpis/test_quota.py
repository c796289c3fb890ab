"""The KPI that quota is held against is the company's choice."""

from __future__ import annotations

from pathlib import Path

import pytest

from nextmove.errors import UnknownName
from nextmove.kpis import load_catalogue
from nextmove.workspace import Workspace


def company(folder: Path, quota: str) -> Workspace:
    (folder / "nextmove.toml").write_text(f'[definitions]\nquota_kpi = "{quota}"\n', encoding="utf-8")
    return Workspace(folder)


def test_the_setting_is_the_default(tmp_path: Path) -> None:
    attained = load_catalogue(company(tmp_path, "calls")).kpi("quota_attainment").under({})
    assert attained.entry.measures["reached"].fact == "activities"


def test_a_question_may_choose_another(tmp_path: Path) -> None:
    attained = load_catalogue(company(tmp_path, "calls")).kpi("quota_attainment").under({"kpi": "net_sales"})
    assert attained.entry.measures["reached"].fact == "sales"


def test_an_unknown_one_names_its_neighbours(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="net_sale") as error:
        load_catalogue(company(tmp_path, "net_sale")).kpi("quota_attainment").under({})
    assert "net_sales" in error.value.nearest
