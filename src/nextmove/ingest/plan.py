"""From an open file to the select that reads it: which mapping, which styles, what is left over.

The mapping is the one that was named, or a saved one for this header, or a guess. A guess by names alone is shown and needs a
yes; our own names and known exports do not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from nextmove.engine import name
from nextmove.errors import UserError
from nextmove.ingest.casts import Role
from nextmove.ingest.compile import TEXTUAL, Given, source_select
from nextmove.ingest.guess import guess
from nextmove.ingest.mapping import Mapping, mapping_file, read_mapping, save_mapping, saved_mapping
from nextmove.ingest.sandbox import Reader
from nextmove.ingest.styles import Evidence, checked_style, styles_of
from nextmove.tables import Kind, Table

if TYPE_CHECKING:
    from nextmove.ingest.expressions import Formula

SAMPLE = 5_000
_ROLES: dict[Kind, Role] = {
    Kind.MONEY: "number",
    Kind.NUMBER: "number",
    Kind.RATE: "number",
    Kind.SCORE: "number",
    Kind.COUNT: "number",
    Kind.DAY: "date",
    Kind.MOMENT: "date",
}


@dataclass(frozen=True)
class Options:
    """What the reader said on the command line."""

    table: Table | None = None
    map: Path | None = None
    dates: str | None = None
    decimal: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    yes: bool = False
    dry_run: bool = False
    confirm: Callable[[Mapping, str], bool] | None = None  # None: nobody is there to ask
    zone: str = "UTC"


@dataclass(frozen=True)
class Plan:
    """How one file is read."""

    mapping: Mapping
    given: list[Given]
    header: list[str]
    textual: frozenset[tuple[str, Role]]
    styles: dict[tuple[str, Role], str]
    tidy: bool
    notes: dict[str, str] = field(default_factory=dict)


def choose_mapping(file: Path, header: list[str], folder: Path, options: Options) -> Mapping:
    """The mapping of this file, confirmed where it is a guess."""
    mapping = _known_mapping(file, header, folder, options)
    missing = mapping.missing()
    if missing:
        raise UserError(
            f"{mapping.table.name} needs {', '.join(missing)}, and no column of this file is known to give it.",
            where=f"{file} (its columns: {', '.join(header)})",
            hint=f"write a mapping and name it: nextmove load {file.name} --map {folder / (file.stem + '.toml')}",
        )
    if mapping.sure or options.yes:
        return _kept(mapping, file, folder, options)
    if options.confirm is None:
        raise UserError(
            f"The mapping of this file to {mapping.table.name} is a guess and needs a yes:\n\n{mapping_file(mapping)}",
            where=str(file),
            hint="--yes to take it, or save it to a file, correct it, and name that file by --map",
        )
    if not options.confirm(mapping, mapping_file(mapping)):
        path = save_mapping(folder, file.stem, mapping)
        raise UserError("Nothing was loaded.", where=str(file), hint=f"correct {path} and load again with --map {path}")
    return _kept(mapping, file, folder, options)


def _known_mapping(file: Path, header: list[str], folder: Path, options: Options) -> Mapping:
    from nextmove.tables import TABLES

    if options.map:
        return read_mapping(options.map)
    named = next((table for table in TABLES if table.name == file.name.split(".")[0].casefold()), None)
    wanted = options.table or named
    return saved_mapping(folder, header, wanted) or guess(header, wanted=wanted, where=str(file))


def _kept(mapping: Mapping, file: Path, folder: Path, options: Options) -> Mapping:
    """A confirmed guess, or an export that was recognised, is saved for the next file of its kind."""
    if not options.dry_run and (not mapping.sure or (mapping.origin and not mapping.origin.endswith(".toml"))):
        save_mapping(folder, file.stem, mapping)
    return mapping


def plan(reader: Reader, file: Path, types: dict[str, str], mapping: Mapping, *, tidy: bool, options: Options, known: Evidence) -> Plan:
    """Look at the values, settle the styles and compile the columns."""
    header = list(types)
    formulas = _formulas(mapping, header, file)
    columns = _present(mapping, header, file)
    uses = _uses(mapping, columns, formulas, types)
    styles = _styles(reader, file, uses, mapping, options=options, known=known, sample=SAMPLE)
    draft = Plan(mapping, [], header, frozenset(uses), styles, tidy, _notes(mapping, header))
    return replace(draft, given=_given(reader, draft, columns, formulas, types, options))


def replanned(reader: Reader, file: Path, types: dict[str, str], before: Plan, *, options: Options, known: Evidence) -> Plan | None:
    """Rows failed: look at all values, not at the first ones. None where that changes nothing."""
    styles = _styles(reader, file, set(before.textual), before.mapping, options=options, known=known, sample=None)
    if styles == before.styles:
        return None
    formulas = _formulas(before.mapping, before.header, file)
    columns = _present(before.mapping, before.header, file)
    draft = replace(before, styles=styles)
    return replace(draft, given=_given(reader, draft, columns, formulas, types, options))


def _formulas(mapping: Mapping, header: list[str], file: Path) -> dict[str, Formula]:
    if not mapping.formulas:
        return {}
    from nextmove.ingest.expressions import formula  # parsing SQL costs a fifth of a second to import

    return {ours: formula(text, header, where=f"{mapping.origin or file}, {ours}") for ours, text in mapping.formulas.items()}


def _present(mapping: Mapping, header: list[str], file: Path) -> dict[str, str]:
    """Ours → theirs, as their header spells it."""
    from nextmove.errors import UnknownName

    names = {column.casefold(): column for column in header}
    for theirs in mapping.columns.values():
        if theirs.casefold() not in names:
            raise UnknownName("column in this file", theirs, header, where=f"{file}, mapped by {mapping.origin or 'a guess'}")
    return {ours: names[theirs.casefold()] for ours, theirs in mapping.columns.items()}


def _uses(mapping: Mapping, columns: dict[str, str], formulas: dict[str, Formula], types: dict[str, str]) -> set[tuple[str, Role]]:
    """Text columns that are read as numbers or dates."""
    direct = {
        (theirs, _ROLES[mapping.table.column(ours).kind]) for ours, theirs in columns.items() if mapping.table.column(ours).kind in _ROLES
    }
    derived = {use for one in formulas.values() for use in one.reads}
    return {(column, role) for column, role in direct | derived if types.get(column) == TEXTUAL}


def _styles(
    reader: Reader, file: Path, uses: set[tuple[str, Role]], mapping: Mapping, *, options: Options, known: Evidence, sample: int | None
) -> dict[tuple[str, Role], str]:
    told = {
        "date": checked_style("date", options.dates or mapping.read.get("dates")),
        "number": checked_style("number", options.decimal or mapping.read.get("decimal")),
    }
    fixed = {(column, role): style for column, role in uses if (style := told[role])}

    def ask(sql: str) -> list[list[object]]:
        rows: list[list[object]] = reader.ask("query", sql=sql)
        return rows

    return fixed | styles_of(ask, uses - fixed.keys(), sample=sample, known=known, where=str(file))


def _given(
    reader: Reader,
    draft: Plan,
    columns: dict[str, str],
    formulas: dict[str, Formula],
    types: dict[str, str],
    options: Options,
) -> list[Given]:
    mapping, styles = draft.mapping, draft.styles
    textual = frozenset(column for column, kind in types.items() if kind == TEXTUAL)
    sqls = {ours: one.sql(textual) for ours, one in formulas.items()}
    kinds = _formula_types(reader, sqls, source_select(list(types), styles, zone=options.zone))
    given = []
    for column in mapping.table.columns:
        theirs = columns.get(column.name, "")
        if column.name in sqls:
            reads = tuple(sorted(use for use in formulas[column.name].reads if use in styles))
            given.append(Given(column, sqls[column.name], kinds[column.name], reads=reads))
        elif theirs:
            read = theirs if (theirs, _ROLES.get(column.kind)) in styles else ""
            given.append(Given(column, name("src." + theirs), types[theirs], read, draft.tidy))
    return given


def _formula_types(reader: Reader, sqls: dict[str, str], relation: str) -> dict[str, str]:
    if not sqls:
        return {}
    select = ", ".join(f"{sql} as {name(ours)}" for ours, sql in sqls.items())
    return {row[0]: row[1] for row in reader.ask("query", sql=f"describe select {select} from {relation} as read_")}


def _notes(mapping: Mapping, header: list[str]) -> dict[str, str]:
    unused = mapping.unused(header)
    return {"columns left out": ", ".join(unused)} if unused else {}
