"""Which customers will not buy in the next days."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa

from nextmove.engine import Engine
from nextmove.predictions.contract import Learnt, first_sale, past_cutoffs, report
from nextmove.predictions.rhythm import Numbers, PurchaseDays, day_number, purchase_days


@dataclass(frozen=True)
class Customers:
    """Probability that a customer does not buy within the horizon."""

    task: ClassVar[str] = "customers"
    needs: ClassVar[tuple[str, ...]] = ("order_lines.account_id", "order_lines.ordered_at", "order_lines.net_amount")
    minimum_history: ClassVar[str] = "predictions.customers.minimum_history"
    score_is_probability: ClassVar[bool] = True

    horizon_days: int = 90
    min_purchase_days: int = 3

    def fit(self, engine: Engine, *, as_of: dt.date, learnt: Learnt | None = None) -> FittedCustomers:
        return FittedCustomers(self, as_of, purchase_days(engine, as_of))

    def backtest(self, engine: Engine, *, as_of: dt.date) -> pa.Table:
        rows: list[dict[str, object]] = []
        for cutoff in past_cutoffs(first_sale(engine, as_of), as_of, horizon_days=self.horizon_days):
            count = self.fit(engine, as_of=cutoff).predict().num_rows
            rows.append({"cutoff": cutoff, "method": "model", "measure": "subjects", "value": float(count), "subjects": count})
        return report(rows)


@dataclass(frozen=True)
class FittedCustomers:
    settings: Customers
    as_of: dt.date
    days: PurchaseDays
    learnt: Learnt | None = None

    def predict(self) -> pa.Table:
        count = np.diff(self.days.starts)
        first, last = self.days.day[self.days.starts[:-1]], self.days.day[self.days.starts[1:] - 1]
        quiet: Numbers = (day_number(self.as_of) - last).astype(np.float64)
        gap = (last - first) / np.maximum(count - 1, 1)
        enough = np.flatnonzero(count >= self.settings.min_purchase_days)
        score = 1 - np.exp(-(quiet + 1) / (gap + self.settings.horizon_days))
        size = len(enough)
        return pa.table(
            {
                "as_of": pa.array([self.as_of] * size, pa.date32()),
                "horizon_days": pa.array(np.full(size, self.settings.horizon_days)),
                "account_id": self.days.accounts.take(enough),
                "score": score[enough],
                "quiet_days": quiet[enough],
                "usual_gap_days": gap[enough],
            }
        )
