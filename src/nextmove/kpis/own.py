"""A company's own entries, checked on load: every name in them is one that there is, else the error tells file, line and the nearest.

An entry with an id of ours and nothing but `options` chooses other defaults; any other entry with an id of ours replaces it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nextmove.errors import UnknownName, UserError
from nextmove.facts import Fact, fill, parameters
from nextmove.kpis.definition import Entry, Measure
from nextmove.kpis.dimensions import dimension
from nextmove.settings import Settings

if TYPE_CHECKING:
    from sqlglot import exp

    from nextmove.kpis.catalogue import Kpi

_PARAMETER = re.compile(r"(?<![:\w]):([a-z_]+)\b")
_OF_PERIOD = ("start", "end", "until", "as_of")


def overrides(raw: Mapping[str, Any]) -> bool:  # Any: YAML
    """Whether an entry only chooses defaults of options."""
    return raw.keys() == {"id", "options"}


def overridden(ours: Kpi, raw: Mapping[str, Any], place: str) -> dict[str, Any]:  # Any: YAML
    """The fields of our entry with the defaults that the company's chooses."""
    options: dict[str, Any] = {key: dict(fields) for key, fields in ours.raw.get("options", {}).items()}
    for key, chosen in (raw["options"] if isinstance(raw["options"], dict) else {}).items():
        _know(f"option of {ours.id}", str(key), options, place)
        if not isinstance(chosen, dict) or chosen.keys() != {"default"}:
            raise UserError(f"An option of ours can only be given another default: {key}.", where=place, hint=f"{key}: {{default: …}}")
        option, value = ours.entry.options[key], str(chosen["default"])
        offered = option.choices or option.values
        if offered:
            _know(f"choice of {key} for {ours.id}", value, offered, place)
        options[key] = {**{name: kept for name, kept in options[key].items() if name != "setting"}, **chosen}
    return {**ours.raw, "options": options}


def check_own(kpi: Kpi, facts: Mapping[str, Fact], kpis: Collection[str], settings: Settings) -> None:
    """Refuse an entry of which a name leads nowhere: a fact, a column, a function, a parameter, a dimension, another KPI."""
    entry, place = kpi.entry, kpi.place
    parameters_known = {*parameters(settings), *entry.options, *_OF_PERIOD}
    for measure in entry.all_measures().values():
        for name in (measure.fact, *measure.join):
            _know("fact", name, facts, place)
        _check_cuts(entry, measure, facts[measure.fact], place)
        _check_sql(measure, facts, parameters_known, place)
    for text in (entry.numerator, entry.denominator, entry.value):
        for name in _columns(text or "null", place):
            _know(f"measure of {kpi.id}", name, entry.all_measures(), place)
    for name in [*_columns(entry.formula or "null", place), *([entry.growth.of] if entry.growth else [])]:
        _know("KPI", name, kpis, place)


def line_of(place: str, word: str) -> str:
    """`file:line` of a word in the entry that begins at `place`."""
    path, _, first = place.rpartition(":")
    start = int(first) - 1
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    for n, line in enumerate(lines[start:], start):
        if n > start and line.startswith("-"):
            break
        if re.search(rf"(?<!\w){re.escape(word)}(?!\w)", line):
            return f"{path}:{n + 1}"
    return place


def _know(kind: str, name: str, known: Collection[str], place: str) -> None:
    if name not in known:
        raise UnknownName(kind, name, known, where=line_of(place, name))


def _check_cuts(entry: Entry, measure: Measure, fact: Fact, place: str) -> None:
    """A dimension stands in the fact, or is looked up over an id that does; else the measure says what to do without it."""
    for name in entry.cut_by:
        over = dimension(name)
        if name not in measure.dimensions and not {over.column, over.key} & {*fact.columns}:
            raise UserError(f"The fact {fact.name} cannot be cut by {name}.", where=line_of(place, name), hint="leave it out of cut_by")


def _check_sql(measure: Measure, facts: Mapping[str, Fact], parameters_known: Collection[str], place: str) -> None:
    columns = {column for name in (measure.fact, *measure.join) for column in facts[name].columns}
    undated = measure.day if facts[measure.fact].per_period else None
    for text in measure.expressions():
        if text == undated:
            continue
        for name in _PARAMETER.findall(text):
            _know("parameter", name, parameters_known, place)
        for name in _columns(text, place):
            _know(f"column of {measure.fact}", name, columns, place)
        for name in _rare_functions(text, place):
            _know("function", name, _functions(), place)


def _columns(text: str, place: str) -> Iterator[str]:
    from sqlglot import exp

    return (column.name for column in _parsed(text, place).find_all(exp.Column))


def _rare_functions(text: str, place: str) -> Iterator[str]:
    """Functions that sqlglot has no word for: rare ones, and misspelt ones."""
    from sqlglot import exp

    return (str(function.this).lower() for function in _parsed(text, place).find_all(exp.Anonymous))


def _parsed(text: str, place: str) -> exp.Expr:
    import sqlglot
    from sqlglot.errors import SqlglotError

    try:
        return sqlglot.parse_one(f"select {fill(text, {}, missing='null')}", dialect="duckdb")
    except SqlglotError:
        raise UserError(f"{text!r} cannot be read as SQL.", where=line_of(place, text)) from None


@cache
def _functions() -> frozenset[str]:
    """All functions of the default engine; asked only where a company's entry has a rare one."""
    from nextmove.engine import DuckDBEngine

    with DuckDBEngine() as engine:
        return frozenset(engine.query("select distinct function_name as name from duckdb_functions()")["name"].to_pylist())
