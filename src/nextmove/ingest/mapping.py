"""A mapping: which column of a file is which column of ours, or by which formula it follows.

table = "order_lines"
header = ["Invoice", "Quantity", "Price", …]       # the file it is for; another file with this header reuses it

[columns]                                          # ours = theirs
order_id = "Invoice"

[formulas]                                         # ours = a formula over theirs (text; number() reads a number)
net_amount = "number(Quantity) * number(Price)"
status = "case when Invoice like 'C%' then 'returned' else 'completed' end"
currency = "'GBP'"

[read]                                             # only what the values do not tell
dates = "dmy"
decimal = "point"
"""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from nextmove.errors import UnknownName, UserError
from nextmove.tables import Table, table

READ = ("dates", "decimal", "encoding", "delimiter", "sheet")


@dataclass(frozen=True)
class Mapping:
    """What a file means."""

    table: Table
    columns: dict[str, str] = field(default_factory=dict)
    formulas: dict[str, str] = field(default_factory=dict)
    read: dict[str, str] = field(default_factory=dict)
    header: tuple[str, ...] = ()
    origin: str = ""
    sure: bool = True

    def missing(self) -> list[str]:
        """Required columns that nothing gives."""
        given = self.columns.keys() | self.formulas.keys()
        return [column.name for column in self.table.columns if column.required and column.name not in given]

    def unused(self, header: list[str]) -> list[str]:
        used = {theirs.casefold() for theirs in self.columns.values()}
        text = " ".join(self.formulas.values()).casefold()
        return [name for name in header if name.casefold() not in used and name.casefold() not in text]


def read_mapping(path: Path) -> Mapping:
    """Read and check a mapping file."""
    if not path.is_file():
        raise UserError("There is no such mapping.", where=str(path), hint="nextmove load FILE --table TABLE, which proposes one")
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"The mapping is not valid TOML: {error}.", where=str(path)) from None
    for key in content:
        if key not in ("table", "header", "columns", "formulas", "read"):
            raise UnknownName("part of a mapping", key, ("table", "header", "columns", "formulas", "read"), where=str(path))
    if not isinstance(content.get("table"), str):
        raise UserError("The mapping does not name its table.", where=str(path), hint='table = "order_lines"')
    columns, formulas, read = (_texts(content, part, path) for part in ("columns", "formulas", "read"))
    found = table(content["table"])
    for ours in (*columns, *formulas):
        found.column(ours)
    for key in read:
        if key not in READ:
            raise UnknownName("way of reading", key, READ, where=str(path))
    return Mapping(found, columns, formulas, read, tuple(content.get("header", ())), str(path))


def _texts(content: dict[str, object], part: str, path: Path) -> dict[str, str]:
    values = content.get(part, {})
    if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
        raise UserError(f'[{part}] of the mapping must be lines of the form name = "text".', where=str(path))
    return values


def saved_mapping(folder: Path, header: list[str], wanted: Table | None) -> Mapping | None:
    """A mapping that was confirmed before for a file with this header."""
    names = {name.casefold() for name in header}
    for path in sorted(folder.glob("*.toml")):
        mapping = read_mapping(path)
        if {name.casefold() for name in mapping.header} == names and wanted in (None, mapping.table):
            return mapping
    return None


def save_mapping(folder: Path, name: str, mapping: Mapping) -> Path:
    """Write the mapping where `saved_mapping` finds it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{re.sub(r'[^a-z0-9]+', '-', name.casefold()).strip('-') or mapping.table.name}.toml"
    path.write_text(mapping_file(mapping), encoding="utf-8")
    return path


def mapping_file(mapping: Mapping) -> str:
    """The mapping as its file says it."""
    lines = [f"table = {_toml(mapping.table.name)}", f"header = [{', '.join(map(_toml, mapping.header))}]"]
    for part in ("columns", "formulas", "read"):
        values: dict[str, str] = getattr(mapping, part)
        if values:
            lines += ["", f"[{part}]", *(f"{key} = {_toml(value)}" for key, value in values.items())]
    return "\n".join(lines) + "\n"


def _toml(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
