"""Worked examples: a tiny company and, for each KPI, the number that comes out of it when it is computed on paper.

They stand in YAML files (`company.yaml` and one a theme) so that the KPI reference and the tests read the same.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import yaml

_COMPANY = "company"
_PERIOD, _GRAIN = dt.date(2025, 4, 1), "quarter"


@dataclass(frozen=True)
class Company:
    """The tiny company: its settings and its tables, as CSV; and what is predicted for it."""

    settings: str
    tables: Mapping[str, str]
    predicted: Mapping[str, str]


@dataclass(frozen=True)
class Example:
    """One KPI of one period: what it comes to, as a fraction where it is none that ends, and how."""

    kpi: str
    theme: str
    period: dt.date
    grain: str
    by: str
    member: str
    by_hand: str
    value: Fraction


def read_company(folder: Path) -> Company:
    told = yaml.safe_load((folder / f"{_COMPANY}.yaml").read_text(encoding="utf-8"))
    return Company(told["settings"], told["tables"], told["predicted"])


def read_examples(folder: Path) -> list[Example]:
    """The examples of all themes, in the order of the files."""
    found = []
    for path in sorted(folder.glob("*.yaml")):
        if path.stem != _COMPANY:
            told = yaml.safe_load(path.read_text(encoding="utf-8"))
            found += [_example(kpi, path.stem, each) for kpi, each in told["examples"].items()]
    return found


def shown(folder: Path, theme: str) -> tuple[str, ...]:
    """Which tables of the company the examples of a theme are worked out from."""
    return tuple(yaml.safe_load((folder / f"{theme}.yaml").read_text(encoding="utf-8"))["shows"])


def _example(kpi: str, theme: str, told: Mapping[str, str | dt.date]) -> Example:
    period = told.get("period", _PERIOD)
    assert isinstance(period, dt.date)
    given = {key: str(told.get(key, "")) for key in ("by", "member", "by_hand")}
    over, _, under = str(told["value"]).partition("/")
    value = Fraction(over.strip()) / Fraction(under.strip() or 1)
    return Example(kpi, theme, period, str(told.get("grain", _GRAIN)), given["by"], given["member"], given["by_hand"], value)
