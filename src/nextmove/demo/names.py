"""Invented names in the scripts of English, Polish, Hebrew and Persian, and the regions in which they live."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from nextmove.demo.plan import Ints, Names


@dataclass(frozen=True)
class Region:
    name: str
    country: str
    currency: str
    script: str
    team: str
    weight: float
    cities: tuple[str, ...]


@cache
def _file() -> dict[str, Any]:  # Any: a TOML value
    return tomllib.loads((Path(__file__).parent / "names.toml").read_text(encoding="utf-8"))


@cache
def regions() -> tuple[Region, ...]:
    return tuple(Region(**{**entry, "cities": tuple(entry["cities"])}) for entry in _file()["regions"])


def teams() -> tuple[str, ...]:
    return tuple(dict.fromkeys(region.team for region in regions()))


def things() -> dict[str, list[str]]:
    """Categories of products, each with the things it holds."""
    found: dict[str, list[str]] = _file()["products"]["things"]
    return found


def brands() -> list[str]:
    found: list[str] = _file()["products"]["brands"]
    return found


def models() -> list[str]:
    found: list[str] = _file()["products"]["models"]
    return found


def companies(random: np.random.Generator, region: Ints) -> Names:
    """A company name for each, in the script of its region."""
    return _by_script(random, region, ("word", "trade", "form"))


def people(random: np.random.Generator, region: Ints) -> Names:
    """A person's name for each, in the script of its region."""
    return _by_script(random, region, ("given", "family"))


def cities(random: np.random.Generator, region: Ints) -> Names:
    found = np.empty(len(region), dtype=object)
    for number, place in enumerate(regions()):
        here = region == number
        found[here] = random.choice(np.array(place.cities, dtype=object), int(here.sum()))
    return found


def _by_script(random: np.random.Generator, region: Ints, parts: tuple[str, ...]) -> Names:
    found = np.empty(len(region), dtype=object)
    script = np.array([place.script for place in regions()])[region]
    for language in np.unique(script):
        here = script == language
        drawn = [random.choice(np.array(_file()[str(language)][part], dtype=object), int(here.sum())) for part in parts]
        found[here] = [" ".join(words) for words in zip(*drawn, strict=True)]
    return found
