"""Names and sentences for people, by id. No sentence stands in the code.

`words/<language>/*.po` are gettext catalogues whose msgid is an id (`kpi.net_sales.name`) and whose msgstr is the
text, with `{named}` values. A text that a language lacks is told in English; an id that English lacks is an error.

>>> text("kpi.net_sales.name")
'Net sales'
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path

LANGUAGES = ("en", "he", "pl", "fa")
RIGHT_TO_LEFT = frozenset({"he", "fa"})

_language: ContextVar[str] = ContextVar("language", default="en")
_FOLDER = Path(__file__).parent


@cache
def _catalogue(language: str) -> dict[str, tuple[str, ...]]:
    """All texts of a language: id → its plural forms (one where it has none)."""
    from babel.messages.pofile import read_po

    texts: dict[str, tuple[str, ...]] = {}
    for path in sorted((_FOLDER / language).glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file, locale=language):
                identifier = message.id[0] if isinstance(message.id, (tuple, list)) else message.id
                forms = message.string if isinstance(message.string, (tuple, list)) else (message.string,)
                if identifier and forms[0]:
                    texts[identifier] = tuple(form or "" for form in forms)
    return texts


@cache
def _plural_form(language: str, count: int) -> int:
    from babel import Locale

    categories = ["zero", "one", "two", "few", "many", "other"]
    rule = Locale.parse(language).plural_form
    present = [c for c in categories if c in rule.tags or c == "other"]
    return present.index(rule(count))


def text(identifier: str, /, **values: object) -> str:
    """The text of `identifier` in the current language; `count` chooses its plural form."""
    language = _language.get()
    forms = _catalogue(language).get(identifier)
    if forms is None:
        language, forms = "en", _catalogue("en")[identifier]
    form = forms[0]
    if len(forms) > 1:
        form = forms[min(_plural_form(language, int(str(values["count"]))), len(forms) - 1)]
    return form.format(**values) if values else form


def has(identifier: str) -> bool:
    """Whether English knows the id."""
    return identifier in _catalogue("en")


def language() -> str:
    return _language.get()


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Within the block, texts are told in `language`."""
    token = _language.set(language if language in LANGUAGES else "en")
    try:
        yield
    finally:
        _language.reset(token)
