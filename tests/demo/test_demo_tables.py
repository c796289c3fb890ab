"""The demo company is what it promises: the same each time, as large as asked, and free of contradictions."""

from __future__ import annotations

from pathlib import Path

import pytest

from nextmove.demo import DEFAULT_LINES, Plan, make_demo
from nextmove.engine import DuckDBEngine
from nextmove.errors import UserError
from nextmove.tables import TABLES, Table

from .conftest import silent


def _tables(root: Path, plan: Plan) -> dict[str, object]:
    workspace = make_demo(root, plan, tell=silent)
    with DuckDBEngine(workspace.data / "warehouse.duckdb", read_only=True) as engine:
        return {table.name: engine.query(f"select * from main.{table.name}") for table in TABLES}


def _count(engine: DuckDBEngine, sql: str) -> int:
    return int(engine.query(f"select count(*) as n from {sql}")["n"][0].as_py())


def test_same_seed_same_company(tmp_path: Path) -> None:
    one, two = _tables(tmp_path / "one", Plan(lines=6_000)), _tables(tmp_path / "two", Plan(lines=6_000))
    assert one == two
    stories = [(tmp_path / name / "data" / "stories.json").read_bytes() for name in ("one", "two")]
    assert stories[0] == stories[1]


def test_another_seed_another_company(tmp_path: Path) -> None:
    one, two = _tables(tmp_path / "one", Plan(lines=3_000)), _tables(tmp_path / "two", Plan(lines=3_000, seed=2))
    assert one["order_lines"] != two["order_lines"]
    assert one["accounts"] != two["accounts"]


@pytest.mark.parametrize("lines", [2_000, 7_777, 30_000])
def test_exactly_as_many_lines_as_asked(tmp_path: Path, lines: int) -> None:
    workspace = make_demo(tmp_path / "company", Plan(lines=lines, seed=3), tell=silent)
    with DuckDBEngine(workspace.data / "warehouse.duckdb", read_only=True) as engine:
        assert _count(engine, "main.order_lines") == lines


def test_any_last_day(tmp_path: Path) -> None:
    import datetime as dt

    for as_of in (dt.date(2024, 2, 28), dt.date(2025, 12, 28)):
        plan = Plan(lines=2_000, as_of=as_of)
        workspace = make_demo(tmp_path / str(as_of), plan, tell=silent)
        with DuckDBEngine(workspace.data / "warehouse.duckdb", read_only=True) as engine:
            days = engine.query("select min(ordered_at)::date as first, max(ordered_at)::date as last from main.order_lines").to_pylist()[0]
        assert plan.start <= days["first"] and days["last"] <= as_of
        assert workspace.settings.today() == as_of


def test_sizes_out_of_range_are_refused() -> None:
    for lines in (0, 1_999, 100_000_001):
        with pytest.raises(UserError, match="order lines"):
            Plan(lines=lines)


def test_sub_tables_grow_with_the_lines(demo_engine: DuckDBEngine) -> None:
    for name, least in {"leads": 40, "opportunities": 120, "activities": 5, "web_sessions": 5, "email_events": 5, "invoices": 6}.items():
        assert _count(demo_engine, f"main.{name}") >= DEFAULT_LINES / least, name


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_table_keeps_its_declaration(demo_engine: DuckDBEngine, table: Table) -> None:
    rows = _count(demo_engine, f"main.{table.name}")
    assert rows > 0
    keys = ", ".join(f"coalesce({name}::varchar, '')" for name in table.key)
    assert _count(demo_engine, f"(select distinct {keys} from main.{table.name})") == rows
    for column in table.columns:
        if column.required:
            assert _count(demo_engine, f"main.{table.name} where {column.name} is null") == 0, column.name
        if column.accepted:
            accepted = ", ".join(f"'{value}'" for value in column.accepted)
            assert _count(demo_engine, f"main.{table.name} where {column.name} not in ({accepted})") == 0, column.name
        for bound, sign in ((column.least, "<"), (column.most, ">")):
            if bound is not None:
                assert _count(demo_engine, f"main.{table.name} where {column.name} {sign} {bound}") == 0, column.name


REFERENCES = [(table.name, column.name, column.refers_to) for table in TABLES for column in table.columns if column.refers_to]


@pytest.mark.parametrize(("table", "column", "to"), REFERENCES, ids=lambda value: str(value))
def test_every_reference_is_kept(demo_engine: DuckDBEngine, table: str, column: str, to: str) -> None:
    key = next(other.key[0] for other in TABLES if other.name == to)
    lost = _count(
        demo_engine,
        f"main.{table} as t where t.{column} is not null and not exists (select 1 from main.{to} as o where o.{key} = t.{column})",
    )
    assert lost == 0
    if (table, column) != ("email_events", "lead_id"):
        assert _count(demo_engine, f"main.{table} where {column} is not null") > 0


CONTRADICTIONS = {
    "a returned line is not negative": """main.order_lines where status = 'returned'
        and (quantity >= 0 or net_amount > 0 or cost_amount > 0)""",
    "an ordered line is negative": "main.order_lines where status <> 'returned' and (quantity <= 0 or net_amount < 0)",
    "a line costs more than its list": "main.order_lines where abs(net_amount) > abs(list_amount)",
    "a cancelled line has no reason": "main.order_lines where (status = 'cancelled') <> (cancel_reason is not null)",
    "delivered, though cancelled": "main.order_lines where status = 'cancelled' and delivered_on is not null",
    "something lies after the last day": "main.order_lines where ordered_at >= timestamp '2026-10-01' or delivered_on > date '2026-09-30'",
    "a product was sold before its launch": "main.order_lines join main.products using (product_id) where ordered_at::date < launched_on",
    "a product was sold though discontinued": """main.order_lines join main.products using (product_id)
        where ordered_at::date >= discontinued_on and status <> 'returned'""",
    "a representative sold before being hired or after leaving": """main.order_lines as l join main.reps as r on r.rep_id = l.rep_id
        where (l.ordered_at::date < r.hired_on - 21 or l.ordered_at::date > r.left_on) and l.status <> 'returned'""",
    "an account was created after its first order": """main.order_lines join main.accounts using (account_id)
        where created_on > ordered_at::date""",
    "a deal brought the order of another, or later than it": """main.order_lines as l join main.opportunities as o using (opportunity_id)
        where o.status <> 'won' or o.account_id <> l.account_id or (o.closed_at > l.ordered_at)""",
    "a won deal brought no order": """main.opportunities as o where o.status = 'won'
        and not exists (select 1 from main.order_lines as l where l.opportunity_id = o.opportunity_id)""",
    "a decided deal has no end, or an open one has": "main.opportunities where (status = 'open') <> (closed_at is null)",
    "a lost deal has no reason": "main.opportunities where (status = 'lost') <> (loss_reason is not null)",
    "a deal ends before it begins": "main.opportunities where closed_at < created_at",
    "a stage change is outside its deal": """main.stage_changes as s join main.opportunities as o using (opportunity_id)
        where s.changed_at < o.created_at or s.changed_at > coalesce(o.closed_at, timestamp '2026-10-01')""",
    "a deal's stage is not that of its last change": """main.opportunities as o join
        (select opportunity_id, max_by(to_stage, changed_at) as stage from main.stage_changes group by 1) as s using (opportunity_id)
        where o.stage <> s.stage""",
    "a lead's steps are out of order": """main.leads where mql_at < created_at or sql_at < mql_at or assigned_at < created_at
        or first_response_at < assigned_at or disqualified_at < created_at""",
    "a lead's customer is not that of its deal": """main.leads as l join main.opportunities as o using (opportunity_id)
        where l.account_id <> o.account_id or (l.account_id is not null) <> (o.status = 'won') or l.rep_id <> o.rep_id""",
    "a won lead's account does not buy": """main.leads as l where l.account_id is not null
        and not exists (select 1 from main.order_lines as o where o.account_id = l.account_id and o.status = 'completed')""",
    "an activity lies after the last day": "main.activities where started_at >= timestamp '2026-10-01'",
    "an invoice is paid before it is issued": """main.invoices
        where paid_on < issued_on or paid_on > date '2026-09-30' or due_on <= issued_on""",
    "an invoice is not the sum of its order": """main.invoices as i join
        (select order_id, sum(net_amount) as net from main.order_lines where status = 'completed' group by 1) as o using (order_id)
        where i.amount <> o.net""",
    "a payment has an amount without a day": "main.invoices where (paid_on is null) <> (paid_amount is null)",
    "a mail was opened before it was sent": """main.email_events as o join main.email_events as s
        on s.campaign_id = o.campaign_id and s.recipient_id = o.recipient_id and s.event = 'sent'
        where o.event = 'open' and o.happened_at < (select min(f.happened_at) from main.email_events as f
            where f.recipient_id = o.recipient_id and f.campaign_id = o.campaign_id and f.event = 'sent')""",
}


@pytest.mark.parametrize("what", CONTRADICTIONS, ids=lambda what: what.replace(" ", "-"))
def test_no_contradiction(demo_engine: DuckDBEngine, what: str) -> None:
    assert _count(demo_engine, CONTRADICTIONS[what]) == 0
