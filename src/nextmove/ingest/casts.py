"""From text to a value, strictly: what cannot be read one way is no value, and its row is told, never guessed.

The readings are SQL macros, so a million values are one pass. Numbers have two styles (decimal `point` or `comma`; blanks,
apostrophes and the other sign may group thousands, and only in threes, or in the Indian twos). Dates have the styles `dmy`,
`mdy`, `ymd` and `serial` (days since 1899-12-30, as Excel counts); ISO dates and dates with an English month name are read in
every style. Digits of Arabic, Persian and Hindi, the minus sign of typographers, a trailing minus and accounting brackets are
read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from nextmove.engine import literal, name

Role = Literal["number", "date"]

NUMBER_STYLES = ("point", "comma")
DATE_STYLES = ("dmy", "mdy", "ymd", "serial")

FIRST_DAY, LAST_DAY = "1900-01-01", "2200-12-31"

# A number or a date that came typed out of a workbook or JSON is written after this mark: it has one reading only.
TYPED = "chr(2)"

_DIGITS = "٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹०१२३४५६७८९０１２３４５６７８９"
_ODD = _DIGITS + "−–﹣－\u00a0\u202f\u2009\u2007\t’٫٬"
_PLAIN = "0123456789" * 4 + "----" + "     " + "'" + ".,"

_DIRECTION_MARKS = "\u200e\u200f\u061c\u202a\u202b\u202c\ufeff"

_POINT = r"[+-]?(\d+|[1-9]\d{0,2}( \d{3})+|[1-9]\d{0,2}(''\d{3})+|[1-9]\d{0,2}(,\d{3})+|[1-9]\d{0,2}(,\d{2})+,\d{3})?(\.\d+)?"
_COMMA = r"[+-]?(\d+|[1-9]\d{0,2}( \d{3})+|[1-9]\d{0,2}(''\d{3})+|[1-9]\d{0,2}(\.\d{3})+)?(,\d+)?"
# The words for nothing; a pattern, since a long `in` list becomes a join.
_NULLS = r"(?i)null|none|nan|nat|n/a|#n/a|na|-|\\n"

_DMY = r"^(\d{1,2})[./ -](\d{1,2})[./ -](\d{4})($|[T ,].*$)"
_DMY_SHORT = r"^(\d{1,2})[./-](\d{1,2})[./-](\d{2})($|[T ,].*$)"
_ISO = r"\d{4}-\d{1,2}-\d{1,2}"
_CLOCK = r"[T ]\d{1,2}:\d{2}(:\d{2}([.]\d{1,9})?)?"
_OFFSET = r" ?(Z|z|UTC|GMT|[+-]\d{2}(:?\d{2})?)"

_NAMED = (
    "%d %b %Y",
    "%d-%b-%Y",
    "%d.%b.%Y",
    "%d/%b/%Y",
    "%d %B %Y",
    "%d. %B %Y",
    "%b %d, %Y",
    "%B %d, %Y",
    "%b %d %Y",
    "%B %d %Y",
    "%Y-%b-%d",
)
_CLOCKS = ("%H:%M:%S", "%H:%M", "%I:%M %p", "%I:%M:%S %p")
_NAMED_DAYS = str(list(_NAMED))
_NAMED_MOMENTS = str([f"{day} {clock}" for day in _NAMED for clock in _CLOCKS])

# An Excel serial of today lies near 45,000; five digits are the years 1927 to 2173.
_SERIAL = r"[1-7]\d{4}([.]\d+)?"

MACROS: tuple[str, ...] = (
    # text as it stands, without blanks around it; an empty one is none
    rf"""create or replace macro nm_text(v) as case
        when regexp_full_match(v, '[!-~]([ -~]*[!-~])?') then v
        else nullif(trim(v, ' ' || chr(9) || chr(10) || chr(13) || chr(160) || chr(65279) || {TYPED}), '') end""",
    # text in plain digits and signs, for numbers and dates; the words for nothing are none
    f"create or replace macro nm_plain(v) as nullif(trim(translate(replace(v, {TYPED}, ''), '{_ODD + _DIRECTION_MARKS}', '"
    + _PLAIN.replace("'", "''")
    + "')), '')",
    f"create or replace macro nm_value(v) as case when not regexp_full_match(nm_plain(v), '{_NULLS}') then nm_plain(v) end",
    r"""create or replace macro nm_signed(v) as case
        when regexp_full_match(v, '\([^()+-]+\)') then '-' || trim(v[2:-2])
        when regexp_full_match(v, '[^+-]+-') then '-' || trim(v[1:-2])
        when regexp_full_match(v, '[+-] .*') then v[1:1] || trim(v[2:])
        else v end""",
    f"""create or replace macro nm_point_text(v) as case
        when regexp_full_match(v, '{_POINT}') and regexp_matches(v, '\\d')
        then replace(replace(replace(v, ',', ''), ' ', ''), '''', '') end""",
    f"""create or replace macro nm_comma_text(v) as case
        when regexp_full_match(v, '{_COMMA}') and regexp_matches(v, '\\d')
        then replace(replace(replace(replace(v, '.', ''), ' ', ''), '''', ''), ',', '.') end""",
    r"""create or replace macro nm_number_point(v) as case
        when regexp_full_match(v, '-?\d+([.]\d+)?') then try_cast(v as decimal(28,8))
        else try_cast(nm_point_text(v) as decimal(28,8)) end""",
    r"""create or replace macro nm_number_comma(v) as case
        when regexp_full_match(v, '-?\d+') then try_cast(v as decimal(28,8)) else try_cast(nm_comma_text(v) as decimal(28,8)) end""",
    """create or replace macro nm_currency(v) as case upper(v)
        when '€' then 'EUR' when '£' then 'GBP' when '₪' then 'ILS' when 'ZŁ' then 'PLN' when '¥' then '¥' else upper(v) end""",
    "create or replace macro nm_whole(n) as case when n = floor(n) then try_cast(n as bigint) end",
    # dates: first into ISO order …
    """create or replace macro nm_serial(v) as
        timestamp '1899-12-30' + to_microseconds(cast(round(try_cast(v as double) * 86400) as bigint) * 1000000)""",
    rf"""create or replace macro nm_iso_order(v) as case
        when regexp_matches(v, '^\d{{4}}-') then v
        when regexp_full_match(v, '\d{{8}}') then v[1:4] || '-' || v[5:6] || '-' || v[7:8]
        when regexp_matches(v, '^\d{{4}}[./]\d{{1,2}}[./]\d{{1,2}}($|[T ])')
        then regexp_replace(v, '^(\d{{4}})[./](\d{{1,2}})[./](\d{{1,2}})', '\1-\2-\3')
        when regexp_matches(v, '[A-Za-z]{{3}}') and regexp_matches(v, '\d') and not regexp_matches(v, '^\d{{1,4}}[./-]\d') then coalesce(
            strftime(try_strptime(v, {_NAMED_DAYS}), '%Y-%m-%d'), strftime(try_strptime(v, {_NAMED_MOMENTS}), '%Y-%m-%d %H:%M:%S'))
        end""",
    rf"""create or replace macro nm_dmy_order(v) as case
        when regexp_matches(v, '{_DMY}') then regexp_replace(v, '{_DMY}', '\3-\2-\1\4')
        when regexp_matches(v, '{_DMY_SHORT}') then regexp_replace(v, '{_DMY_SHORT}', '20\3-\2-\1\4') else nm_iso_order(v) end""",
    rf"""create or replace macro nm_mdy_order(v) as case
        when regexp_matches(v, '{_DMY}') then regexp_replace(v, '{_DMY}', '\3-\1-\2\4')
        when regexp_matches(v, '{_DMY_SHORT}') then regexp_replace(v, '{_DMY_SHORT}', '20\3-\1-\2\4') else nm_iso_order(v) end""",
    rf"""create or replace macro nm_ymd_order(v) as case
        when regexp_matches(v, '{_DMY_SHORT}') then regexp_replace(v, '{_DMY_SHORT}', '20\1-\2-\3\4') else nm_iso_order(v) end""",
    rf"""create or replace macro nm_serial_order(v) as case
        when regexp_full_match(v, '{_SERIAL}')
        then case when contains(v, '.') then strftime(nm_serial(v), '%Y-%m-%d %H:%M:%S') else strftime(nm_serial(v), '%Y-%m-%d') end
        else nm_iso_order(v) end""",
    # … then into a moment, by what follows the day
    rf"""create or replace macro nm_clock(v, zone) as case
        when regexp_full_match(v, '{_ISO}') then timezone('UTC', timezone(zone, try_cast(try_cast(v as date) as timestamp)))
        when regexp_full_match(v, '{_ISO}{_CLOCK}') then try_cast(v as timestamp)
        when regexp_full_match(v, '{_ISO}{_CLOCK}{_OFFSET}') then timezone('UTC', try_cast(
            regexp_replace(regexp_replace(v, ' ?(Z|z|UTC|GMT)$', '+00'), ' ([+-][0-9:]+)$', '\1') as timestamptz))
        when regexp_full_match(v, '{_ISO},? \d{{1,2}}:\d{{2}}(:\d{{2}})? ?[AaPp]\.?[Mm]\.?') then try_strptime(
            upper(replace(replace(v, ',', ''), '.', '')),
            ['%Y-%m-%d %I:%M %p', '%Y-%m-%d %I:%M:%S %p', '%Y-%m-%d %I:%M%p', '%Y-%m-%d %I:%M:%S%p'])
        when regexp_full_match(v, '{_ISO},{_CLOCK}') then try_cast(replace(v, ',', '') as timestamp)
        end""",
    f"""create or replace macro nm_within(t) as case
        when t >= timestamp '{FIRST_DAY}' - interval 1 day and t < timestamp '{LAST_DAY}' + interval 1 day then t end""",
    rf"""create or replace macro nm_day_of(v, zone) as case
        when regexp_full_match(v, '{_ISO}([T ]0?0:00(:00([.]0+)?)?)?') then try_cast(regexp_replace(v, '[T ].*$', '') as date)
        else cast(timezone(zone, timezone('UTC', nm_clock(v, zone))) as date) end""",
    r"""create or replace macro nm_flag(v) as case lower(nm_value(v))
        when 'true' then true when 'yes' then true when 'y' then true when '1' then true when 't' then true when 'x' then true
        when 'ja' then true when 'tak' then true when 'כן' then true when 'oui' then true
        when 'false' then false when 'no' then false when 'n' then false when '0' then false when 'f' then false
        when 'nein' then false when 'nie' then false when 'לא' then false when 'non' then false end""",
)


def read_columns(relation: str, uses: Mapping[tuple[str, Role], str], *, zone: str) -> str:
    """A select of all that is in `relation`, and for each text column read as numbers or dates its value in its style.

    `n.X` is the number, `m.X` the moment, `d.X` the day of column X, `v.X` its text without blanks and words for nothing. Each step is a
    select of its own: macros within macros would repeat their argument a thousand times.
    """
    tz = literal(zone)
    numbers = [(column, style) for (column, role), style in uses.items() if role == "number"]
    dates = [(column, style) for (column, role), style in uses.items() if role == "date"]
    easy = [f"{easy_number(_src(column), style)} as {_at('f', column)}" for column, style in numbers]
    easy += [f"{easy_date(_src(column))} as {_at('g', column)}" for column, _ in dates]
    plain = [_unless(_mark(c, uses), c, f"nm_value({_src(c)})") + f" as {_at('v', c)}" for c in sorted({c for c, _ in uses})]
    ordered = [_unless(_at("f", c), c, f"nm_signed({_at('v', c)})") + f" as {_at('s', c)}" for c, _ in numbers]
    ordered += [_unless(_at("g", c), c, f"nm_{style}_order({_at('v', c)})") + f" as {_at('o', c)}" for c, style in dates]
    read = [f"{_number(c, style)} as {_at('n', c)}" for c, style in numbers]
    read += [f"{_moment(c, tz)} as {_at('c', c)}, nm_day_of({_at('o', c)}, {tz}) as {_at('e', c)}" for c, _ in dates]
    within = [f"nm_within({_at('c', c)}) as {_at('m', c)}" for c, _ in dates]
    within += [f"cast(nm_within(cast({_at('e', c)} as timestamp)) as date) as {_at('d', c)}" for c, _ in dates]
    for number, step in enumerate((easy, plain, ordered, read, within)):
        if step:
            relation = f"(select *, {', '.join(step)} from {relation} as step{number})"
    return relation


def easy_number(column: str, style: str = "point") -> str:
    """Written as SQL writes it: nothing to tidy, which is nearly always so and saves most of the work."""
    return f"regexp_full_match({column}, '-?[0-9]+{'([.][0-9]+)?' if style == 'point' else ''}')"


def easy_date(column: str) -> str:
    """A day, or a day and a time, as SQL writes it."""
    return f"regexp_full_match({column}, '[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}( [0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}})?')"


def _mark(column: str, uses: Mapping[tuple[str, Role], str]) -> str:
    return _at("f" if (column, "number") in uses else "g", column)


def _unless(easy: str, column: str, otherwise: str) -> str:
    return f"case when {easy} then {_src(column)} else {otherwise} end"


def _number(column: str, style: str) -> str:
    value, source = _at("s", column), _src(column)
    return (
        f"case when {_at('f', column)} then try_cast({source} as decimal(28,8))"
        f" when starts_with({source}, {TYPED}) then nm_number_point({value}) else nm_number_{style}({value}) end"
    )


def _moment(column: str, tz: str) -> str:
    source = _src(column)
    easy = f"{_at('g', column)} and length({source}) = 19"
    return f"case when {easy} then try_cast({source} as timestamp) else nm_clock({_at('o', column)}, {tz}) end"


def _src(column: str) -> str:
    return _at("src", column)


def _at(step: str, column: str) -> str:
    return name(f"{step}.{column}")
