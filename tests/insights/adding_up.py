"""Whether the parts of an explanation add up to the change."""

from __future__ import annotations

from decimal import Decimal

import pytest

from nextmove.insights.explain.exact import CENT
from nextmove.insights.explain.why import Explanation


def whole(found: Explanation) -> Decimal:
    assert found.comparison.change is not None
    return found.comparison.change.quantize(CENT)


def assert_all_parts_add_up(found: Explanation) -> None:
    """Every table of an explanation, to the cent; of members to rounding."""
    for parts in (found.parts, found.factors):
        assert not parts or sum(parts.values()) == whole(found)
    for dimension in {member.dimension for member in found.members}:
        parts_of = [member.effect + member.mix for member in found.members if member.dimension == dimension]
        size = sum(map(abs, parts_of)) + abs(float(whole(found)))
        assert sum(parts_of) == pytest.approx(float(found.comparison.change or 0), abs=1e-5 * size + 1e-9)
