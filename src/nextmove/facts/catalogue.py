"""The facts: one SQL file each, ours here and the company's own in its workspace (`facts/*.sql`).

A file opens with comments: first what a row is, then `-- key: value` lines.

    needs     the columns without which the fact is empty, as `table.column, table.column`
    keep      `view` where an edition need not store the rows (they are soon made from others); else `table`
    rebuilt   what a load makes anew: `account_id` (all rows of each account that it touches), `account_id, day` (those of its touched
              days) or `all`; else the touched days
    until     the column with the day from which on a row no longer says what is so; a load may set it later, and nothing before it differs
    ages      of a fact that depends on the period: a query of the days of rows that change as days go by, though nothing happens
    per       `period`: the rows depend on the period asked for. Such a fact is no view; a question inlines it, with the
              relation `periods` (id, start_day, end_day, until, previous_id, year_ago_id) in reach

    unknown   `null` where a missing member is always null and never the text `(unknown)`, so that rows can be grouped as they are

A fact may hold ids of `main.calendar` (`month_id`, …) of its day; a question then needs no join with the calendar.

`:name` stands for a setting (`:reporting_currency`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import duckdb

from nextmove.errors import UnknownName, UserError

_FOLDER = Path(__file__).parent
_META = re.compile(r"^-- (needs|keep|rebuilt|until|ages|per|unknown): (.+)$", re.MULTILINE)
_READS = re.compile(r"\bfacts\.(\w+)")
_TABLES = re.compile(r"\bmain\.(\w+)")
_PARAMETER = re.compile(r"(?<![:\w]):([a-z_]+)\b")


def relations_of(sql: str) -> tuple[frozenset[str], frozenset[str]]:
    """The canonical tables and the facts that a query names."""
    return frozenset(_TABLES.findall(sql)), frozenset(_READS.findall(sql))


@dataclass(frozen=True)
class Fact:
    """One fact: a query that gives one row a thing that happened."""

    name: str
    text: str
    path: Path

    @cached_property
    def meta(self) -> Mapping[str, str]:
        return dict(_META.findall(self.text))

    @cached_property
    def about(self) -> str:
        """What a row is: the first sentence of the comments at the top."""
        return re.split(r"(?<=\.)\s", self.told, maxsplit=1)[0].rstrip(".")

    @cached_property
    def told(self) -> str:
        """The comments at the top, but for the `key: value` lines."""
        lines = []
        for line in self.text.splitlines():
            if not line.startswith("--"):
                break
            if not _META.match(line):
                lines.append(line.removeprefix("--").strip())
        return " ".join(lines).strip()

    @property
    def needs(self) -> tuple[str, ...]:
        return self._listed("needs")

    @property
    def stored(self) -> bool:
        """Whether an edition keeps the rows as a table."""
        return self.meta.get("keep", "table") == "table" and not self.per_period

    @property
    def per_period(self) -> bool:
        return self.meta.get("per") == "period"

    @property
    def null_is_unknown(self) -> bool:
        return self.meta.get("unknown") == "null"

    @property
    def rebuilt(self) -> tuple[str, ...]:
        return self._listed("rebuilt")

    @property
    def until(self) -> str | None:
        return self.meta.get("until")

    @property
    def ages(self) -> str | None:
        return self.meta.get("ages")

    def _listed(self, key: str) -> tuple[str, ...]:
        return tuple(part.strip() for part in self.meta.get(key, "").split(",") if part.strip())

    @cached_property
    def query(self) -> str:
        """The SQL without the comments at its top."""
        lines = self.text.splitlines()
        while lines and (lines[0].startswith("--") or not lines[0].strip()):
            lines.pop(0)
        return "\n".join(lines).strip().rstrip(";")

    @property
    def own(self) -> bool:
        """Whether it is the company's."""
        return self.path.parent != _FOLDER

    def line_of(self, word: str) -> int:
        """The first line of the file on which a word stands, else the first."""
        lines = (n for n, line in enumerate(self.text.splitlines(), 1) if re.search(rf"\b{re.escape(word)}\b", line))
        return next(lines, 1)

    @cached_property
    def reads(self) -> frozenset[str]:
        return frozenset(_READS.findall(self.query)) - {self.name}

    @cached_property
    def tables(self) -> frozenset[str]:
        """The canonical tables that the query itself names."""
        return frozenset(_TABLES.findall(self.query))

    @cached_property
    def columns(self) -> tuple[str, ...]:
        return _columns(self.query, str(self.path))


@cache
def _columns(query: str, place: str) -> tuple[str, ...]:
    """The names that a query selects, as DuckDB's own parser reads it: half a hundred facts in a tenth of a second."""
    parsed = _parsed(fill(query, {}, missing="null"))
    if parsed["error"]:  # a setting may stand for rows of values
        parsed = _parsed(fill(query, {}, missing="(null)"))
    if parsed["error"]:
        raise UserError(f"The fact cannot be read as SQL: {parsed['error_message'].splitlines()[0]}.", where=place)
    node = parsed["statements"][0]["node"]
    while "select_list" not in node:  # of a union, its first part names the columns
        node = node["children"][0] if node.get("children") else node["left"]
    return tuple(each.get("alias") or (each.get("column_names") or ["*"])[-1] for each in node["select_list"])


def _parsed(sql: str) -> dict[str, Any]:  # Any: JSON values
    told = _parser().cursor().execute("select json_serialize_sql(?)", [sql]).fetchall()
    parsed: dict[str, Any] = json.loads(told[0][0])
    return parsed


@cache
def _parser() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


def fill(sql: str, values: Mapping[str, str], *, missing: str | None = None) -> str:
    """`sql` with each `:name` replaced by its value (SQL text)."""

    def value(match: re.Match[str]) -> str:
        found = values.get(match[1], missing)
        if found is None:
            raise UnknownName("parameter", match[1], values)
        return found

    return _PARAMETER.sub(value, sql)


def load_facts(own: Path | None = None) -> dict[str, Fact]:
    """All facts by name, each after those that it reads; `own` is the company's folder of facts, which may replace ours."""
    facts = {path.stem: Fact(path.stem, path.read_text(encoding="utf-8"), path) for path in _files(own)}
    return {fact.name: fact for fact in _in_order(facts)}


def _files(own: Path | None) -> Iterable[Path]:
    yield from sorted(_FOLDER.glob("*.sql"))
    if own is not None and own.is_dir():
        yield from sorted(own.glob("*.sql"))


def _in_order(facts: Mapping[str, Fact]) -> list[Fact]:
    ordered: dict[str, Fact] = {}

    def place(fact: Fact, above: tuple[str, ...]) -> None:
        for needed in sorted(fact.reads):
            if needed not in facts:
                raise UnknownName("fact", needed, facts, where=f"{fact.path}:{fact.line_of(needed)}")
            if needed in above:
                raise UserError(f"The facts {needed} and {fact.name} read each other.", where=str(fact.path))
            place(facts[needed], (*above, needed))
        ordered.setdefault(fact.name, fact)

    for fact in facts.values():
        place(fact, (fact.name,))
    return list(ordered.values())
