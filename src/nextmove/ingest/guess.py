"""The first guess at a mapping, for a person to confirm.

A known export (Salesforce, SAP Business One …) is recognised by its header, from the files in `presets/`. Our own names are taken as
they are. Everything else is compared with the many names that columns bear in the wild (`synonyms.toml`: English, German,
Polish, Hebrew). A guess by name alone is not sure; only our own names and presets are.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from functools import cache
from pathlib import Path
from typing import Any

from nextmove.errors import UserError
from nextmove.ingest.mapping import Mapping
from nextmove.tables import TABLES, Table, table

_HERE = Path(__file__).parent


def guess(header: list[str], *, wanted: Table | None, where: str) -> Mapping:
    """The most likely mapping of a file with these columns."""
    preset = _preset(header, wanted)
    if preset:
        return preset
    own = _own_names(header, wanted)
    if own and not own.missing():
        return own
    candidates = [_by_names(header, one) for one in ([wanted] if wanted else TABLES)]
    best = max(candidates, key=_likeness)
    rivals = [m for m in candidates if m is not best and not m.missing() and len(m.columns) == len(best.columns)]
    if not wanted and (not best.columns or rivals):
        names = ", ".join(f"--table {m.table.name}" for m in [best, *rivals][:4])
        raise UserError("It cannot be told which table this file is for.", where=where, hint=names if best.columns else "--table TABLE")
    return best


def _likeness(mapping: Mapping) -> tuple[int, int]:
    """How much of the file a mapping explains, a column that it needs and does not find counting as two: a person can still name that."""
    missing = len(mapping.missing())
    return len(mapping.columns) + len(mapping.formulas) - 2 * missing, -missing


def plain(name: str) -> str:
    """A column name without case, accents, blanks and signs."""
    letters = unicodedata.normalize("NFKD", name.replace("ł", "l").replace("Ł", "L").replace("ß", "ss"))
    return re.sub(r"[\W_]+", "", "".join(c for c in letters if not unicodedata.combining(c)).casefold())


def _own_names(header: list[str], wanted: Table | None) -> Mapping | None:
    """A file with our names: the table that uses most of them."""
    names = {name.casefold(): name for name in header}
    tables = [wanted] if wanted else TABLES
    found = [Mapping(one, {c.name: names[c.name] for c in one.columns if c.name in names}, header=tuple(header)) for one in tables]
    whole = [mapping for mapping in found if mapping.columns and not mapping.missing()]
    return max(whole, key=lambda mapping: len(mapping.columns), default=None)


@cache
def _presets() -> tuple[tuple[str, dict[str, Any]], ...]:
    return tuple((path.stem, tomllib.loads(path.read_text(encoding="utf-8"))) for path in sorted((_HERE / "presets").glob("*.toml")))


def _preset(header: list[str], wanted: Table | None) -> Mapping | None:
    """The known export whose signs are all in the header."""
    theirs = {plain(name): name for name in header}
    for system, exports in _presets():
        for export in exports["export"]:
            known = all(plain(sign) in theirs for sign in export["signs"])
            if known and wanted in (None, table(export["table"])):
                columns = {ours: theirs[plain(name)] for ours, name in export["columns"].items() if plain(name) in theirs}
                return Mapping(table(export["table"]), columns, export.get("formulas", {}), header=tuple(header), origin=system, sure=True)
    return None


@cache
def _synonyms() -> dict[str, dict[str, list[str]]]:
    content: dict[str, dict[str, list[str]]] = tomllib.loads((_HERE / "synonyms.toml").read_text(encoding="utf-8"))
    return content


def _by_names(header: list[str], one: Table) -> Mapping:
    free = {plain(name): name for name in header}
    columns: dict[str, str] = {}
    for column in one.columns:
        names = [column.name, *_synonyms().get(one.name, {}).get(column.name, []), *_synonyms()["any"].get(column.name, [])]
        match = next((plain(name) for name in names if plain(name) in free), None)
        if match:
            columns[column.name] = free.pop(match)
    return Mapping(one, columns, _derived(one, columns, free), header=tuple(header), sure=False)


def _derived(one: Table, columns: dict[str, str], free: dict[str, str]) -> dict[str, str]:
    """An amount that only its unit price tells; a return that only the sign tells."""
    if one.name != "order_lines" or "quantity" not in columns:
        return {}
    formulas: dict[str, str] = {}
    price = next((free[plain(name)] for name in _synonyms()["unit_price"]["names"] if plain(name) in free), None)
    if "net_amount" not in columns and price:
        formulas["net_amount"] = f'number("{columns["quantity"]}") * number("{price}")'
    if "status" not in columns:
        formulas["status"] = f"case when number(\"{columns['quantity']}\") < 0 then 'returned' else 'completed' end"
    return formulas
