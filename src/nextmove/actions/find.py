"""Find the actions of an edition: every kind yields its candidates, then all get an owner, a day, a value and a place.

Works on the edition that is being made, which is always a local DuckDB file, after facts and predictions are in it. Tables that
several kinds share are made once, in memory, under the name `acting`.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from importlib.resources import files
from itertools import islice

from nextmove.actions import KINDS
from nextmove.actions.contract import ActionKind, Evidence, query_of, with_settings
from nextmove.engine import Engine, literal, name
from nextmove.settings import Settings
from nextmove.tables.calendar import calendar_of

SHARED = ("margin", "habits", "items", "methods", "open_deals", "new_business", "holders")
_WORKING_DAYS = 30
_DEFAULT_METHOD = "phone"
_ACTING = re.compile(r"\bacting\.(\w+)")

_CANDIDATES = """create or replace table acting.candidates (
    action_key varchar, kind varchar, rep_id varchar, account_id varchar, product_id varchar, lead_id varchar, opportunity_id varchar,
    contact_method varchar, at_stake double, probability double, effect double, due_in_days integer, evidence varchar)"""
_GIVEN = ("rep_id", "account_id", "product_id", "lead_id", "opportunity_id", "contact_method")


def find_actions(engine: Engine, settings: Settings, *, as_of: dt.date, end: dt.datetime) -> dict[str, str]:
    """Write `main.actions`; returns the kinds that stay silent, and why. `end` is the moment (UTC) at which `as_of` is over."""
    values = _values(settings, as_of=as_of, end=end)
    engine.execute("attach ':memory:' as acting")
    try:
        return _find(engine, settings, values)
    finally:
        engine.execute("detach acting")


def _find(engine: Engine, settings: Settings, values: dict[str, str]) -> dict[str, str]:
    kinds, known = with_settings(KINDS, settings.actions.kinds), _columns_of(engine)
    lacking = {kind.kind: [need for need in kind.needs if need not in known] for kind in kinds}
    queries = {kind: query_of(kind, **values) for kind in kinds if not lacking[kind.kind]}
    finish = _sql("finish.sql", values)
    for shared, sql in _shared_by([*queries.values(), finish], values).items():
        engine.execute(f"create table acting.{shared} as {sql}")
    engine.execute(_CANDIDATES)
    for kind, sql in queries.items():
        _add_candidates(engine, kind, sql)
    engine.execute(f"create or replace table main.actions as {finish}")
    return {kind: f"{kind} needs {', '.join(needs)}." for kind, needs in lacking.items() if needs}


def _shared_by(queries: list[str], values: dict[str, str]) -> dict[str, str]:
    """The shared tables that these queries read, themselves or through each other; one read by nobody may lack its data."""
    texts, read = {shared: _sql(f"shared/{shared}.sql", values) for shared in SHARED}, set(_ACTING.findall(" ".join(queries)))
    for shared in reversed(SHARED):
        read |= set(_ACTING.findall(texts[shared])) if shared in read else set()
    return {shared: sql for shared, sql in texts.items() if shared in read}


def _values(settings: Settings, *, as_of: dt.date, end: dt.datetime) -> dict[str, str]:
    """What queries may name in braces, as SQL."""
    due = ", ".join(literal(day) for day in _working_days(settings, as_of))
    return {
        "as_of": literal(as_of),
        "end": literal(end),
        "quarter": literal(f"{as_of.year}-Q{(as_of.month + 2) // 3}"),
        "year": literal(str(as_of.year)),
        "reporting_currency": literal(settings.company.reporting_currency),
        "control_share": literal(settings.actions.control_share),
        "default_method": literal(_DEFAULT_METHOD),
        "working_days": f"[{due}]",
    }


def _working_days(settings: Settings, as_of: dt.date) -> list[dt.date]:
    """The company's next working days after `as_of`."""
    calendar = calendar_of(settings)
    following = (as_of + dt.timedelta(days=n) for n in range(1, 366))
    working = (day for day in following if calendar.working_days(day, day + dt.timedelta(days=1)))
    return list(islice(working, _WORKING_DAYS))


def _sql(path: str, values: dict[str, str]) -> str:
    return files("nextmove.actions").joinpath(path).read_text(encoding="utf-8").format(**values)


def _columns_of(engine: Engine) -> set[str]:
    """`schema.table.column` of everything in the edition."""
    rows = engine.query(
        "select concat(table_schema, '.', table_name, '.', column_name) as path from information_schema.columns"
        " where table_catalog = current_database()"
    )
    return set(rows["path"].to_pylist())


def _add_candidates(engine: Engine, kind: ActionKind, sql: str) -> None:
    given = [column for column in engine.query(f"select * from ({sql}) as found limit 0").column_names if column in _GIVEN]
    key = ", ".join(f"coalesce(found.{column}, '')" for column in kind.subject)
    engine.execute(
        f"""insert into acting.candidates by name
        select substr(md5(concat_ws('|', {literal(kind.kind)}, {key}, cast(found.episode as varchar))), 1, 16) as action_key,
            {literal(kind.kind)} as kind, {", ".join(f"found.{name(column)}" for column in given)},
            cast(found.at_stake as double) as at_stake, cast(found.probability as double) as probability,
            {literal(kind.effect)} as effect, {kind.due_in_days} as due_in_days, {_evidence_sql(kind.evidence)} as evidence
        from ({sql}) as found
        where found.at_stake > 0 and found.probability > 0"""
    )


def _evidence_sql(evidence: Sequence[Evidence]) -> str:
    """The lines of evidence as JSON; a line with an empty value is left out."""
    lines = ", ".join(_line_sql(line) for line in evidence)
    return f"cast(to_json(list_filter([{lines}], lambda line: line is not null)) as varchar)"


def _line_sql(line: Evidence) -> str:
    given = " and ".join(f"found.{name(value)} is not null" for value in line.values)
    values = ", ".join(f"{literal(value)}, {_plain(value)}" for value in line.values)
    return f"case when {given} then json_object('say', {literal(line.say)}, 'values', json_object({values})) end"


def _plain(column: str) -> str:
    """Numbers rounded to what evidence may say, so that equal data give equal bytes."""
    if column.endswith(("_money", "_days", "_share")):
        return f"round(cast(found.{name(column)} as double), {4 if column.endswith('_share') else 2})"
    return f"found.{name(column)}"
