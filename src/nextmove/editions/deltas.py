"""Which rows of a stored fact differ from those of the edition before: most of what is taken again comes out as it was.

They are kept in memory as `delta.facts.<fact>`, `sign` how much more often a row is there now than it was, so that whoever reads the
fact makes only that anew which these rows can have changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from nextmove.engine import DuckDBEngine, name
from nextmove.facts.catalogue import Fact


@contextmanager
def set_aside(engine: DuckDBEngine, fact: Fact) -> Iterator[str]:
    """Within the block the fact's table goes by the name that is yielded, and there is room for a new one."""
    was = f"{fact.name}_was"
    engine.execute(f"alter table facts.{name(fact.name)} rename to {name(was)}")
    yield f"facts.{name(was)}"
    engine.execute(f"drop table facts.{name(was)}")


def note_difference(engine: DuckDBEngine, fact: Fact, *, was: str, now: str) -> bool:
    """Keep the rows in which two relations differ; whether there are any."""
    columns = ", ".join(name(column) for column in engine.query(f"select * from {now} limit 0").column_names)
    engine.execute("create schema if not exists delta.facts")
    engine.execute(  # a fifth of what `except all` both ways takes
        f"create or replace table {difference(fact.name)} as select {columns}, sum(sign) as sign\n"
        f"from (select {columns}, 1 as sign from {now} union all select {columns}, -1 as sign from {was}) as both_ways\n"
        f"group by {columns} having sum(sign) <> 0"
    )
    return bool(engine.query(f"select 1 from {difference(fact.name)} limit 1").num_rows)


def difference(fact: str) -> str:
    """The relation of a fact's rows that differ."""
    return f"delta.facts.{name(fact)}"
