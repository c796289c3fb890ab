"""What a customer could buy is the company's own figure where there is one, else what customers like it buy."""

from __future__ import annotations

import datetime as dt

from nextmove.engine import DuckDBEngine
from nextmove.facts import load_facts, prepare
from nextmove.ingest.warehouse import create_tables
from nextmove.kpis import Question, answer, load_catalogue
from nextmove.settings import Settings


def test_the_own_figure_stands_before_the_estimate() -> None:
    with DuckDBEngine() as engine:
        create_tables(engine)
        engine.execute(
            "insert into main.accounts (account_id, segment, yearly_potential) values"
            " ('known', 'retail', 3650), ('like', 'retail', null), ('none', 'retail', 0)"
        )
        engine.execute(
            "insert into main.order_lines (order_id, line_no, ordered_at, account_id, quantity, net_amount, status) values"
            " ('1', '1', '2024-04-03 08:00:00', 'known', 1, 60, 'completed'),"
            " ('2', '1', '2024-04-03 08:00:00', 'like', 1, 100, 'completed'),"
            " ('3', '1', '2024-04-03 08:00:00', 'none', 1, 20, 'completed')"
        )
        settings = Settings()
        prepare(engine, settings, load_facts())
        question = Question("share_of_wallet", grain="month", by=("account",), start=dt.date(2024, 4, 1), end=dt.date(2024, 5, 1))
        rows = answer(engine, question, settings, as_of=dt.date(2024, 6, 30), catalogue=load_catalogue()).to_pylist()
    told = {row["account"]: round(float(row["denominator"]), 6) for row in rows}
    assert told == {"known": 300.0, "like": 100.0, "none": 84.0}  # 3,650 a year for 30 days of 365; the 80th percentile of 20, 60, 100
