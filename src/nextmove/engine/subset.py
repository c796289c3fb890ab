"""The part of DuckDB's SQL that every engine can carry.

Functions are listed one by one: each is held against all engines by the contract tests. Whatever is not listed is refused by name on a
distant engine, so that a fact or KPI of a company's own never becomes another number there. DuckDB itself takes everything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from sqlglot import exp

_AGGREGATES = (exp.Avg, exp.Count, exp.Grouping, exp.Max, exp.Min, exp.PercentileCont, exp.Sum)
_WINDOWS = (exp.DenseRank, exp.FirstValue, exp.Lag, exp.Lead, exp.RowNumber)
_ARITHMETIC = (exp.Abs, exp.Ceil, exp.Exp, exp.Floor, exp.Greatest, exp.Least, exp.Ln, exp.Sqrt)
_TEXTS = (exp.Length, exp.Lower, exp.RegexpLike, exp.Upper)
_LOGIC = (exp.And, exp.Case, exp.Cast, exp.Coalesce, exp.Exists, exp.If, exp.Nullif, exp.Or)
_TIMES = (exp.DateDiff, exp.Extract)
FUNCTIONS: tuple[type[exp.Expr], ...] = (*_AGGREGATES, *_WINDOWS, *_ARITHMETIC, *_TEXTS, *_LOGIC, *_TIMES)

# Clauses that are DuckDB's own, or mean another thing elsewhere.
CLAUSES: tuple[type[exp.Expr], ...] = (
    *(exp.Qualify, exp.Unnest, exp.Lambda, exp.Array, exp.Struct, exp.Bracket, exp.Pivot, exp.Lateral, exp.IntDiv, exp.Mod),
    *(exp.Distinct, exp.Extract, exp.RegexpLike, exp.Star, exp.Window),
)
_OF_DATES = ("YEAR", "MONTH")
_DIGITS = re.compile(r"\^\[0-9\](\+|\{\d+(,\d+)?\})\$")


def outside(statement: exp.Expr) -> list[str]:
    """What the statement uses beyond the common part, in the words of the SQL."""
    return list(dict.fromkeys(_named(statement)))


def _named(statement: exp.Expr) -> Iterable[str]:
    for node in statement.walk():
        unknown = isinstance(node, exp.Func) and not isinstance(node, FUNCTIONS)
        if unknown or (isinstance(node, CLAUSES) and not _fine(node)):
            yield node.sql("duckdb")[:60]


def _fine(node: exp.Expr) -> bool:
    """Clauses that are the same everywhere in one form, and not in others."""
    match node:
        case exp.Distinct():  # `distinct on` is not
            return not node.args.get("on")
        case exp.Extract():  # the seconds between two moments, the year and month of a date; other parts are columns of the calendar
            of_date = isinstance(node.expression, exp.Cast) and node.expression.is_type("date")
            return (node.name.upper() == "EPOCH" and isinstance(node.expression, exp.Sub)) or (node.name.upper() in _OF_DATES and of_date)
        case exp.RegexpLike():  # a text that is all digits; further patterns have a grammar of their own on each
            return bool(_DIGITS.fullmatch(node.expression.name))
        case exp.Star():
            return not any(node.args.get(each) for each in ("except_", "except", "replace", "rename"))
        case exp.Window():  # without an order Spark numbers nothing
            return not isinstance(node.this, exp.RowNumber | exp.DenseRank) or node.args.get("order") is not None
        case _:
            return False
