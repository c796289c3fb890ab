"""Reasons for thousands of rows at once: a text by id, filled from columns, and the same as evidence for the actions."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from nextmove.words import text

Columns = Mapping[str, pa.Array]
_MARK = "\x00"


def told(identifier: str, columns: Columns) -> pa.Array:
    """The text of `identifier` with each row's values in it."""
    template = text(identifier, **{name: f"{_MARK}{name}{_MARK}" for name in columns})
    return _filled(template.split(_MARK), {name: values.cast(pa.string()) for name, values in columns.items()})


def evidence(identifier: str, columns: Columns) -> pa.Array:
    """`[{"say": id, "values": {…}}]` of each row, as JSON text."""
    pieces = [f'[{{"say": "{identifier}", "values": {{']
    for place, name in enumerate(columns):
        pieces += [f'{", " if place else ""}"{name}": ', name, ""]
    return _filled([*_merged(pieces), "}}]"], {name: _json(values) for name, values in columns.items()})


def _merged(pieces: list[str]) -> list[str]:
    """Literal pieces and names in turn: `[literal, name, literal, name, …]`."""
    merged = [pieces[0] + pieces[1]]
    for at in range(2, len(pieces), 3):
        merged += [pieces[at], pieces[at + 1] + (pieces[at + 2] if at + 2 < len(pieces) else "")]
    return merged[:-1] if merged[-1] == "" else merged


def _filled(pieces: list[str], columns: Columns) -> pa.Array:
    """Odd pieces are names of columns, even ones stand as they are."""
    parts = [columns[piece] if place % 2 else pa.scalar(piece) for place, piece in enumerate(pieces)]
    joined = pc.binary_join_element_wise(*parts, "")
    return joined if isinstance(joined, pa.Array) else joined.combine_chunks()


def _json(values: pa.Array) -> pa.Array:
    if not pa.types.is_string(values.type):
        return values.cast(pa.string())
    escaped = pc.replace_substring(pc.replace_substring(values, "\\", "\\\\"), '"', '\\"')
    return pc.binary_join_element_wise('"', escaped, '"', "")
