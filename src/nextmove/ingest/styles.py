"""How a file writes its numbers and dates: told by the values, or asked; never guessed.

A style *survives* if it reads every value that any style reads. Where two survivors read some value differently, the
column alone does not tell (all of 03/04/2025; nothing but 1.234): then the other columns of the file decide, if they all
agree, and else the reader is asked by an error that names the option.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import combinations

from nextmove.engine import name
from nextmove.errors import UserError
from nextmove.ingest.casts import DATE_STYLES, NUMBER_STYLES, TYPED, Role, easy_date, easy_number

Ask = Callable[[str], list[list[object]]]

STYLES: dict[Role, tuple[str, ...]] = {"number": NUMBER_STYLES, "date": DATE_STYLES}
OPTION: dict[Role, str] = {"number": "--decimal", "date": "--dates"}


class Ambiguous(UserError):
    """A column that can be read two ways."""

    def __init__(self, column: str, role: Role, styles: tuple[str, ...], example: str, *, where: str) -> None:
        what = f"The {role}s of column {column!r} can be read in more than one way, as {example!r}."
        super().__init__(what, where=where, hint=" or ".join(f"{OPTION[role]} {style}" for style in styles))
        self.column = column
        self.role = role
        self.styles = styles
        self.example = example


@dataclass
class Evidence:
    """Styles that were told by values, per role: what one file of a program shows, its others may lean on."""

    told: dict[Role, set[str]] = field(default_factory=lambda: {"number": set(), "date": set()})

    def only(self, role: Role) -> str | None:
        return next(iter(self.told[role])) if len(self.told[role]) == 1 else None


@dataclass(frozen=True)
class _Column:
    name: str
    survivors: tuple[str, ...]
    differ: bool
    seen: bool
    example: str


def styles_of(
    ask: Ask, uses: Iterable[tuple[str, Role]], *, sample: int | None, known: Evidence, where: str
) -> dict[tuple[str, Role], str]:
    """The style of each column; `sample` looks at so many records only, and at all where these do not tell."""
    found: dict[tuple[str, Role], str] = {}
    open_: list[tuple[_Column, Role]] = []
    if sample:
        ask(f"create or replace temp table sampled as select * from source limit {sample}")
    plain = _plain(ask, sorted(set(uses)), "sampled" if sample else "source")
    for (column, role), told in plain.items():
        found[column, role] = STYLES[role][0]
        if told:
            known.told[role].add(STYLES[role][0])
    for column, role in sorted(set(uses) - plain.keys()):
        seen = _look(ask, column, role, sample)
        if sample and (seen.differ or not seen.survivors):
            seen = _look(ask, column, role, None)
        if seen.differ or not seen.survivors:
            open_.append((seen, role))
            continue
        found[column, role] = seen.survivors[0]
        if seen.seen and len(seen.survivors) == 1:
            known.told[role].add(seen.survivors[0])
    for seen, role in open_:
        found[seen.name, role] = _by_others(seen, role, known, where)
    return found


def _plain(ask: Ask, uses: list[tuple[str, Role]], relation: str) -> dict[tuple[str, Role], bool]:
    """Columns whose values are all written as SQL writes them, and whether that tells the style: found by one question for all."""
    if not uses:
        return {}
    row = ask(f"select {', '.join(_tests(name(column), role) for column, role in uses)} from {relation}")[0]
    answers = zip(uses, row[0::3], row[1::3], row[2::3], strict=True)
    return {use: bool(told) for use, odd, points, told in answers if not odd and (told or not points)}


def _tests(column: str, role: Role) -> str:
    """How many values are written otherwise; has any a point; has any a point that cannot group thousands."""
    if role == "date":
        return f"count({column}) - count(*) filter (where {easy_date(column)}), false, false"
    point = f"regexp_matches({column}, '[.]([0-9]{{1,2}}|[0-9]{{4,}})$')"
    return f"count({column}) - count(*) filter (where {easy_number(column)}), bool_or(contains({column}, '.')), bool_or({point})"


def _by_others(seen: _Column, role: Role, known: Evidence, where: str) -> str:
    other = known.only(role)
    if other in seen.survivors:
        return other
    raise Ambiguous(seen.name, role, seen.survivors or STYLES[role], seen.example, where=where)


def _look(ask: Ask, column: str, role: Role, sample: int | None) -> _Column:
    styles = STYLES[role]
    relation = "sampled" if sample else "source"
    first = "nm_signed(v)" if role == "number" else "v"
    second = [f"nm_{style}_order(v)" if role == "date" else "v" for style in styles]
    third = [f"nm_clock({style}, 'UTC')" if role == "date" else f"nm_number_{style}({style})" for style in styles]
    any_ = "coalesce(" + ", ".join(f"cast({style} as varchar)" for style in styles) + ") is not null"
    pairs = list(combinations(styles, 2))
    unlike = [f"({a} is not null and {b} is not null and {a} <> {b})" for a, b in pairs]
    counts = ", ".join([f"count({style})" for style in styles] + [f"count(*) filter (where {test})" for test in unlike])
    examples = f"any_value(raw) filter (where {' or '.join(unlike)}), any_value(raw) filter (where {any_})"
    typed = f"starts_with(raw, {TYPED})"
    kept = "not " + typed if role == "number" else "true"
    row = ask(
        f"""select count(*) filter (where {any_}), {counts}, {examples} from (
            select raw, {_each(third, styles)} from (
                select raw, {_each(second, styles)} from (
                    select raw, {first} as v from (
                        select raw, nm_value(raw) as v from (
                            select distinct cast({name(column)} as varchar) as raw from {relation}) as once where {kept}
                    ) as tidy) as signed) as ordered) as read_"""
    )[0]
    total, read, differ, example = row[0], row[1 : 1 + len(styles)], row[1 + len(styles) : -2], row[-2] or row[-1]
    survivors = tuple(style for style, count in zip(styles, read, strict=True) if count == total)
    clash = any(count for (a, b), count in zip(pairs, differ, strict=True) if a in survivors and b in survivors)
    return _Column(column, survivors, clash, bool(total), str(example or "").lstrip("\x02"))


def _each(expressions: list[str], styles: tuple[str, ...]) -> str:
    return ", ".join(f"{expression} as {style}" for expression, style in zip(expressions, styles, strict=True))


def checked_style(role: Role, wanted: str | None) -> str | None:
    """A style that the reader named."""
    if wanted is not None and wanted not in STYLES[role]:
        raise UserError(
            f"There is no way to write {role}s called {wanted!r}.", hint=" or ".join(f"{OPTION[role]} {style}" for style in STYLES[role])
        )
    return wanted


__all__ = ["Ambiguous", "Evidence", "checked_style", "styles_of"]
