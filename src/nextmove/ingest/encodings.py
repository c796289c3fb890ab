"""Which letters do these bytes stand for? Answered only where there is one answer.

A byte-order mark or valid UTF-8 settles it. Else the text is in one of the old one-byte code pages, which all accept nearly any
byte: it is read in that page in which its odd bytes make words of one script (Hebrew, Arabic, Western or Central European),
and where two pages do equally well, the reader is asked.
"""

from __future__ import annotations

import codecs
import itertools
import re
from collections.abc import Iterator
from pathlib import Path

from nextmove.errors import UserError

CANDIDATES = ("cp1252", "cp1250", "cp1255", "cp1256")
BLOCK = 1 << 22

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Letters that are common in the languages of each page; a foreign reading yields rare signs instead.
_USUAL = {
    "cp1252": set("äöüßÄÖÜéèêëàâçîïôùûœñóíáúÉÀÇÑØøåÅæÆãõìò£€°–’“”®©½²"),
    "cp1250": set("ąćęłńóśźżĄĆĘŁŃÓŚŹŻčďěňřšťůžýáíéúČŘŠŽőűŐŰäöüßÄÖÜ€°–’“”"),
    "cp1255": set("אבגדהוזחטיךכלםמןנסעףפץצקרשת₪–’“”׳״"),
    "cp1256": set("ابتثجحخدذرزسشصضطظعغفقكلمنهويىةأإآؤئءپچژگک،؛؟–’“”"),
}


def encoding_of(path: Path, wanted: str | None = None) -> str:
    """The encoding of a text file, as Python names it."""
    if wanted:
        return _known(wanted)
    with path.open("rb") as file:
        head = file.read(1 << 16)
    for mark, encoding in _BOMS:
        if head.startswith(mark):
            return encoding
    wide = _wide(head)
    if wide:
        return wide
    if b"\0" in head:
        raise UserError(
            "This is not a text file: it holds NUL bytes.", where=str(path), hint="save it as CSV, Excel, Parquet or JSON lines"
        )
    if _is_utf8(path):
        return "utf-8"
    return _code_page(path)


def _known(wanted: str) -> str:
    try:
        return codecs.lookup(wanted).name
    except LookupError:
        raise UserError(f"There is no encoding called {wanted!r}.", hint="utf-8, utf-16, " + ", ".join(CANDIDATES)) from None


def _wide(head: bytes) -> str | None:
    """UTF-16 without a mark: in text with Latin letters or digits every second byte is zero."""
    if len(head) < 4 or b"\0" not in head:
        return None
    even, odd = head[0::2].count(0) / len(head[0::2]), head[1::2].count(0) / max(len(head[1::2]), 1)
    if odd > 0.3 and even < 0.05:
        return "utf-16-le"
    return "utf-16-be" if even > 0.3 and odd < 0.05 else None


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for block in _blocks(path):
            if not block.isascii() or decoder.getstate()[0]:
                decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            yield block


def _code_page(path: Path) -> str:
    words = _odd_words(path)
    scores = {page: _score(words, page) for page in CANDIDATES}
    best, second, *_ = sorted(scores.values(), reverse=True)
    winners = [page for page, score in scores.items() if score == best]
    same = len({b" ".join(words).decode(page, "replace") for page in winners}) == 1
    if best < 0.9 or (best - second < 0.05 and not same):
        raise UserError(
            "The encoding of this file cannot be told: it is not UTF-8, and several others fit.",
            where=str(path),
            hint="--encoding " + " or --encoding ".join(sorted(scores, key=lambda page: -scores[page])[:2]),
        )
    return winners[0]


def _odd_words(path: Path) -> list[bytes]:
    found: set[bytes] = set()
    for block in _blocks(path):
        found.update(re.findall(rb"[A-Za-z\x80-\xff]*[\x80-\xff]+[A-Za-z\x80-\xff]*", block))
        if len(found) > 20_000:
            break
    return sorted(found)


def _score(words: list[bytes], page: str) -> float:
    """Share of words whose odd letters are usual in the page and, for Hebrew and Arabic, not mixed with Latin ones."""
    return sum(_fits(word, page) for word in words) / max(len(words), 1)


def _fits(word: bytes, page: str) -> bool:
    try:
        text = word.decode(page)
    except UnicodeDecodeError:
        return False
    odd = [letter for letter in text if ord(letter) > 127]
    letters = [letter for letter in odd if letter.isalpha()]
    mixed = page in ("cp1255", "cp1256") and letters and len(letters) < sum(letter.isalpha() for letter in text)
    capital_inside = any(a.islower() and b.isupper() for a, b in itertools.pairwise(text))
    latin_heap = page in ("cp1252", "cp1250") and re.search(r"[^\W\x00-\x7f]{3}", text) is not None
    return not mixed and not capital_inside and not latin_heap and all(letter in _USUAL[page] for letter in odd)
