"""A mapping as one select: source text in, typed canonical columns and the first problem of each row out.

The select runs in the child over `source`, in a single pass: `_row` is the record (null where it is the place in the file:
see `typed_rows`), `_problem` is empty or `column|reason`, `_raw` the record as it stood where there is a problem.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from nextmove.engine import literal, name
from nextmove.ingest.casts import Role, read_columns
from nextmove.tables import DATED_BY, FIRST_DAY, LAST_DAY, Column, Kind, Table

TEXTUAL = "VARCHAR"


@dataclass(frozen=True)
class Given:
    """Where a canonical column comes from: SQL over the columns that were read, its type, and the source column it is."""

    column: Column
    sql: str
    type: str = TEXTUAL
    source: str = ""  # the text column that is read, where it is one
    tidy: bool = False  # text that has nothing around it to trim
    reads: tuple[tuple[str, Role], ...] = ()  # of a formula: the text columns that it reads as numbers or dates


def source_select(source_columns: list[str], uses: Mapping[tuple[str, Role], str], *, zone: str, part: int | None = None) -> str:
    """The relation that a mapping reads: the source as `src.X`, and its numbers and dates."""
    where = "" if part is None else f" where _part = {part}"
    columns = ", ".join(f"{name(column)} as {name('src.' + column)}" for column in source_columns)
    return read_columns(f"(select _row, {columns} from source{where})", uses, zone=zone)


def typed_select(table: Table, given: list[Given], *, relation: str, zone: str, source_columns: list[str]) -> str:
    """The select described above."""
    casts = ", ".join(f"{_cast(one, zone)} as {name(one.column.name)}" for one in given)
    names = ", ".join(name(one.column.name) for one in given)
    raw = " || ',' || ".join(_quoted("src." + column) for column in source_columns)
    return f"""select _row, {names}, _problem, case when _problem is not null then {raw} end as _raw from (
        select *, {_first_problem(table, given)} as _problem from (select *, {casts} from {relation} as read_) as cast_) as judged"""


def typed_rows(path: Path) -> str:
    """The written outcome of `typed_select` as a relation. Counting records while they are read would keep one processor busy alone."""
    file = f"read_parquet({literal(str(path))}, file_row_number = true)"
    return f"(select * exclude (file_row_number) replace (coalesce(_row, file_row_number + 1) as _row) from {file})"


def _cast(one: Given, zone: str) -> str:
    column = one.column
    value = _from_text(one) if one.type == TEXTUAL else _from_type(column, one.sql, one.type, zone)
    if column.accepted:
        value = f"lower({value})"
    if column.name == "currency":
        value = f"nm_currency({value})"
    if column.default is not None:
        value = f"coalesce({value}, {literal(column.default)})"
    return value


def _from_text(one: Given) -> str:
    kind, at = one.column.kind, one.source
    match kind:
        case Kind.TEXT:
            return one.sql if one.tidy else f"nm_text({one.sql})"
        case Kind.FLAG:
            return f"nm_flag({one.sql})"
        case Kind.DAY if at:
            return name("d." + at)
        case Kind.MOMENT if at:
            return name("m." + at)
        case Kind.COUNT if at:
            return f"case when {_plain_whole(at)} then try_cast({name('src.' + at)} as bigint) else nm_whole({name('n.' + at)}) end"
        case _ if at:
            return f"""case when {name("f." + at)} then try_cast({name("src." + at)} as {kind.sql_type})
                       else try_cast({name("n." + at)} as {kind.sql_type}) end"""
        case _:
            return f"try_cast({one.sql} as {kind.sql_type})"


def _plain_whole(source: str) -> str:
    return f"{name('f.' + source)} and not contains({name('src.' + source)}, '.')"


def _from_type(column: Column, raw: str, type: str, zone: str) -> str:
    """A column that the source has typed already (Parquet, or a formula)."""
    tz = literal(zone)
    match column.kind, type:
        case Kind.TEXT, "DOUBLE" | "FLOAT":
            return f"case when {raw} = floor({raw}) then cast(try_cast({raw} as hugeint) as varchar) else cast({raw} as varchar) end"
        case Kind.TEXT, _:
            return f"nm_text(cast({raw} as varchar))"
        case Kind.MOMENT, "DATE":
            return f"nm_within(timezone('UTC', timezone({tz}, cast({raw} as timestamp))))"
        case Kind.MOMENT, "TIMESTAMP WITH TIME ZONE":
            return f"nm_within(timezone('UTC', {raw}))"
        case Kind.DAY, "TIMESTAMP WITH TIME ZONE":
            return f"cast(nm_within(timezone({tz}, {raw})) as date)"
        case Kind.DAY, type if type.startswith("TIMESTAMP"):
            return f"""cast(nm_within(case when {raw} = date_trunc('day', {raw}) then {raw}
                       else timezone({tz}, timezone('UTC', cast({raw} as timestamp))) end) as date)"""
        case ((Kind.DAY | Kind.MOMENT), type) if type == "DATE" or type.startswith("TIMESTAMP"):
            return f"try_cast(nm_within(cast({raw} as timestamp)) as {column.kind.sql_type})"
        case ((Kind.DAY | Kind.MOMENT), _):
            return f"cast(null as {column.kind.sql_type})"
        case Kind.COUNT, _:
            return f"nm_whole(try_cast({raw} as decimal(28,8)))"
        case _:
            return f"try_cast({raw} as {column.kind.sql_type})"


def _first_problem(table: Table, given: list[Given]) -> str:
    tests = [test for one in given for test in _problems(one) + _outside(table, one.column)] + _row_problems(
        table, {one.column.name for one in given}
    )
    return "case " + " ".join(f"when {condition} then {literal(told)}" for condition, told in tests) + " end" if tests else "null::varchar"


_UNREADABLE = {
    Kind.MONEY: "not an amount",
    Kind.NUMBER: "not a number",
    Kind.RATE: "not a number",
    Kind.SCORE: "not a number",
    Kind.COUNT: "not a whole number",
    Kind.FLAG: "not yes or no",
    Kind.DAY: "not a day between 1900 and 2200",
    Kind.MOMENT: "not a moment between 1900 and 2200",
}


_READ: dict[Role, str] = {"number": "n.", "date": "m."}


def _problems(one: Given) -> list[tuple[str, str]]:
    """Conditions, and what is told where one holds."""
    column, value = one.column, name(one.column.name)
    filled = f"{name('v.' + one.source)} is not null" if one.source else f"{one.sql} is not null"
    found: list[tuple[str, str]] = []
    if column.kind in _UNREADABLE:
        found.append((f"{value} is null and {filled}", f"{column.name}|{_UNREADABLE[column.kind]}"))
    for each, role in one.reads:
        unread = f"{value} is null and {name('v.' + each)} is not null and {name(_READ[role] + each)} is null"
        found.append((unread, f"{column.name}|{each} is {_UNREADABLE[Kind.NUMBER if role == 'number' else Kind.DAY]}"))
    if column.required or column.numbered:
        found.append((f"{value} is null", f"{column.name}|empty, but required"))
    if column.accepted:
        unlike = " and ".join(f"{value} <> {literal(accepted)}" for accepted in column.accepted)
        found.append((unlike, f"{column.name}|not one of {', '.join(column.accepted)}"))
    if column.least is not None:
        found.append((f"{value} < {column.least}", f"{column.name}|below {column.least:g}"))
    if column.most is not None:
        found.append((f"{value} > {column.most}", f"{column.name}|above {column.most:g}"))
    if column.name == "currency":
        found.append((f"not regexp_full_match({value}, '{_currencies()}')", "currency|not a currency code of ISO 4217, as EUR"))
    return found


def _outside(table: Table, column: Column) -> list[tuple[str, str]]:
    """A day that no calendar holds: the row would fall out of every number in silence. A plan may lie beyond it."""
    if column.kind is not Kind.MOMENT and column.name != DATED_BY.get(table.name):
        return []
    value, margin = name(column.name), dt.timedelta(days=column.kind is Kind.MOMENT)  # a moment's local day may be the one beside
    within = f"{value} >= {literal(FIRST_DAY + margin)} and {value} < {literal(LAST_DAY - margin + dt.timedelta(days=1))}"
    return [(f"not ({within})", f"{column.name}|outside the calendar, {FIRST_DAY.year} to {LAST_DAY.year}")]


@cache
def _currencies() -> str:
    """A pattern of all currency codes; a long `in` list would become a join."""
    from babel.numbers import list_currencies

    return "|".join(sorted(list_currencies()))


# What a row as a whole must keep: table → (columns it needs, condition of the error, what is told).
_RULES: dict[str, tuple[tuple[tuple[str, ...], str, str], ...]] = {
    "order_lines": (
        (("status", "quantity"), "status = 'returned' and quantity > 0", "quantity|a returned line with a positive quantity"),
        (("status", "cost_amount"), "status = 'returned' and cost_amount > 0", "cost_amount|a returned line with a positive cost"),
    ),
    "invoices": (
        (("paid_amount",), "paid_amount is not null and paid_on is null", "paid_amount|an amount paid without the day it was paid on"),
    ),
    "surveys": (
        (("kind", "score"), "kind = 'csat' and not score between 1 and 5", "score|a csat score outside 1 to 5"),
        (("kind", "score"), "kind = 'nps' and score <> floor(score)", "score|an nps score that is not whole"),
    ),
    "exchange_rates": ((("rate",), "rate <= 0", "rate|not above zero"),),
}


def _row_problems(table: Table, present: set[str]) -> list[tuple[str, str]]:
    return [
        (condition if "paid_on" in present else condition.replace("paid_on is null", "true"), told)
        for needs, condition, told in _RULES.get(table.name, ())
        if set(needs) <= present
    ]


def _quoted(column: str) -> str:
    text = f"coalesce(cast({name(column)} as varchar), '')"
    return f"case when regexp_matches({text}, '[,\"\\n\\r]') then '\"' || replace({text}, '\"', '\"\"') || '\"' else {text} end"
