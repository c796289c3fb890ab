"""Derived columns: small formulas over the columns of a file, and nothing else.

`number(Quantity) * number("Unit price")`, `case when Invoice like 'C%' then 'returned' else 'completed' end`. A formula is
parsed and every part of it must be on the list below, so no formula reads a file, runs long or leaves its row. Columns
are text; `number(…)` and `day(…)`, `moment(…)` read them as strictly as a mapped column.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from nextmove.engine import name
from nextmove.errors import UnknownName, UserError
from nextmove.ingest.casts import Role

READERS: dict[str, Role] = {"number": "number", "day": "date", "moment": "date"}

_ALLOWED: tuple[type[exp.Expr], ...] = (
    exp.Column, exp.Identifier, exp.Literal, exp.Null, exp.Boolean, exp.Paren, exp.Neg, exp.Add, exp.Sub, exp.Mul, exp.Div,
    exp.DPipe, exp.Concat, exp.Case, exp.If, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.And, exp.Or, exp.Not, exp.In, exp.Like,
    exp.ILike, exp.Is, exp.Between, exp.Coalesce, exp.Nullif, exp.Lower, exp.Upper, exp.Trim, exp.Substring, exp.Left, exp.Right,
    exp.StartsWith, exp.Abs, exp.Round, exp.SplitPart, exp.Length, exp.Anonymous, exp.Replace, exp.Greatest, exp.Least,
)  # fmt: skip
_LONGEST = 2000


@dataclass(frozen=True)
class Formula:
    """A checked formula, and the columns that it reads as numbers or dates."""

    tree: exp.Expr
    columns: frozenset[str]
    reads: frozenset[tuple[str, Role]]

    def sql(self, textual: frozenset[str]) -> str:
        """The formula over the columns as `casts.read_columns` reads them; `textual` are those that are text."""

        root = exp.Paren(this=self.tree.copy())
        _rewrite_inside(root, textual)
        return root.sql(dialect="duckdb")


def formula(text: str, columns: list[str], *, where: str) -> Formula:
    """Parse and check."""
    try:
        tree = sqlglot.parse_one(text[:_LONGEST], dialect="duckdb")
    except (SqlglotError, RecursionError):
        raise UserError(f"The formula {text!r} cannot be understood.", where=where, hint="as in number(Quantity) * number(Price)") from None
    names = {column.casefold(): column for column in columns}
    for node in tree.walk():
        _check(node, text, names, where)
    for column in tree.find_all(exp.Column):
        column.set("this", exp.to_identifier(names[column.name.casefold()], quoted=True))
    calls = [call for call in tree.find_all(exp.Anonymous, exp.Day) if _called(call) in READERS]
    reads = frozenset((_argument(call, text, where), READERS[_called(call)]) for call in calls)
    return Formula(tree, frozenset(column.name for column in tree.find_all(exp.Column)), reads)


def _check(node: exp.Expr, text: str, names: dict[str, str], where: str) -> None:
    if (isinstance(node, exp.Anonymous) and _called(node) not in READERS) or not isinstance(node, (*_ALLOWED, exp.Day)):
        raise UserError(
            f"The formula {text!r} uses {node.sql(dialect='duckdb')[:60]!r}, which a formula may not.",
            where=where,
            hint="columns, numbers, text, + - * /, case, comparisons, number(), day(), moment(), "
            "coalesce, lower, upper, trim, substr, replace, round",
        )
    if isinstance(node, exp.Column) and (node.table or node.name.casefold() not in names):
        raise UnknownName("column in this file", node.sql(), names.values(), where=where)


def _called(node: exp.Expr) -> str:
    return str(node.this).casefold() if isinstance(node, exp.Anonymous) else "day"


def _argument(call: exp.Expr, text: str, where: str) -> str:
    arguments = call.expressions if isinstance(call, exp.Anonymous) else [call.this]
    column = arguments[0] if arguments else None
    if len(arguments) != 1 or not isinstance(column, exp.Column):
        raise UserError(f"In the formula {text!r}, {_called(call)}() takes one column.", where=where, hint=f"{_called(call)}(Column)")
    return str(column.name)


def _rewrite_inside(node: exp.Expr, textual: frozenset[str]) -> None:
    """Rewrite all below the node, the innermost first."""
    for child in list(node.iter_expressions()):
        column = child.find(exp.Column)
        _rewrite_inside(child, textual)
        child.replace(_rewritten(child, column.name if column else "", textual))


def _rewritten(node: exp.Expr, column: str, textual: frozenset[str]) -> exp.Expr:
    if isinstance(node, (exp.Anonymous, exp.Day)):
        return _raw(_read(_called(node), column, column in textual))
    if isinstance(node, exp.Column):
        return _raw(_text(node.name))
    if isinstance(node, exp.Div):
        return _raw(f"try_cast(({_sql(node.left)}) / nullif({_sql(node.right)}, 0) as decimal(18,6))")
    if isinstance(node, (exp.Add, exp.Sub, exp.Mul)):
        sign = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*"}[type(node)]
        return _raw(f"try_cast(({_sql(node.left)}) {sign} ({_sql(node.right)}) as decimal(18,6))")
    return node


def _read(reader: str, column: str, textual: bool) -> str:
    kind = {"number": ("n", "decimal(18,6)"), "day": ("d", "date"), "moment": ("m", "timestamp")}[reader]
    return f"try_cast({name((kind[0] if textual else 'src') + '.' + column)} as {kind[1]})"


def _text(column: str) -> str:
    return f"nm_text(cast({name('src.' + column)} as varchar))"


def _sql(node: exp.Expr) -> str:
    return node.sql(dialect="duckdb")


def _raw(sql: str) -> exp.Expr:
    """SQL that is finished: no node of it is visited again."""
    return exp.Var(this=sql)
