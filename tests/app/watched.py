"""Alerts for the small company: some of everybody's kind, so that a test can say whose they are.

They are written in the product's own form; finding them is the business of other tests.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from nextmove.engine import Engine
from nextmove.insights.changes.state import Told, name_of, to_table

ONE_DAY = dt.timedelta(days=1)


def write_alerts(engine: Engine, own: Any, *, as_of: dt.date) -> None:  # Any: the demo's representative
    """One alert of the company, a region, each representative, each team and some customers; a gate that holds sales back."""
    reps = engine.query("select rep_id, team from main.reps where team is not null order by rep_id").to_pylist()
    accounts = engine.query(
        "select account_id, rep_id from main.accounts where rep_id is not null order by rep_id, account_id limit 400"
    ).to_pylist()
    own_account = next(row["account_id"] for row in accounts if row["rep_id"] == own.rep_id)
    other_account = next(row["account_id"] for row in accounts if row["rep_id"] != own.rep_id)
    places = [("", ""), ("region", "North"), ("account", own_account), ("account", other_account)]
    places += [("rep", row["rep_id"]) for row in reps] + [("team", team) for team in sorted({row["team"] for row in reps})]
    told = [_alert(place, f"{place[0]}={place[1]}" if place[0] else "net_sales", as_of) for place in places]
    cause = f"account={other_account}"
    told.append(_alert(("rep", own.rep_id), cause, as_of, kpi="gross_profit", stake=900.0))
    told.append(_alert(("rep", own.rep_id), cause, as_of, kpi="units_sold", stake=800.0, leads=False))
    told.append(_alert(("", ""), "orders", as_of, kpi="orders", closed_on=as_of - 5 * ONE_DAY))
    engine.write("main.alerts", to_table(told))
    engine.execute(
        "create table main.alert_gate as select 'facts.sales' as \"table\", 'short' as reason, "
        f"date '{as_of}' as day, 7 as rows, 98.5 as usual"
    )


def _alert(
    place: tuple[str, str],
    cause: str,
    as_of: dt.date,
    *,
    kpi: str = "net_sales",
    stake: float = 5000.0,
    leads: bool = True,
    closed_on: dt.date | None = None,
) -> Told:
    opened = as_of.replace(day=1)
    start = (opened - ONE_DAY).replace(day=1)
    return Told(
        alert_id=name_of(kpi, "month", *place, opened), kpi=kpi, grain="month", dimension=place[0], member=place[1],
        direction=-1, good=False, period_start=start, opened_on=opened, closed_on=closed_on, closed_by="usual again" if closed_on else None,
        first_told=as_of, strength=7.0, periods=2, value=1000.0, expected=3000.0, low=2000.0, high=4000.0, difference=-4000.0,
        at_stake=stake, cause=cause, cause_share=0.9, leads=leads,
    )  # fmt: skip
