"""The look at a text file before any reader gets it: where does each record begin and end, and is it whole?

Readers that find their own way through a broken file drop rows without a word. Here the bytes are counted first: quotes
must open and close at the edges of fields, every record must have as many fields as the header. Records that fail are set
aside with their line and reason; a file with such records is copied without them, and its reader is then given a file in
which nothing is left to guess. One stray quote costs one line, not the thirty that follow it.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
import shutil
import zlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nextmove.errors import UserError
from nextmove.ingest.encodings import encoding_of

DELIMITERS = (",", ";", "\t", "|")
CHUNK = 1 << 22
LONGEST_RECORD = 1_900_000  # bytes; DuckDB refuses lines above 2 MB
LARGEST_UNPACKED = 40 << 30
LINES_OF_A_RECORD = 60  # an open quote is followed so far before its line is given up

Positions = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Bad:
    """A record that is set aside."""

    line: int
    reason: str
    raw: str


@dataclass
class Text:
    """A text file as a reader may have it: UTF-8, one delimiter, whole records."""

    path: Path
    encoding: str
    delimiter: str
    header: list[str]
    records: int
    lines: Positions | None  # the line of each record, where it is not its number + 1
    bad: list[Bad] = field(default_factory=list)
    tidy: bool = False  # no field begins or ends in anything that has to be trimmed


def whole_records(path: Path, scratch: Path, *, encoding: str | None = None, delimiter: str | None = None) -> Text:
    """Check the file and copy it where it needs mending."""
    plain = _unpacked(path, scratch)
    found = encoding_of(plain, encoding)
    utf8 = plain if found in ("utf-8", "ascii") else _transcoded(plain, found, scratch)
    utf8 = _with_newlines(utf8, scratch)
    first = _first_line(utf8, path)
    delimiter = delimiter or _delimiter(utf8)
    header = _header(first, delimiter, path)
    size = utf8.stat().st_size
    scan = _scan(utf8, delimiter) if size else None
    if scan is None:
        return _mended_slowly(utf8, scratch, found, delimiter, header)
    return _mended(utf8, scratch, found, delimiter, header, scan)


def _unpacked(path: Path, scratch: Path) -> Path:
    with path.open("rb") as file:
        magic = file.read(8)
    if magic.startswith(b"PK\x03\x04"):
        raise UserError("This is a zip archive or a workbook, not a text file.", where=str(path), hint="unpack it, or name it .xlsx")
    if not magic.startswith(b"\x1f\x8b"):
        return path
    target = scratch / "unpacked"
    try:
        with gzip.open(path) as packed, target.open("wb") as out:
            while block := packed.read(1 << 22):
                out.write(block)
                if out.tell() > LARGEST_UNPACKED or out.tell() > 2000 * path.stat().st_size + (64 << 20):
                    raise UserError(
                        "This gzip file unpacks to far more than it should.", where=str(path), hint="unpack it yourself and look at it"
                    )
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise UserError(f"This gzip file is damaged: {error}.", where=str(path), hint="fetch it again") from None
    return target


def _transcoded(path: Path, encoding: str, scratch: Path) -> Path:
    target = scratch / "utf8"
    try:
        with path.open(encoding=encoding, newline="") as source, target.open("w", encoding="utf-8", newline="") as out:
            shutil.copyfileobj(source, out, 1 << 20)
    except (UnicodeDecodeError, UnicodeError) as error:
        raise UserError(f"This file is not valid {encoding}: {error}.", hint="--encoding NAME") from None
    return target


def _with_newlines(path: Path, scratch: Path) -> Path:
    """Old Macintosh files end their lines by a carriage return alone."""
    with path.open("rb") as file:
        head = file.read(1 << 20)
        if b"\0" in head:
            raise UserError("This is not a text file: it holds NUL bytes.", hint="save it again as CSV from the program that made it")
        if b"\n" in head or b"\r" not in head:
            return path
        target = scratch / "newlines"
        with target.open("wb") as out:
            while head:
                out.write(head.replace(b"\r", b"\n"))
                head = file.read(1 << 20)
    return target


def _first_line(path: Path, told: Path) -> str:
    with path.open(encoding="utf-8-sig", newline="\n") as file:
        text = file.read(1 << 20)
    if not text.strip():
        raise UserError("This file is empty.", where=str(told), hint="export it again")
    if len(text) >= 1 << 20 and "\n" not in text:
        raise UserError("The first line of this file is over a million characters long.", where=str(told), hint="check that it is CSV")
    return text


def _delimiter(path: Path) -> str:
    """The sign that cuts the first records into equally many fields, and into most."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        head = file.read(1 << 16)
    lines = head.splitlines(keepends=True)[: 200 if len(head) < 1 << 16 else -1]

    def quality(delimiter: str) -> tuple[float, int]:
        try:
            counts = [len(row) for row in csv.reader(lines[:60], delimiter=delimiter) if row]
        except csv.Error:
            return 0.0, 0
        wide = counts[0] if counts else 0
        return (sum(count == wide for count in counts) / max(len(counts), 1) if wide > 1 else 0.0), wide

    ranked = sorted(DELIMITERS, key=quality, reverse=True)
    return ranked[0]


def _header(text: str, delimiter: str, path: Path) -> list[str]:
    names = [name.strip() for name in next(csv.reader(io.StringIO(text), delimiter=delimiter))]
    return named_once([name or f"column {number}" for number, name in enumerate(names, start=1)], path)


def named_once(names: list[str], path: Path) -> list[str]:
    """Column names as they are; two columns of one name cannot be told apart."""
    seen: set[str] = {"_row", "_part"}
    for name in names:
        if name.casefold() in seen:
            raise UserError(f"Two columns of this file are called {name!r}.", where=str(path), hint="rename one of them")
        seen.add(name.casefold())
    return names


@dataclass
class Scan:
    """Start and end of each record, its number of fields, and whether all fields are tidy."""

    starts: Positions
    ends: Positions
    fields: npt.NDArray[np.int64]
    tidy: bool


def _scan(path: Path, delimiter: str) -> Scan | None:
    """All edges of records and fields; None where quotes stand in odd places."""
    data = np.memmap(path, dtype=np.uint8, mode="r")
    separator, inside, running, tidy = ord(delimiter), 0, 0, True
    ends: list[Positions] = []
    cuts: list[Positions] = []
    for begin in range(0, len(data), CHUNK):
        chunk = data[begin : begin + CHUNK]
        quotes = _quotes(data, chunk, begin, separator, inside)
        if quotes is None:
            return None
        edge = (chunk == 10) | (chunk == separator)
        if quotes.outside is not None:
            edge &= quotes.outside
        inside = quotes.inside
        at = np.flatnonzero(edge)
        newlines = np.flatnonzero(chunk[at] == 10)
        ends.append(at[newlines] + begin)
        cuts.append(newlines - np.arange(len(newlines)) + running)
        running += len(at) - len(newlines)
        tidy = tidy and quotes.tidy and _tidy(chunk, edge)
    if inside:
        return None
    return _records(data, np.concatenate(ends), np.concatenate(cuts), running, tidy)


def _table(*untidy: int) -> npt.NDArray[np.bool_]:
    tidy = np.ones(256, dtype=np.bool_)
    tidy[[*range(33), 127, *untidy]] = False
    return tidy


# By the first and the last byte of a field: is there surely nothing to trim? A blank without break and a byte-order mark
# are C2 A0 and EF BB BF.
_STARTS_TIDY, _ENDS_TIDY = _table(0xC2, 0xEF), _table(0xA0, 0xBF)


def _tidy(chunk: npt.NDArray[np.uint8], edge: npt.NDArray[np.bool_]) -> bool:
    """No blank, control sign or odd letter stands at the edge of a field; unseen neighbours count as edges."""
    at = np.flatnonzero(((chunk < 33) | (chunk > 126)) & ~edge)
    if not len(at):
        return True
    last = len(chunk) - 1
    before, here, after = np.maximum(at - 1, 0), chunk[at], np.minimum(at + 1, last)
    windows = (here == 13) & (chunk[after] == 10) & (at < last)
    after_edge = (edge[before] | (at == 0)) & ~windows
    before_edge = (edge[after] | (at == last)) & ~windows
    line_ends = _ENDS_TIDY[chunk[before[windows]]] | edge[before[windows]]
    return bool(_STARTS_TIDY[here[after_edge]].all() and _ENDS_TIDY[here[before_edge]].all() and line_ends.all())


@dataclass
class _Quotes:
    """Which bytes of a chunk stand outside of quotes (None: all), and whether it ends inside (1) or outside (0)."""

    outside: npt.NDArray[np.bool_] | None
    inside: int
    tidy: bool


def _quotes(data: npt.NDArray[np.uint8], chunk: npt.NDArray[np.uint8], begin: int, separator: int, inside: int) -> _Quotes | None:
    """None where a quote opens or closes inside a field."""
    quote = chunk == 34
    if not quote.any():
        return _Quotes(np.zeros(len(chunk), dtype=np.bool_) if inside else None, inside, True)
    within = (np.cumsum(quote, dtype=np.uint8) + np.uint8(inside)) & 1
    at = np.flatnonzero(quote)
    opening = at[within[at] == 1] + begin
    closing = at[within[at] == 0] + begin
    before = data[np.maximum(opening - 1, 0)]
    after = data[np.minimum(closing + 1, len(data) - 1)]
    starts_well = np.isin(before, (separator, 10, 34)) | (opening == 0) | ((opening == 3) & (data[0] == 0xEF))
    ends_well = np.isin(after, (separator, 10, 13, 34)) | (closing == len(data) - 1)
    if not (starts_well.all() and ends_well.all()):
        return None
    first, last = data[np.minimum(opening + 1, len(data) - 1)], data[closing - 1]
    tidy = _STARTS_TIDY[first].all() and _ENDS_TIDY[last].all() and not (first == 34).any()
    return _Quotes(within == 0, int(within[-1]), bool(tidy))


def _records(data: npt.NDArray[np.uint8], ends: Positions, cuts: Positions, total: int, tidy: bool) -> Scan:
    if len(data) and (len(ends) == 0 or ends[-1] != len(data) - 1):
        ends, cuts = np.append(ends, len(data)), np.append(cuts, total)
    starts = np.concatenate([[0], ends[:-1] + 1]).astype(np.int64)
    return Scan(starts, ends, np.diff(cuts, prepend=0) + 1, tidy)


def _mended(
    path: Path,
    scratch: Path,
    encoding: str,
    delimiter: str,
    header: list[str],
    scan: Scan,
) -> Text:
    data, starts, ends, fields = np.memmap(path, dtype=np.uint8, mode="r"), scan.starts, scan.ends, scan.fields
    width = ends - starts
    blank = (width == 0) | ((width == 1) & (data[np.minimum(starts, len(data) - 1)] == 13))
    good = (fields == len(header)) & ~blank & (width < LONGEST_RECORD)
    good[0] = True
    lines = _lines(data, starts)
    if good.all():
        return Text(path, encoding, delimiter, header, len(starts) - 1, lines, [], scan.tidy)
    wrong = np.flatnonzero(~good & ~blank)
    _refuse_if_hopeless(len(wrong), len(starts) - 1, header, fields, path)
    bad = [_bad(data, starts[i], ends[i], int(fields[i]), len(header), int(i + 1 if lines is None else lines[i])) for i in wrong]
    numbers = np.arange(1, len(starts) + 1) if lines is None else lines
    copy = _copy_of(data, starts, ends, good, scratch / "mended")
    return Text(copy, encoding, delimiter, header, int(good.sum()) - 1, numbers[good], bad, scan.tidy)


def _refuse_if_hopeless(wrong: int, all_: int, header: list[str], fields: npt.NDArray[np.int64], path: Path) -> None:
    if all_ and wrong == all_:
        raise UserError(
            f"The first line has {len(header)} fields, and no other line has as many (line 2 has {int(fields[1])}).",
            hint="the header must be the first line of the file; or name the delimiter with --delimiter",
        )


def _lines(data: npt.NDArray[np.uint8], starts: Positions) -> Positions | None:
    """The line on which each record starts; None where it is its number."""
    newlines = np.concatenate([np.flatnonzero(data[i : i + CHUNK] == 10) + i for i in range(0, len(data), CHUNK)])
    if len(newlines) <= len(starts):
        return None
    return np.searchsorted(newlines, starts) + 1


def _bad(data: npt.NDArray[np.uint8], start: int, end: int, fields: int, wanted: int, line: int) -> Bad:
    raw = bytes(data[start : min(end, start + 10_000)]).decode("utf-8", "replace").rstrip("\r")
    reason = f"{fields} fields where the header has {wanted}" if fields != wanted else "longer than 1.9 million characters"
    return Bad(line, reason, raw)


def _copy_of(data: npt.NDArray[np.uint8], starts: Positions, ends: Positions, good: npt.NDArray[np.bool_], target: Path) -> Path:
    """The good records, copied in runs."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], good, [False]]).astype(np.int8)))
    with target.open("wb") as out:
        for first, last in zip(edges[0::2], edges[1::2], strict=True):
            run = data[starts[first] : ends[last - 1]]
            out.write(run.data)
            out.write(b"\n")
    return target


def _mended_slowly(path: Path, scratch: Path, encoding: str, delimiter: str, header: list[str]) -> Text:
    """A file whose quotes stand in odd places, record by record."""
    lines = path.read_text(encoding="utf-8-sig").split("\n")
    pattern = re.compile(rf'(?:"((?:[^"]|"")*)"|([^{re.escape(delimiter)}"\n][^{re.escape(delimiter)}\n]*|))({re.escape(delimiter)}|$)')
    bad: list[Bad] = []
    numbers: list[int] = []
    target = scratch / "mended"
    with target.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
        writer.writerow(header)
        at = _after_header(lines, pattern, len(header))
        while at < len(lines):
            used, fields, reason = _next_record(lines, at, pattern, len(header))
            if fields:
                writer.writerow(fields)
                numbers.append(at + 1)
            elif reason:
                bad.append(Bad(at + 1, reason, lines[at].rstrip("\r")))
            at += used
    return Text(target, encoding, delimiter, header, len(numbers), np.array([1, *numbers], dtype=np.int64), bad)


def _after_header(lines: list[str], pattern: re.Pattern[str], width: int) -> int:
    used, _, _ = _next_record(lines, 0, pattern, width)
    return used


def _next_record(lines: list[str], at: int, pattern: re.Pattern[str], width: int) -> tuple[int, list[str] | None, str]:
    """How many lines the record takes, its fields, or why it is none."""
    if not lines[at].strip():
        return 1, None, ""
    text, fields = "", None
    for more in range(min(LINES_OF_A_RECORD, len(lines) - at)):
        text = text + ("\n" if more else "") + lines[at + more].rstrip("\r")
        fields = _fields(text, pattern)
        if fields is not None and len(fields) == width:
            return more + 1, fields, ""
        if more == 0 and fields is not None:
            return 1, None, f"{len(fields)} fields where the header has {width}"
    return 1, None, "a quote that opens or closes inside a field, or never closes"


def _fields(text: str, pattern: re.Pattern[str]) -> list[str] | None:
    fields, at = [], 0
    while True:
        match = pattern.match(text, at)
        if match is None:
            return None
        fields.append(match[1].replace('""', '"') if match[1] is not None else match[2])
        if not match[3]:
            return fields
        at = match.end()
