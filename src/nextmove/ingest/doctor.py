"""What is odd in the data, though it was loaded: named, counted, with an example. Nothing here changes a row."""

from __future__ import annotations

from dataclasses import dataclass

from nextmove.engine import Engine, literal, name
from nextmove.settings import Settings
from nextmove.tables import TABLES, table
from nextmove.words import text


@dataclass(frozen=True)
class Finding:
    """One kind of oddity in one table."""

    table: str
    rows: int
    finding: str
    example: str


def examine(engine: Engine, settings: Settings) -> list[Finding]:
    """All findings, table by table."""
    found = [*_unknown_ids(engine), *_undated_decisions(engine), *_missing_rates(engine, settings), *_backward_steps(engine)]
    return [one for one in found if one.rows]


def _count(engine: Engine, table_name: str, sentence: str, sql: str) -> Finding:
    row = engine.query(sql).to_pylist()[0]
    return Finding(table_name, int(row["n"]), sentence, str(row["example"] or ""))


def _unknown_ids(engine: Engine) -> list[Finding]:
    """Ids that the table they refer to does not know; told only where that table is loaded at all."""
    found = []
    for one in TABLES:
        for column in one.columns:
            if column.refers_to and _filled(engine, column.refers_to):
                key, quoted = table(column.refers_to).key[0], name(column.name)
                found.append(
                    _count(
                        engine,
                        one.name,
                        text("ingest.doctor.unknown", column=column.name, table=column.refers_to),
                        f"""select count(*) as n, min({quoted}) as example from main.{one.name}
                            where {quoted} is not null and {quoted} not in (select {key} from main.{column.refers_to})""",
                    )
                )
    return found


def _filled(engine: Engine, table_name: str) -> bool:
    return bool(engine.query(f"select 1 from main.{table_name} limit 1").num_rows)


def _undated_decisions(engine: Engine) -> list[Finding]:
    sql = (
        "select count(*) as n, min(opportunity_id) as example from main.opportunities where status in ('won', 'lost') and closed_at is null"
    )
    return [_count(engine, "opportunities", text("ingest.doctor.undated"), sql)]


def _missing_rates(engine: Engine, settings: Settings) -> list[Finding]:
    """Amounts in a currency that has no rate by their day."""
    found = []
    for table_name, day in (
        ("order_lines", "ordered_at"),
        ("invoices", "issued_on"),
        ("spend", "spent_on"),
        ("opportunities", "created_at"),
    ):
        found.append(
            _count(
                engine,
                table_name,
                text("ingest.doctor.rate"),
                f"""select count(*) as n, min(currency) as example from main.{table_name} as fact
                    where currency <> {literal(settings.company.reporting_currency)} and not exists (
                        select 1 from main.exchange_rates as rates
                        where rates.currency = fact.currency and rates.day <= cast(fact.{day} as date))""",
            )
        )
    return found


def _backward_steps(engine: Engine) -> list[Finding]:
    steps = (
        ("leads", "first_response_at < created_at", "lead_id"),
        ("leads", "sql_at < mql_at", "lead_id"),
        ("opportunities", "closed_at < created_at", "opportunity_id"),
    )
    return [
        _count(
            engine,
            table_name,
            text("ingest.doctor.backward", steps=condition),
            f"select count(*) as n, min({key}) as example from main.{table_name} where {condition}",
        )
        for table_name, condition, key in steps
    ]
