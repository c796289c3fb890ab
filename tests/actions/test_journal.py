"""Decisions are kept, hold until they end, and can be taken back."""

from __future__ import annotations

import datetime as dt
import threading
from pathlib import Path

import pytest

from nextmove.actions.journal import Decision, Journal
from nextmove.errors import UserError

NOW, DAY = dt.datetime(2025, 1, 2, 3, 4, 5), dt.date(2025, 1, 2)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "data" / "app.sqlite3")


def test_what_is_decided_holds(journal: Journal) -> None:
    journal.accept("a", who="ria", at=NOW)
    journal.snooze("b", until=dt.date(2025, 1, 9), today=DAY, who="ria", at=NOW)
    journal.dismiss("c", reason="closed", who="ria", at=NOW)
    journal.done("d", outcome="ordered", who="ria", at=NOW)
    assert journal.hidden(DAY) == {"b", "c", "d"}
    assert journal.hidden(dt.date(2025, 1, 9)) == {"c", "d"}
    held = journal.of("c")
    assert held and (held.decision, held.reason, held.who, held.at) == (Decision.dismiss, "closed", "ria", NOW)


def test_undo_brings_back_the_decision_before(journal: Journal) -> None:
    journal.accept("a", who="ria", at=NOW)
    journal.dismiss("a", reason="closed", who="ria", at=NOW)
    journal.undo("a", who="ria", at=NOW)
    held = journal.of("a")
    assert held and held.decision is Decision.accept
    journal.undo("a", who="ria", at=NOW)
    assert journal.of("a") is None
    with pytest.raises(UserError, match="Nothing was decided"):
        journal.undo("a", who="ria", at=NOW)


def test_an_empty_reason_and_a_past_day_are_refused(journal: Journal) -> None:
    with pytest.raises(UserError, match="reason is empty"):
        journal.dismiss("a", reason=" ", who="ria", at=NOW)
    with pytest.raises(UserError, match="not in the future"):
        journal.snooze("a", until=DAY, today=DAY, who="ria", at=NOW)
    assert journal.standing() == {}


def test_many_writers_lose_nothing(journal: Journal) -> None:
    def write(name: int) -> None:
        for n in range(20):
            journal.accept(f"{name}-{n}", who="ria", at=NOW)

    writers = [threading.Thread(target=write, args=(name,)) for name in range(6)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert len(journal.standing()) == 120
