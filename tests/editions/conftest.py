"""A small company whose editions are made, brought forward and read."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from nextmove.editions import refresh
from nextmove.ingest.load import load
from nextmove.ingest.warehouse import open_warehouse
from nextmove.workspace import Workspace

NOW = dt.datetime(2025, 1, 2, 3, 4, 5)
SETTINGS = '[company]\nname = "Small"\ntime_zone = "Europe/Warsaw"\n[editions]\nrefit_days = 0\n'
LoadRows = Callable[[str, str], None]

PEOPLE = """
insert into reps (rep_id, name, team, manager_id, left_on) values
    ('M', 'Mona', 'north', null, null), ('R1', 'Ria', 'north', 'M', null), ('R2', 'Rob', 'north', 'M', '2024-06-01');
insert into accounts (account_id, name, segment, rep_id, created_on)
    select concat('A', i), concat('Customer ', i), case when i % 2 = 0 then 'retail' else 'trade' end,
        case when i <= 30 then 'R1' else 'R2' end, date '2022-12-01' from range(1, 61) t(i);
insert into products (product_id, name, category, unit_cost)
    select concat('P', i), concat('Product ', i), case when i < 3 then 'tools' else 'paint' end, 5 from range(1, 6) t(i);
"""
LINES = """
insert into order_lines (order_id, line_no, ordered_at, account_id, product_id, quantity, net_amount, status, promised_on, delivered_on)
select concat('O', a, '-', w), p, timestamp '2023-01-02 22:30' + interval (w * 7 + a % 5) day, concat('A', a), concat('P', p), 2,
    20 + (a * w * p) % 7, 'completed', date '2023-01-02' + (w * 7 + a % 5 + 2)::integer,
    date '2023-01-02' + (w * 7 + a % 5 + (a * w) % 5)::integer
from range(1, 61) x(a), range(0, 104) y(w), range(1, 5) z(p)
where (a + w) % (1 + a % 3) = 0 and not (a = 1 and w >= 91);
"""
DEALS = """
insert into leads (lead_id, created_at, rep_id, source, score, first_response_at) values
    ('L1', '2024-12-20 10:00', 'R1', 'web', 80, null), ('L2', '2024-11-01 09:00', 'R2', 'fair', 20, '2024-12-22 09:00');
insert into opportunities (opportunity_id, account_id, rep_id, created_at, closed_at, stage, status, amount) values
    ('D1', 'A3', 'R1', '2024-10-01 09:00', null, 'proposal', 'open', 5000),
    ('D2', 'A4', 'R1', '2024-10-01 09:00', '2024-12-23 09:00', 'won', 'won', 9000);
insert into stage_changes (opportunity_id, changed_at, from_stage, to_stage, amount) values
    ('D1', '2024-11-05 09:00', 'new', 'proposal', null), ('D2', '2024-11-05 09:00', 'new', 'proposal', 8000),
    ('D2', '2024-12-23 09:00', 'proposal', 'won', 9000);
"""


@pytest.fixture(scope="session")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """60 customers who order every week or so in 2023 and 2024, in a zone where the evening is another day already."""
    workspace = Workspace.create(tmp_path_factory.mktemp("loaded") / "company", settings=SETTINGS)
    with open_warehouse(workspace) as engine:
        for statements in (PEOPLE, LINES, DEALS):
            engine.execute(statements)
    return workspace.root


@pytest.fixture(scope="session")
def refreshed(loaded: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with one edition, of 20 December 2024."""
    root = Path(shutil.copytree(loaded, tmp_path_factory.mktemp("refreshed") / "company"))
    refresh(Workspace(root), as_of=dt.date(2024, 12, 20), now=NOW)
    return root


@pytest.fixture
def company(loaded: Path, tmp_path: Path) -> Workspace:
    """A company that was loaded and has no edition yet."""
    return Workspace(Path(shutil.copytree(loaded, tmp_path / "company")))


@pytest.fixture
def published(refreshed: Path, tmp_path: Path) -> Workspace:
    """A company with one edition."""
    return Workspace(Path(shutil.copytree(refreshed, tmp_path / "published")))


@pytest.fixture
def load_into(tmp_path: Path) -> Callable[[Workspace], LoadRows]:
    """Load a CSV text into a table of a company, as a user does."""

    def into(workspace: Workspace) -> LoadRows:
        def load_text(table: str, text: str) -> None:
            file = tmp_path / f"{table}.csv"
            file.write_text(text, encoding="utf-8")
            load(workspace, [file], now=NOW)

        return load_text

    return into
