"""What the predictions of a refresh share is read once, and forgotten when they are done."""

from __future__ import annotations

from nextmove.engine import DuckDBEngine
from nextmove.engine.once import shared, sharing


def test_shared_answers_last_as_long_as_the_block() -> None:
    with DuckDBEngine() as engine:
        engine.execute("create table lines (day integer)")

        def lines() -> int:
            return int(shared(engine, "lines", lambda: engine.query("select count(*) as n from lines")["n"][0].as_py()))

        assert lines() == 0
        engine.execute("insert into lines values (1)")
        assert lines() == 1, "outside of a block nothing is kept"
        with sharing(engine):
            assert lines() == 1
            engine.execute("insert into lines values (2)")
            assert lines() == 1
        assert lines() == 2
