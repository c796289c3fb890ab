"""The KPI reference in docs/ is what the catalogue says now."""

from __future__ import annotations

from pathlib import Path

from nextmove.export.reference import export_reference
from nextmove.kpis import load_catalogue
from nextmove.settings import Settings

ROOT = Path(__file__).parents[2]
AGAIN = "nextmove export docs docs/kpis --examples tests/kpis/examples"


def test_the_reference_is_current(tmp_path: Path) -> None:
    export_reference(tmp_path, load_catalogue(), Settings(), examples=ROOT / "tests" / "kpis" / "examples")
    made = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.glob("*.md")}
    kept = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "docs" / "kpis").glob("*.md")}
    assert [name for name in made.keys() | kept.keys() if made.get(name) != kept.get(name)] == [], f"make it anew: {AGAIN}"
