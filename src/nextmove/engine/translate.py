"""DuckDB SQL in the words of another engine.

Facts and KPIs are written once, in the part of DuckDB's SQL that every engine can carry; sqlglot brings it over. Where sqlglot is
wrong for an engine, that engine has a rewrite: a function from one node of the parsed SQL to another. `subset.py` says what stays out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from sqlglot import exp, parse

from nextmove.engine.subset import outside
from nextmove.errors import UserError

Rewrite = Callable[[exp.Expr], exp.Expr]


@dataclass(frozen=True)
class Dialect:
    """How an engine speaks: sqlglot's name for it, and what has to be put differently, in this order."""

    name: str
    rewrites: tuple[Rewrite, ...] = ()
    statements: Callable[[exp.Expr], tuple[exp.Expr, ...]] = lambda statement: (statement,)


@lru_cache(maxsize=1024)
def translated(sql: str, dialect: Dialect) -> tuple[str, ...]:
    """The statements that say the same."""
    found: list[str] = []
    for statement in parse(sql, dialect="duckdb"):
        if statement is not None:
            _refuse_foreign(statement, dialect)
            found += [_rewritten(each, dialect).sql(dialect.name, comments=False) for each in dialect.statements(statement)]
    return tuple(found)


def _refuse_foreign(statement: exp.Expr, dialect: Dialect) -> None:
    foreign = outside(statement)
    if foreign:
        raise UserError(
            f"This SQL cannot be carried to {dialect.name} without the risk of another number: {', '.join(foreign)}.",
            where=_beginning(statement),
            hint="docs/engines.md lists what may be used",
        )


def _beginning(statement: exp.Expr) -> str:
    return statement.sql("duckdb")[:60] + " …"


def _rewritten(statement: exp.Expr, dialect: Dialect) -> exp.Expr:
    for rewrite in dialect.rewrites:
        statement = statement.transform(rewrite, copy=False)
    return statement
