"""What a customer could buy is the company's own figure where there is one, else what customers like it buy."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest

from nextmove.engine import DuckDBEngine, literal
from nextmove.facts import load_facts, prepare
from nextmove.ingest.warehouse import create_tables
from nextmove.kpis import Question, answer, load_catalogue
from nextmove.settings import Settings

Customer = tuple[str | None, str | None, str | None, str | None, str | None, float]  # segment, size, industry, country, region, net
A_LADDER = {
    **{f"narrow {n}": ("retail", "small", "food", "DE", None, 10 * n) for n in range(1, 6)},  # five share all traits: 10 … 50
    "in Poland": ("retail", "small", "food", "PL", None, 1),  # six share three: 1, 10 … 50
    "steel": ("retail", "small", "steel", "DE", None, 2),  # seven share two: 1, 2, 10 … 50
    "large": ("retail", "large", "food", "DE", None, 3),  # eight share one: 1, 2, 3, 10 … 50
    "public": ("public", "small", "food", "DE", None, 4),  # alone: nine bought
}


@pytest.fixture
def engine() -> Iterator[DuckDBEngine]:
    with DuckDBEngine() as engine:
        create_tables(engine)
        yield engine


def potentials(engine: DuckDBEngine) -> dict[str, float]:
    """What each account could buy in April 2024."""
    settings = Settings()
    prepare(engine, settings, load_facts())
    question = Question("share_of_wallet", grain="month", by=("account",), start=dt.date(2024, 4, 1), end=dt.date(2024, 5, 1))
    rows = answer(engine, question, settings, as_of=dt.date(2024, 6, 30), catalogue=load_catalogue()).to_pylist()
    return {row["account"]: round(float(row["denominator"]), 6) for row in rows}


def bought(engine: DuckDBEngine, customers: dict[str, Customer], *, on: str = "2024-04-03") -> None:
    for account, (*told, net) in customers.items():
        engine.execute(
            "insert into main.accounts (account_id, segment, company_size, industry, country, region)"
            f" values ({', '.join(literal(each) for each in (account, *told))})"
        )
        engine.execute(
            "insert into main.order_lines (order_id, line_no, ordered_at, account_id, quantity, net_amount, status)"
            f" values ({literal(account)}, '1', '{on} 08:00:00', {literal(account)}, 1, {net}, 'completed')"
        )


def test_as_many_traits_as_five_customers_share(engine: DuckDBEngine) -> None:
    bought(engine, A_LADDER)
    told = potentials(engine)
    assert {told[f"narrow {n}"] for n in range(1, 5)} == {42.0}  # the 80th percentile of 10, 20, 30, 40, 50
    assert told["narrow 5"] == 50.0  # what it buys itself
    assert told["in Poland"] == 40.0  # of 1, 10, 20, 30, 40, 50
    assert told["steel"] == 38.0  # of 1, 2, 10, 20, 30, 40, 50
    assert told["large"] == 36.0  # of 1, 2, 3, 10, 20, 30, 40, 50
    assert told["public"] == 34.0  # of 1, 2, 3, 4, 10, 20, 30, 40, 50


def test_a_number_of_employees_is_alike_in_its_band(engine: DuckDBEngine) -> None:
    sizes = ("10", "12", "30", "49", "011")
    bought(engine, {f"middle {size}": (None, size, None, None, None, 10 * n) for n, size in enumerate(sizes, 1)})
    bought(engine, {f"other {size}": (None, size, None, None, None, 1000) for size in ("9", "50", "250", "10-49", "")})
    told = potentials(engine)
    assert {told[f"middle {size}"] for size in sizes[:4]} == {42.0}


def test_the_region_stands_where_no_country_is_told(engine: DuckDBEngine) -> None:
    bought(engine, {f"north {n}": (None, None, None, None, "north", 10 * n) for n in range(1, 6)})
    bought(engine, {f"south {n}": (None, None, None, None, "south", 1000) for n in range(1, 6)})
    assert potentials(engine)["north 1"] == 42.0


def test_customers_of_other_periods_are_no_look_alikes(engine: DuckDBEngine) -> None:
    bought(engine, A_LADDER)
    before = potentials(engine)
    bought(engine, {f"later {n}": ("retail", "small", "food", "DE", None, 1000) for n in range(9)}, on="2024-05-03")
    assert potentials(engine) == before


def test_the_own_figure_stands_before_the_estimate(engine: DuckDBEngine) -> None:
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
    told = potentials(engine)
    assert told == {"known": 300.0, "like": 100.0, "none": 84.0}  # 3,650 a year for 30 days of 365; the 80th percentile of 20, 60, 100
