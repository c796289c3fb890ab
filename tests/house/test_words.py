"""Every sentence stands in the catalogues: an id that the code or a template names must be there, in order."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

import nextmove
from nextmove import words

SOURCE = Path(nextmove.__file__).parent


def _ids_in_python() -> set[tuple[str, str]]:
    found = set()
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str):
                called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if called == "text" and re.fullmatch(r"[a-z_]+(\.[a-z0-9_]+)+", node.args[0].value):
                    found.add((node.args[0].value, path.name))
    return found


def _ids_in_templates() -> set[tuple[str, str]]:
    tag = re.compile(r"{%\s*(?:t|say|words?)\s+[\"']([a-z0-9_.]+)[\"']")
    return {(m, path.name) for path in SOURCE.rglob("*.html") for m in tag.findall(path.read_text(encoding="utf-8"))}


@pytest.mark.parametrize(("identifier", "file"), sorted(_ids_in_python() | _ids_in_templates()))
def test_every_id_named_in_the_code_has_a_text(identifier: str, file: str) -> None:
    assert words.has(identifier), f"{file} names {identifier}, which no catalogue has"


@pytest.mark.parametrize("path", sorted(SOURCE.glob("words/*/*.po")), ids=lambda p: f"{p.parent.name}/{p.name}")
def test_a_translation_names_the_same_values_as_english(path: Path) -> None:
    english = read_po((path.parent.parent / "en" / path.name).open("rb"), locale="en")
    for message in read_po(path.open("rb"), locale=path.parent.name):
        if not message.id or not message.string:
            continue
        original = english.get(message.id)
        assert original is not None, f"{message.id} is not in English"
        forms = message.string if isinstance(message.string, tuple) else (message.string,)
        theirs = original.string if isinstance(original.string, tuple) else (original.string,)
        fields = {f for form in theirs for f in re.findall(r"{(\w+)", form)}
        for form in filter(None, forms):
            assert set(re.findall(r"{(\w+)", form)) <= fields, message.id
