"""On the page of the team each difference comes with what to talk about, unless it is a strength."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from nextmove.insights.questions.peers import MEASURES, Peer
from nextmove.words import speaking


def _told(*peers: Peer) -> list[Any]:
    from nextmove.app.pages.peers import _differences

    return list(_differences(SimpleNamespace(currency="EUR"), peers))


pytestmark = pytest.mark.usefixtures("django")


@pytest.mark.parametrize("measure", sorted(MEASURES))
@pytest.mark.parametrize("language", ["en", "he", "pl", "fa"])
def test_what_is_not_better_has_advice(measure: str, language: str) -> None:
    worse = None if MEASURES[measure][0] is None else False
    with speaking(language):
        (one,) = _told(Peer("R1", measure, "visit" if measure == "method" else "Fasteners", 0.5, 0.2, 40, differs=True, better=worse))
    assert one.advice
    assert "{" not in one.name + one.advice
    if measure == "method":
        assert "visit" not in one.name, "the way has a name in the reader's words"


def test_a_strength_needs_no_advice() -> None:
    (one,) = _told(Peer("R1", "calls", "", 30, 20, 40, differs=True, better=True))
    assert one.advice is None


def test_advice_on_several_methods_is_said_once() -> None:
    ways = [Peer("R1", "method", way, 0.5, 0.2, 40, differs=True, better=None) for way in ("visit", "email")]
    first, calls, second = _told(ways[0], Peer("R1", "calls", "", 10, 20, 40, differs=True, better=False), ways[1])
    assert first.advice and all(name in first.advice for name in (first.name.split()[-1], second.name.split()[-1]))
    assert calls.advice and second.advice is None


def test_a_category_that_is_a_strength_is_not_in_the_advice_on_another() -> None:
    strong = Peer("R1", "category", "Paint", 0.5, 0.2, 40, differs=True, better=True)
    _, weak = _told(strong, Peer("R1", "category", "Tools", 0.1, 0.2, 40, differs=True, better=False))
    assert weak.advice and "Tools" in weak.advice and "Paint" not in weak.advice
