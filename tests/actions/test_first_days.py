"""A company in its first weeks: the predictions that moves are made of speak already, in their thin way, so its moves are there."""

from __future__ import annotations

import datetime as dt

import pytest

from nextmove.actions.find import find_actions
from nextmove.editions.predicting import Past, predict_all
from nextmove.editions.progress import Steps, quiet
from nextmove.engine import DuckDBEngine
from nextmove.facts import load_facts, prepare
from nextmove.ingest.warehouse import create_tables
from nextmove.settings import Actions, Settings

AS_OF, END = dt.date(2024, 2, 27), dt.datetime(2024, 2, 28)
ROWS = """
insert into reps (rep_id, name) values ('R1', 'Ria');
insert into accounts (account_id, name, rep_id) values ('A1', 'First', 'R1');
insert into products (product_id, name, unit_cost) values ('P1', 'Product', 5);
insert into order_lines (order_id, line_no, ordered_at, account_id, product_id, quantity, net_amount)
    select concat('O', w), 1, timestamp '2024-01-01 10:00' + interval (w * 7) day, 'A1', {product}, 10, 100 from range(9) t(w) where w <> 8;
insert into leads (lead_id, created_at, rep_id, source) values ('L1', '2024-02-20 10:00', 'R1', 'web');
insert into opportunities (opportunity_id, account_id, rep_id, created_at, stage, status, amount)
    values ('D1', 'A1', 'R1', '2024-02-01 09:00', 'talk', 'open', 5000);
"""


@pytest.mark.parametrize("product", ["'P1'", "null"])
def test_the_first_customer_lead_and_deal_have_their_moves(product: str) -> None:
    settings = Settings(actions=Actions(control_share=0.0))
    with DuckDBEngine() as engine:
        create_tables(engine)
        prepare(engine, settings, load_facts())
        engine.execute(ROWS.format(product=product))
        silence = predict_all(engine, as_of=AS_OF, past=Past({}, 7), steps=Steps(quiet))
        assert find_actions(engine, settings, as_of=AS_OF, end=END) == {}, silence
        found = engine.query("select distinct kind from main.actions")["kind"].to_pylist()
    assert {"reorder_due", "lead_without_response", "deal_without_activity"} <= set(found)


def test_a_company_without_leads_and_deals_has_the_moves_of_its_customers() -> None:
    settings = Settings(actions=Actions(control_share=0.0))
    with DuckDBEngine() as engine:
        create_tables(engine)
        prepare(engine, settings, load_facts())
        engine.execute(ROWS.format(product="'P1'"))
        engine.execute("delete from leads; delete from opportunities")
        predict_all(engine, as_of=AS_OF, past=Past({}, 7), steps=Steps(quiet))
        silent = find_actions(engine, settings, as_of=AS_OF, end=END)
        found = engine.query("select distinct kind from main.actions")["kind"].to_pylist()
    assert set(silent) == {"lead_without_response", "deal_without_activity", "deal_stuck"}
    assert "reorder_due" in found
