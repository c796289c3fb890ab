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
