"""JSON Schema, as much of it as the Ossie schema uses. An unknown keyword is an error: nothing is passed over in silence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Json = Any  # Any: JSON
_KINDS = {"object": dict, "array": list, "string": str, "boolean": bool}
_SILENT = {"$schema", "$id", "title", "description", "$defs", "examples"}


def faults(value: Json, schema: Json, whole: Json, place: str = "$") -> Iterator[str]:
    """What of the value does not fit the schema."""
    for keyword, wanted in schema.items():
        if keyword not in _SILENT:
            yield from _RULES[keyword](value, wanted, schema, whole, place)


def _ref(value: Json, wanted: str, schema: Json, whole: Json, place: str) -> Iterator[str]:
    target = whole
    for part in wanted.removeprefix("#/").split("/"):
        target = target[part]
    yield from faults(value, target, whole, place)


def _type(value: Json, wanted: str, schema: Json, whole: Json, place: str) -> Iterator[str]:
    if not isinstance(value, _KINDS[wanted]):
        yield f"{place} is no {wanted}: {value!r}"


def _const(value: Json, wanted: Json, schema: Json, whole: Json, place: str) -> Iterator[str]:
    if value != wanted:
        yield f"{place} is not {wanted!r}: {value!r}"


def _enum(value: Json, wanted: list[Json], schema: Json, whole: Json, place: str) -> Iterator[str]:
    if value not in wanted:
        yield f"{place} is none of {wanted}: {value!r}"


def _required(value: Json, wanted: list[str], schema: Json, whole: Json, place: str) -> Iterator[str]:
    if isinstance(value, dict):
        yield from (f"{place} lacks {name}" for name in wanted if name not in value)


def _properties(value: Json, wanted: Json, schema: Json, whole: Json, place: str) -> Iterator[str]:
    if isinstance(value, dict):
        for name, each in wanted.items():
            if name in value:
                yield from faults(value[name], each, whole, f"{place}.{name}")


def _no_more(value: Json, wanted: bool, schema: Json, whole: Json, place: str) -> Iterator[str]:
    if wanted is False and isinstance(value, dict):
        yield from (f"{place} may not have {name}" for name in value if name not in schema.get("properties", {}))


def _items(value: Json, wanted: Json, schema: Json, whole: Json, place: str) -> Iterator[str]:
    if isinstance(value, list):
        for n, each in enumerate(value):
            yield from faults(each, wanted, whole, f"{place}[{n}]")


def _at_least(value: Json, wanted: int, schema: Json, whole: Json, place: str) -> Iterator[str]:
    if isinstance(value, list) and len(value) < wanted:
        yield f"{place} has fewer than {wanted}"


def _one_of(value: Json, wanted: list[Json], schema: Json, whole: Json, place: str) -> Iterator[str]:
    fitting = sum(1 for each in wanted if not list(faults(value, each, whole, place)))
    if fitting != 1:
        yield f"{place} fits {fitting} of its forms, not one"


_RULES = {
    "$ref": _ref,
    "type": _type,
    "const": _const,
    "enum": _enum,
    "required": _required,
    "properties": _properties,
    "additionalProperties": _no_more,
    "items": _items,
    "minItems": _at_least,
    "oneOf": _one_of,
}
