"""The canonical tables as they stood at the end of a day.

A row that was not born yet is not there; what happened to it later is not known yet. Plans (a due date, an expected close)
stay as they are today, since no table keeps their history, as do attributes of accounts, products and representatives.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from zoneinfo import ZoneInfo

from nextmove.engine import literal, name
from nextmove.tables import DATED_BY, Column, Kind, Table

# Targets are plans: they hold for any day.
BORN: Mapping[str, str] = {table: column for table, column in DATED_BY.items() if table != "targets"}

# What happens to a row later, and the columns that are only known with it.
LATER: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "leads": {"assigned_at": (), "first_response_at": (), "mql_at": (), "sql_at": (), "disqualified_at": ("disqualify_reason",)},
    "opportunities": {"closed_at": ("loss_reason",), "modified_at": ()},
    "invoices": {"paid_on": ("paid_amount",)},
    "order_lines": {"delivered_on": ("delivered_quantity",)},
    "reps": {"left_on": ()},
}

# Columns whose value at that time has to be found in another table; `{end}` is the moment at which the day is over.
REBUILT: Mapping[str, Mapping[str, str]] = {
    "leads": {
        "opportunity_id": "case when t.opportunity_id not in"
        " (select o.opportunity_id from {source}.opportunities as o where o.created_at >= {end}) then t.opportunity_id end",
        "account_id": "case when t.account_id not in (select l.account_id from {source}.order_lines as l"
        " where l.account_id is not null group by l.account_id having min(l.ordered_at) >= {end}) then t.account_id end",
    },
    "opportunities": {
        "status": "case when t.closed_at >= {end} then 'open' else t.status end",
        "stage": "coalesce((select arg_max(s.to_stage, s.changed_at) from {source}.stage_changes as s"
        " where s.opportunity_id = t.opportunity_id and s.changed_at < {end}),"
        " (select arg_min(s.from_stage, s.changed_at) from {source}.stage_changes as s"
        " where s.opportunity_id = t.opportunity_id), t.stage)",
        "amount": "coalesce((select arg_max(s.amount, s.changed_at) from {source}.stage_changes as s"
        " where s.opportunity_id = t.opportunity_id and s.amount is not null and s.changed_at < {end}), t.amount)",
    },
}


def end_of(as_of: dt.date, *, time_zone: str) -> dt.datetime:
    """The moment (UTC, without a zone) at which the company's day is over."""
    midnight = dt.datetime.combine(as_of + dt.timedelta(days=1), dt.time(), ZoneInfo(time_zone))
    return midnight.astimezone(dt.UTC).replace(tzinfo=None)


def as_of_select(table: Table, *, source: str, as_of: dt.date, time_zone: str) -> str:
    """A `select` of the table as it stood; `source` is the schema that holds it."""
    end = literal(end_of(as_of, time_zone=time_zone))
    columns = ", ".join(f"{_value(table, column, source=source, as_of=as_of, end=end)} as {name(column.name)}" for column in table.columns)
    where = f" where {_before(table.column(BORN[table.name]), as_of=as_of, end=end)}" if table.name in BORN else ""
    return f"select {columns} from {source}.{table.name} as t{where}"


def came_between(table: Table, *, before: dt.date, as_of: dt.date, time_zone: str) -> str:
    """A condition: rows that were born, or to which something happened, after the end of `before` and by the end of `as_of`."""
    moments = [BORN[table.name]] if table.name in BORN else []
    then, now = ((day, literal(end_of(day, time_zone=time_zone))) for day in (before, as_of))

    def between(column: Column) -> str:
        by_then, by_now = (_before(column, as_of=day, end=end) for day, end in (then, now))
        return f"({by_now} and not {by_then})"

    return " or ".join(between(table.column(moment)) for moment in [*moments, *LATER.get(table.name, {})])


def came_after(table: Table, *, as_of: dt.date, time_zone: str) -> str:
    """A condition: rows that were born, or to which something happened, after the end of `as_of`."""
    end = literal(end_of(as_of, time_zone=time_zone))
    moments = [*([BORN[table.name]] if table.name in BORN else []), *LATER.get(table.name, {})]
    return " or ".join(f"not ({_before(table.column(moment), as_of=as_of, end=end)})" for moment in moments) or "false"


def _value(table: Table, column: Column, *, source: str, as_of: dt.date, end: str) -> str:
    own = f"t.{name(column.name)}"
    rebuilt = REBUILT.get(table.name, {}).get(column.name)
    if rebuilt:
        return rebuilt.format(source=source, end=end)
    for event, known_with_it in LATER.get(table.name, {}).items():
        if column.name == event or column.name in known_with_it:
            known = _before(table.column(event), as_of=as_of, end=end)
            return f"case when {known} or t.{name(event)} is null then {own} end"
    return own


def _before(column: Column, *, as_of: dt.date, end: str) -> str:
    return f"t.{name(column.name)} <= {literal(as_of)}" if column.kind is Kind.DAY else f"t.{name(column.name)} < {end}"
