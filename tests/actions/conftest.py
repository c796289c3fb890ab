"""A small company in memory in which each kind of action has its one case."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest

from nextmove.actions.find import find_actions
from nextmove.engine import DuckDBEngine
from nextmove.facts import load_facts, prepare
from nextmove.ingest.warehouse import create_tables
from nextmove.settings import Actions, Settings

AS_OF = dt.date(2024, 12, 30)
END = dt.datetime(2024, 12, 31)

ROWS = """
insert into reps (rep_id, name, team, manager_id, left_on) values
    ('M', 'Mona', 'north', null, null), ('R1', 'Ria', 'north', 'M', null), ('GONE', 'Rob', 'north', 'M', '2024-06-01');
insert into accounts (account_id, name, segment, rep_id)
    select concat('A', i), concat('Customer ', i), 'retail', case when i = 2 then 'GONE' else 'R1' end from range(1, 31) t(i);
insert into products (product_id, name, unit_cost) select concat('P', i), concat('Product ', i), 5 from range(1, 6) t(i);
-- Everybody buys four products a week. A1 falls silent on 24 September, A3 buys a fifth from September on, A4 drops P1 in August,
-- A5 gets P2 nearly at cost from October on, A6 has ordered in other weeks than the rest so that it is due.
insert into order_lines (order_id, line_no, ordered_at, account_id, product_id, quantity, net_amount, contact_method)
select concat('O', a, '-', w), p, timestamp '2023-01-02 10:00' + interval (w * 7 + a % 5) day, concat('A', a), concat('P', p),
    case when a = 3 and w > 90 then 1 else 10 end,
    case when a = 3 and w > 90 then 10 when a = 5 and p = 2 and w > 91 then 52 else 100 end, 'visit'
from range(1, 31) x(a), range(0, 104) y(w), range(1, 5) z(p)
where not (a = 1 and w >= 91) and not (a = 4 and p = 1 and w > 84);
insert into leads (lead_id, created_at, rep_id, source, score) values ('L1', '2024-12-20 10:00', 'R1', 'web', 80);
insert into leads (lead_id, created_at, rep_id, first_response_at) values ('L2', '2024-12-20 10:00', 'R1', '2024-12-20 10:30');
insert into opportunities (opportunity_id, account_id, rep_id, created_at, closed_at, stage, status, amount)
    select concat('W', i), 'A9', 'R1', '2024-01-01 09:00', '2024-01-21 09:00', 'won', 'won', 1000 from range(20) t(i);
insert into opportunities (opportunity_id, account_id, rep_id, created_at, stage, status, amount) values
    ('QUIET', 'A7', 'R1', '2024-12-01 09:00', 'talk', 'open', 5000), ('STUCK', 'A8', 'R1', '2024-11-01 09:00', 'offer', 'open', 4000);
insert into activities (activity_id, rep_id, opportunity_id, kind, started_at) values ('V1', 'R1', 'STUCK', 'call', '2024-12-29 09:00');
create schema predictions;
create table predictions.customers as select account_id, case when account_id = 'A1' then 0.7 else 0.05 end as score,
        cast(null as date) as due_on, 0.0::double as late_by_days from accounts;
create table predictions.items as
    select account_id, product_id, case when account_id = 'A4' and product_id = 'P1' then 0.9 else 0.1 end as score
    from accounts cross join products;
create table predictions.cross_sell as select 'A10' as account_id, 'P5' as product_id, 0.2 as score;
create table predictions.price as select 'A13' as account_id, p as product_id, 10.0 as price, low as price_lo, 12.5 as price_median,
        14.0 as price_hi, 0.2 as score, peers, 8 as quantity_from, 15 as quantity_to, 1300.0 as value, method
    from (values ('P3', 11.0, 20, 'model'), ('P1', 9.0, 20, 'model'), ('P2', 11.0, 6, 'model'), ('P4', 11.0, 20, 'rule'))
        as t(p, low, peers, method);
create table predictions.next_order as select account_id, 0.9 as score, case when account_id = 'A6' then 2.0 else 6.0 end as days,
        1.0 as days_lo, 24.6 as days_hi, 420.0 as amount from accounts;
create table predictions.reorder as select 'A6' as account_id, p as product_id, score, days, 11.6 as quantity, value
    from (values ('P1', 0.9, 0, 50), ('P2', 0.9, 1.5, 80), ('P3', 0.9, 9, 90), ('P4', 0.3, 0, 95)) as t(p, score, days, value);
create table predictions.leads as
    select lead_id, 0.25 as score, 'A' as grade, 0.5 as persona_fit, 'message' as contact_method, 0.1 as base_rate,
        '[{"say": "of a lead", "values": {"field": "predictions.field.source", "value": "web", "percent": 20, "base": 9}}]' as evidence
    from leads;
create table predictions.deals as
    select opportunity_id, account_id, amount, days = 60 as stuck, days as stage_days, 10.0 as stuck_after_days,
        date '2025-01-20' as expected_close_on, 0.4 as score, 0.3 as base_rate,
        concat('[{"say": "of the stage", "values": {}}, {"say": "of it", "values": {"field": "predictions.field.rep_id", "value": "R1",',
            '"percent": ', percent, ', "base": 30}}]') as evidence
    from (values ('QUIET', 'A7', 5000, 29, 60), ('STUCK', 'A8', 4000, 60, 10)) as t(opportunity_id, account_id, amount, days, percent);
insert into account_values (valued_on, account_id, profit, sales, profit_discounted, sales_discounted)
    values ('2024-12-30', 'A1', 200, 400, 150, 300), ('2024-08-31', 'A1', 30000, 60000, 25000, 50000);
insert into order_lines (order_id, line_no, ordered_at, account_id, product_id, quantity, net_amount)
    select concat('F', a, '-', w), 1, timestamp '2024-01-01 10:00' + interval (w * 14) day, concat('A', a), 'P5', 5, 60
    from range(11, 20) x(a), range(0, 27) y(w);
"""


def company(**actions: object) -> DuckDBEngine:
    """The company with its actions found."""
    engine, settings = DuckDBEngine(), Settings(actions=Actions(**{"control_share": 0.0, **actions}))  # type: ignore[arg-type]
    create_tables(engine)
    prepare(engine, settings, load_facts())
    engine.execute(ROWS)
    assert find_actions(engine, settings, as_of=AS_OF, end=END) == {}
    return engine


@pytest.fixture(scope="session")
def found() -> Iterator[DuckDBEngine]:
    with company() as engine:
        yield engine
