"""Changing a section of `nextmove.toml` and nothing else of it: comments, order and what is commented out stay as people left them."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping, Sequence

Setting = str | int | float | bool | dt.date | Sequence[str] | Mapping[str, "Setting"]
_SECTION = re.compile(r"^\s*\[([^\]]+)\]")


def changed(text: str, section: str, values: Mapping[str, Setting]) -> str:
    """`text` with these settings in its section, which is added where it is missing."""
    lines = text.splitlines()
    start = next((n for n, line in enumerate(lines) if _named(line) == section), None)
    if start is None:
        return "\n".join([*lines, "", f"[{section}]", *_lines(values)]) + "\n"
    end = next((n for n in range(start + 1, len(lines)) if _named(lines[n]) is not None), len(lines))
    inside = _without(lines[start + 1 : end], values)
    return "\n".join([*lines[: start + 1], *_lines(values), *inside, *lines[end:]]) + "\n"


def toml(value: Setting) -> str:
    """One value as TOML writes it."""
    match value:
        case bool():
            return str(value).lower()
        case str():
            return json.dumps(value, ensure_ascii=False)
        case dt.date():
            return value.isoformat()
        case int() | float():
            return str(value)
        case Mapping():
            return "{" + ", ".join(f"{json.dumps(key)} = {toml(each)}" for key, each in value.items()) + "}"
        case _:
            return "[" + ", ".join(toml(each) for each in value) + "]"


def _named(line: str) -> str | None:
    found = _SECTION.match(line)
    return found[1].strip() if found else None


def _lines(values: Mapping[str, Setting]) -> list[str]:
    return [f"{key} = {toml(value)}" for key, value in values.items()]


def _without(lines: list[str], values: Mapping[str, Setting]) -> list[str]:
    """The lines that set none of these; a list may run over several lines."""
    kept, open_list = [], False
    for line in lines:
        key = line.partition("=")[0].strip()
        if open_list:
            open_list = "]" not in line
        elif key in values and "=" in line:
            rest = line.partition("=")[2].strip()
            open_list = rest.startswith("[") and "]" not in rest
        else:
            kept.append(line)
    return kept
