"""A target that no question meets is named, with what is wrong with it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from nextmove.ingest.load import load
from nextmove.ingest.warehouse import open_warehouse
from nextmove.kpis import load_catalogue
from nextmove.kpis.stray_targets import stray_targets
from nextmove.workspace import Workspace

REPS = "rep_id,team\nR1,north\n"
TARGETS = """kpi,grain,period_start,dimension,member,value
net_sales,month,2024-10-01,,,1
net_sales,month,2024-09-22,rep,R1,1
net_sales,quarter,2024-11-01,team,north,1
net_sale,month,2024-10-01,,,1
net_sales,month,2024-10-05,,,1
nps,month,2024-10-01,product,P1,1
net_sales,month,2024-10-01,team,nroth,1
"""


def test_stray_targets(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "co", settings="[company]\nfiscal_year_start_month = 2\n")
    for name, rows in (("reps", REPS), ("targets", TARGETS)):
        (tmp_path / f"{name}.csv").write_text(rows, encoding="utf-8")
        load(workspace, [tmp_path / f"{name}.csv"], now=dt.datetime(2024, 9, 17))
    with open_warehouse(workspace, read_only=True) as engine:
        found = stray_targets(engine, load_catalogue(workspace), workspace.settings)
    assert [(one.rows, one.example) for one in found] == [
        (1, "net_sale"),
        (1, "month 2024-10-05"),
        (1, "nps product"),
        (1, "team nroth"),
    ]
