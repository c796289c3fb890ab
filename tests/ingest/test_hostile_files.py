"""Nasty files, made here: each ends in the right values, in rejected rows, or in a sentence; never in silence."""

# ruff: noqa: E501 - a case is a line

from __future__ import annotations

import gzip
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from nextmove.errors import UserError

pytestmark = pytest.mark.usefixtures("near")

HEAD = "order_id,line_no,ordered_at,quantity,net_amount\n"


def lines(*rows: str, head: str = HEAD) -> bytes:
    return (head + "".join(f"{row}\n" for row in rows)).encode()


def amounts(*values: str, sign: str = ";") -> bytes:
    head = f"order_id{sign}line_no{sign}ordered_at{sign}quantity{sign}net_amount\n"
    return (head + "".join(f"A{sign}{i}{sign}2025-01-15{sign}1{sign}{value}\n" for i, value in enumerate(values, 1))).encode()


def dates(*values: str) -> bytes:
    return ("order_id,line_no,ordered_at,quantity,net_amount\n" + "".join(f'A,{i},"{v}",1,2\n' for i, v in enumerate(values, 1))).encode()


NAMES = "account_id,name\nC1,{}\n"
ACCOUNT = "select account_id, name from accounts order by 1"
NET = "select net_amount from order_lines order by line_no"
WHEN = "select strftime(ordered_at, '%Y-%m-%d %H:%M') from order_lines order by line_no"


def money(*values: str) -> list[tuple[Decimal]]:
    return [(Decimal(value),) for value in values]


def when(*values: str) -> list[tuple[str]]:
    return [(value,) for value in values]


# name of the file, its bytes, options, the question, the right answer, rows rejected
RIGHT: dict[str, tuple[str, bytes, dict[str, Any], str, object, int]] = {
    "utf-8 with a mark": ("accounts.csv", b"\xef\xbb\xbf" + NAMES.format("Ünal").encode(), {}, ACCOUNT, [("C1", "Ünal")], 0),
    "utf-16 little endian": ("accounts.csv", NAMES.format("Żółw").encode("utf-16"), {}, ACCOUNT, [("C1", "Żółw")], 0),
    "utf-16 big endian": ("accounts.csv", b"\xfe\xff" + NAMES.format("שלום").encode("utf-16-be"), {}, ACCOUNT, [("C1", "שלום")], 0),
    "utf-16 without a mark": ("accounts.csv", NAMES.format("Company").encode("utf-16-le"), {}, ACCOUNT, [("C1", "Company")], 0),
    "hebrew code page": ("accounts.csv", NAMES.format("חברת הדגמה בעמ").encode("cp1255"), {}, ACCOUNT, [("C1", "חברת הדגמה בעמ")], 0),
    "arabic code page": ("accounts.csv", NAMES.format("شركة التوريد").encode("cp1256"), {"encoding": "cp1256"}, ACCOUNT, [("C1", "شركة التوريد")], 0),
    "western code page": ("accounts.csv", NAMES.format("Müller Söhne Größe").encode("cp1252"), {"encoding": "cp1252"}, ACCOUNT, [("C1", "Müller Söhne Größe")], 0),
    "polish code page": ("accounts.csv", NAMES.format("Łódź Źdźbło Święto").encode("cp1250"), {}, ACCOUNT, [("C1", "Łódź Źdźbło Święto")], 0),
    "semicolons": ("accounts.csv", b"account_id;name\nC1;a,b\n", {}, ACCOUNT, [("C1", "a,b")], 0),
    "tabs": ("accounts.csv", b"account_id\tname\nC1\ta,b\n", {}, ACCOUNT, [("C1", "a,b")], 0),
    "bars": ("accounts.csv", b"account_id|name\nC1|a,b\n", {}, ACCOUNT, [("C1", "a,b")], 0),
    "windows line ends": ("accounts.csv", b"account_id,name\r\nC1,a\r\n", {}, ACCOUNT, [("C1", "a")], 0),
    "macintosh line ends": ("accounts.csv", b"account_id,name\rC1,a\rC2,b\r", {}, ACCOUNT, [("C1", "a"), ("C2", "b")], 0),
    "no line end at the end": ("accounts.csv", b"account_id,name\nC1,a", {}, ACCOUNT, [("C1", "a")], 0),
    "blank lines between": ("accounts.csv", b"account_id,name\n\nC1,a\n\n\nC2,b\n\n", {}, ACCOUNT, [("C1", "a"), ("C2", "b")], 0),
    "one column": ("accounts.csv", b"account_id\nC1\nC2\n", {}, "select account_id from accounts order by 1", [("C1",), ("C2",)], 0),
    "header only": ("accounts.csv", b"account_id,name\n", {}, ACCOUNT, [], 0),
    "reordered columns": ("accounts.csv", b"name,account_id\na,C1\n", {}, ACCOUNT, [("C1", "a")], 0),
    "capitals in the header": ("accounts.csv", b"ACCOUNT_ID,Name\nC1,a\n", {}, ACCOUNT, [("C1", "a")], 0),
    "unknown columns": ("accounts.csv", b"account_id,shoe size,name\nC1,44,a\n", {}, ACCOUNT, [("C1", "a")], 0),
    "a line break in quotes": ("accounts.csv", b'account_id,name\nC1,"a\nb"\nC2,c\n', {}, ACCOUNT, [("C1", "a\nb"), ("C2", "c")], 0),
    "doubled quotes": ("accounts.csv", b'account_id,name\nC1,"a ""b"" c"\n', {}, ACCOUNT, [("C1", 'a "b" c')], 0),
    "a quote inside a field": ("accounts.csv", b'account_id,name\nC1,5" pipe\nC2,b\n', {}, ACCOUNT, [("C1", '5" pipe'), ("C2", "b")], 0),
    "an unbalanced quote costs one line": (
        "accounts.csv", b'account_id,name\nC1,"a\n' + b"".join(b"C%d,n\n" % i for i in range(2, 33)), {},
        "select count(*) from accounts", [(31,)], 1,
    ),
    "ragged rows": ("accounts.csv", b"account_id,name\nC1,a\nC2\nC3,c,d\nC4,e\n", {}, ACCOUNT, [("C1", "a"), ("C4", "e")], 2),
    "two ragged rows at the end": (
        "accounts.csv", b"account_id,name\n" + b"".join(b"C%02d,n\n" % i for i in range(30)) + b"X\nY,1,2\n", {}, "select count(*) from accounts", [(30,)], 2,
    ),
    "a name for nothing": ("order_lines.csv", amounts("NULL", "2"), {}, NET, money("2"), 1),
    "quotes around all": ("accounts.csv", b'"account_id","name"\n"C1","a"\n', {}, ACCOUNT, [("C1", "a")], 0),
    "blanks around values": ("accounts.csv", "account_id,name\n C1 ,\u00a0a \n".encode(), {}, ACCOUNT, [("C1", "a")], 0),
    "gzip": ("accounts.csv.gz", gzip.compress(b"account_id,name\nC1,a\n"), {}, ACCOUNT, [("C1", "a")], 0),
    "leading zeros stay": ("accounts.csv", b"account_id,name\n007,a\n7,b\n", {}, ACCOUNT, [("007", "a"), ("7", "b")], 0),
    "long numbers as ids": ("accounts.csv", b"account_id,name\n12345678901234567890,a\n", {}, ACCOUNT, [("12345678901234567890", "a")], 0),
    "decimal points": ("order_lines.csv", amounts("12.75", "1,234.50", "-3"), {}, NET, money("12.75", "1234.5", "-3"), 0),
    "decimal commas": ("order_lines.csv", amounts("12,75", "1.234,50", "-3"), {}, NET, money("12.75", "1234.5", "-3"), 0),
    "blanks group thousands": ("order_lines.csv", amounts("1 234,50", "1\u00a0000,25", "2\u202f000,5"), {}, NET, money("1234.5", "1000.25", "2000.5"), 0),
    "apostrophes group thousands": ("order_lines.csv", amounts("1'234.50", "1’000.25"), {}, NET, money("1234.5", "1000.25"), 0),
    "indian groups": ("order_lines.csv", amounts("1,23,456.50"), {}, NET, money("123456.5"), 0),
    "accounting brackets": ("order_lines.csv", amounts("(12.50)", "1.25"), {}, NET, money("-12.5", "1.25"), 0),
    "minus behind": ("order_lines.csv", amounts("12.50-", "1.25"), {}, NET, money("-12.5", "1.25"), 0),
    "the minus of typographers": ("order_lines.csv", amounts("−12.50", "1.25"), {}, NET, money("-12.5", "1.25"), 0),
    "arabic digits": ("order_lines.csv", amounts("١٢٫٥٠", "٣"), {}, NET, money("12.5", "3"), 0),
    "persian digits": ("order_lines.csv", amounts("۱۲٫۵۰", "۳"), {}, NET, money("12.5", "3"), 0),
    "three decimals, told": ("order_lines.csv", amounts("1.234"), {"decimal": "comma"}, NET, money("1234"), 0),
    "three decimals, another value tells": ("order_lines.csv", amounts("1.234", "0.5"), {}, NET, money("1.234", "0.5"), 0),
    "a cent late in the file": (
        "order_lines.csv", amounts(*(["12"] * 6000), "12.75"), {}, "select max(net_amount) from order_lines", money("12.75"), 0,
    ),
    "decimal commas late in the file": (
        "order_lines.csv", amounts(*(["12"] * 6000), "12,75"), {}, "select max(net_amount) from order_lines", money("12.75"), 0,
    ),
    "eight decimals round to four": ("order_lines.csv", amounts("1.23456789"), {}, NET, money("1.2346"), 0),
    "an exponent has lost digits": ("order_lines.csv", amounts("1.23E+05", "2"), {}, NET, money("2"), 1),
    "not a number": ("order_lines.csv", amounts("12a", "2", "inf", "0x10", "1__2"), {}, NET, money("2"), 4),
    "a currency sign in the amount": ("order_lines.csv", amounts("$12", "2"), {}, NET, money("2"), 1),
    "too large": ("order_lines.csv", amounts("99999999999999999999", "2"), {}, NET, money("2"), 1),
    "iso dates": ("order_lines.csv", dates("2025-01-31", "2025-01-31T10:15:00Z"), {}, WHEN, when("2025-01-31 00:00", "2025-01-31 10:15"), 0),
    "offsets": (
        "order_lines.csv", dates("2025-01-31 10:15+02:00", "2025-01-31T10:15:00-0530", "2025-01-31T10:15:00 +01"), {}, WHEN,
        when("2025-01-31 08:15", "2025-01-31 15:45", "2025-01-31 09:15"), 0,
    ),
    "days first": ("order_lines.csv", dates("31/01/2025", "03/04/2025"), {}, WHEN, when("2025-01-31 00:00", "2025-04-03 00:00"), 0),
    "months first": ("order_lines.csv", dates("01/31/2025", "03/04/2025"), {}, WHEN, when("2025-01-31 00:00", "2025-03-04 00:00"), 0),
    "dots": ("order_lines.csv", dates("31.01.2025 14:30", "5.2.2025"), {}, WHEN, when("2025-01-31 14:30", "2025-02-05 00:00"), 0),
    "afternoon": ("order_lines.csv", dates("1/31/2025 2:05 PM", "1/31/2025 12:00 AM"), {}, WHEN, when("2025-01-31 14:05", "2025-01-31 00:00"), 0),
    "names of months": ("order_lines.csv", dates("31-Jan-2025", "Feb 3, 2025"), {}, WHEN, when("2025-01-31 00:00", "2025-02-03 00:00"), 0),
    "compact dates": ("order_lines.csv", dates("20250131"), {}, WHEN, when("2025-01-31 00:00"), 0),
    "days since 1900": ("order_lines.csv", dates("45688", "45688.5"), {}, WHEN, when("2025-01-31 00:00", "2025-01-31 12:00"), 0),
    "years of two digits, told": ("order_lines.csv", dates("05.01.25"), {"dates": "dmy"}, WHEN, when("2025-01-05 00:00"), 0),
    "persian years": ("order_lines.csv", dates("1403-05-01", "2025-01-31"), {}, WHEN, when("2025-01-31 00:00"), 1),
    "buddhist years": ("order_lines.csv", dates("2567-05-01", "2025-01-31"), {}, WHEN, when("2025-01-31 00:00"), 1),
    "days that do not exist": ("order_lines.csv", dates("2025-02-30", "2025-13-01", "0000-00-00", "2025-01-31"), {}, WHEN, when("2025-01-31 00:00"), 3),
    "mixed orders of day and month, told": (
        "order_lines.csv", dates("31/01/2025", "01/31/2025"), {"dates": "dmy"}, WHEN, when("2025-01-31 00:00"), 1,
    ),
    "an empty key": ("accounts.csv", b"account_id,name\n,a\nC2,b\n", {}, ACCOUNT, [("C2", "b")], 1),
    "an unknown currency": (
        "order_lines.csv", b"order_id,line_no,ordered_at,quantity,net_amount,currency\nA,1,2025-01-01,1,2,XXQ\nA,2,2025-01-01,1,2,eur\nA,3,2025-01-01,1,2,\n", {},
        "select line_no, currency from order_lines order by 1", [(2, "EUR"), (3, None)], 1,
    ),
    "a positive return": (
        "order_lines.csv", b"order_id,line_no,ordered_at,quantity,net_amount,status\nA,1,2025-01-01,1,2,returned\nA,2,2025-01-01,-1,-2,Returned\n", {},
        "select line_no, status from order_lines", [(2, "returned")], 1,
    ),
    "a status that is none": (
        "order_lines.csv", b"order_id,line_no,ordered_at,quantity,net_amount,status\nA,1,2025-01-01,1,2,done\nA,2,2025-01-01,1,2,\n", {},
        "select line_no, status from order_lines", [(2, "completed")], 1,
    ),
    "paid without a day": (
        "invoices.csv", b"invoice_id,account_id,issued_on,due_on,amount,paid_amount\nI1,C1,2025-01-01,2025-02-01,5,5\nI2,C1,2025-01-01,2025-02-01,5,\n", {},
        "select invoice_id from invoices", [("I2",)], 1,
    ),
    "scores out of range": (
        "surveys.csv", b"account_id,responded_at,kind,score\nC1,2025-01-01,nps,11\nC1,2025-01-01,nps,10\nC1,2025-01-01,csat,0\nC1,2025-01-01,csat,5\n", {},
        "select kind, score from surveys order by 1", [("csat", 5.0), ("nps", 10.0)], 2,
    ),
    "json with long numbers": (
        "order_lines.jsonl", b'{"order_id": "A", "line_no": 1, "ordered_at": "2025-01-31", "quantity": 1, "net_amount": 12345678901234.5678}\n', {},
        NET, money("12345678901234.5678"), 0,
    ),
    "json that is broken": ("accounts.jsonl", b'{"account_id": "C1"}\n{"account_id": \n[1]\n', {}, "select account_id from accounts", [("C1",)], 2),
}  # fmt: skip


@pytest.mark.parametrize("case", RIGHT, ids=lambda name: name.replace(" ", "-"))
def test_right_values(case: str, load_bytes: Callable[..., Any], rows: Callable[[str], Any]) -> None:
    name, content, options, question, answer, failed = RIGHT[case]
    result = load_bytes(name, content, **options)[0]
    assert rows(question) == answer
    assert result.rejected == failed
    assert result.rows_read == result.loaded + result.replaced + result.unchanged + result.rejected


# name of the file, its bytes, what the sentence says
SENTENCE: dict[str, tuple[str, bytes, str]] = {
    "empty": ("accounts.csv", b"", "empty"),
    "blanks only": ("accounts.csv", b"  \n\n", "empty"),
    "duplicate headers": ("accounts.csv", b"account_id,name,Name\nC1,a,b\n", "Two columns"),
    "nul bytes": ("accounts.csv", b"account_id,name\nC1,\0\0\0a\n", "NUL"),
    "an image": ("accounts.csv", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0", "NUL"),
    "a zip": ("accounts.csv", b"PK\x03\x04" + b"\0" * 40, "zip"),
    "a damaged gzip": ("accounts.csv.gz", gzip.compress(b"account_id,name\n" + b"C1,a\n" * 99)[:-12], "damaged"),
    "a wrong gzip sum": ("accounts.csv.gz", gzip.compress(b"account_id\nC1\n")[:-8] + b"\0" * 8, "damaged"),
    "bytes of several code pages": ("accounts.csv", b"account_id,name\nC1,\x81\x8d\x8f\n", "encoding"),
    "no usable column": ("accounts.csv", b"x,y\n1,2\n", "needs account_id"),
    "a title above the header": ("accounts.csv", b"Report of May\naccount_id,name\nC1,a\n", "field"),
    "a huge field": ("accounts.csv", b"account_id,name\nC1," + b"x" * 3_000_000 + b"\n", "no other line"),
    "an ambiguous date": ("order_lines.csv", dates("03/04/2025", "05/06/2025"), "more than one way"),
    "a year of two digits": ("order_lines.csv", dates("05.01.25"), "more than one way"),
    "mixed orders of day and month": ("order_lines.csv", dates("31/01/2025", "01/31/2025"), "more than one way"),
    "an ambiguous decimal": ("order_lines.csv", amounts("1.234", "2.345"), "more than one way"),
    "an ambiguous group": ("order_lines.csv", amounts("1,234"), "more than one way"),
    "mixed decimals": ("order_lines.csv", amounts("12,50", "12.50"), "more than one way"),
    "not parquet": ("accounts.parquet", b"account_id,name\n", "not a Parquet"),
    "broken parquet": ("accounts.parquet", b"PAR1" + b"\0" * 50 + b"PAR1", "cannot be read"),
    "not a workbook": ("accounts.xlsx", b"PK\x03\x04 nothing", "workbook"),
    "json without objects": ("accounts.jsonl", b"[1, 2]\n", "JSON object"),
    "an unknown kind of file": ("accounts.pdf", b"%PDF-1.4", "kind"),
}


@pytest.mark.parametrize("case", SENTENCE, ids=lambda name: name.replace(" ", "-"))
def test_a_sentence(case: str, load_bytes: Callable[..., Any], rows: Callable[[str], Any]) -> None:
    name, content, told = SENTENCE[case]
    with pytest.raises(UserError, match=told):
        load_bytes(name, content)
    assert rows("select (select count(*) from accounts) + (select count(*) from order_lines) + (select count(*) from batches)") == [(0,)]


def test_rejects_name_line_column_reason_and_row(load_bytes: Callable[..., Any], rejected: Callable[..., list[list[str]]]) -> None:
    load_bytes("order_lines.csv", b'order_id,line_no,ordered_at,quantity,net_amount\n"A\nB",1,2025-01-01,1,2\nA,2,2025-01-01,x,2\nA,3\n')
    found = [row[1:] for row in rejected()]
    assert found == [["4", "quantity", "not a number", "A,2,2025-01-01,x,2"], ["5", "", "2 fields where the header has 5", "A,3"]]
