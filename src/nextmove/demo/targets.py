"""Targets as a sales director sets them: last year's month and eight percent more, for company, team and representative."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa

from nextmove.demo import columns, names
from nextmove.demo.clock import Clock
from nextmove.demo.people import People
from nextmove.demo.plan import Floats, Plan
from nextmove.demo.tally import Tally

GROWTH = 1.08
Row = tuple[str, str, dt.date, str, str, int]  # kpi, grain, period start, dimension, member, value in cents


def target_rows(plan: Plan, clock: Clock, staff: People, tally: Tally, *, new_customers: int, leads: int) -> pa.Table:
    """Monthly and quarterly targets from the first month to the end of the last year."""
    random = plan.random("targets")
    months = _months(clock.day(0), plan.as_of.year)
    sales = _expected(random, tally.by_rep, len(months))
    profit = _expected(random, tally.profit_by_rep, len(months))
    rows: list[Row] = []
    for kpi, by_rep in (("net_sales", sales), ("gross_profit", profit)):
        rows += _money_rows(kpi, by_rep, months, staff)
    monthly = {"new_customers": new_customers / len(months) * 1.05, "leads": leads / len(months) * 1.05}
    rows += [(kpi, "month", month, "", "", max(1, round(value)) * 100) for kpi, value in monthly.items() for month in months]
    quarters = [month for month in months if month.month % 3 == 1]
    shares = {"gross_margin": 27, "win_rate": 38, "retention_rate": 88}  # cents of 1.00
    rows += [(kpi, "quarter", quarter, "", "", value) for kpi, value in shares.items() for quarter in quarters]
    rows += [("calls", "month", month, "rep", str(rep), 100 * _calls(plan)) for rep in staff.ids[staff.sells] for month in months]
    return _table(rows)


def _calls(plan: Plan) -> int:
    return max(5, round(plan.lines * 0.085 / plan.reps / 36))


def _months(first: dt.date, last_year: int) -> list[dt.date]:
    begin = first.year * 12 + first.month - 1
    return [dt.date(n // 12, n % 12 + 1, 1) for n in range(begin, last_year * 12 + 12)]


def _expected(random: np.random.Generator, actual: Floats, months: int) -> Floats:
    """What was sold a year before and more; in the first year about what was sold; no sales, no target."""
    known = np.zeros((months, actual.shape[1]))
    known[: len(actual)] = actual
    first = known[:12] * random.normal(1.03, 0.05, known[:12].shape)
    return np.concatenate([first, known[: months - 12] * GROWTH * random.normal(1, 0.04, known[12:].shape)])


def _money_rows(kpi: str, by_rep: Floats, months: list[dt.date], staff: People) -> list[Row]:
    sums: dict[tuple[str, str], Floats] = {("", ""): by_rep.sum(axis=1)}
    for number, team in enumerate(names.teams()):
        sums["team", team] = by_rep[:, staff.team == number].sum(axis=1)
    for rep in np.flatnonzero(by_rep.sum(axis=0) > 0):
        sums["rep", str(staff.ids[rep])] = by_rep[:, rep]
    rows: list[Row] = []
    for (dimension, member), values in sums.items():
        for grain, length in (("month", 1), ("quarter", 3)):
            for begin in range(_first(months, length), len(months) - length + 1, length):
                value = values[begin : begin + length].sum()
                if value > 0:
                    rows.append((kpi, grain, months[begin], dimension, member, int(round(value, -2)) * 100))
    return rows


def _first(months: list[dt.date], length: int) -> int:
    """The first month at which a period of that length begins."""
    return next(n for n, month in enumerate(months) if (month.month - 1) % length == 0)


def _table(rows: list[Row]) -> pa.Table:
    kpi, grain, start, dimension, member, value = zip(*rows, strict=True)
    return pa.table(
        {
            "kpi": pa.array(kpi),
            "grain": pa.array(grain),
            "period_start": pa.array(start, pa.date32()),
            "dimension": pa.array([text or None for text in dimension], pa.string()),
            "member": pa.array([text or None for text in member], pa.string()),
            "value": columns.cents(np.array(value)),
        }
    )
