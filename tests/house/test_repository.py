"""House rules that no linter knows."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def _tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).is_file()]


def test_nothing_names_a_machine_or_a_registry() -> None:
    forbidden = re.compile(r"((?<![\w.])/(?:work|root)/|pypi\.org|deb\.debian\.org|registry\.npmjs)")
    for path in _tracked():
        if path == Path(__file__) or "vendor" in path.parts or path.suffix in {".png", ".parquet", ".xlsx", ".woff2"}:
            continue
        found = forbidden.search(path.read_text(encoding="utf-8", errors="replace"))
        assert not found, f"{path.relative_to(ROOT)} names {found[0]}"


def test_every_change_for_users_is_told() -> None:
    assert list((ROOT / ".changes" / "unreleased").glob("*.md"))


def test_help_does_not_import_heavy_libraries() -> None:
    """`nextmove --help` answers at once because duckdb, numpy, pyarrow and django are imported where they are used."""
    program = "import sys; from nextmove.cli import command_line; command_line(); print(*sys.modules)"
    import sys

    modules = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert not {"duckdb", "numpy", "pyarrow", "django", "sklearn", "lightgbm", "scipy", "pandas", "pydantic"} & set(modules)
