"""When a customer orders next, and for how much.

The time to the next order is read off the probabilities of no purchase within several numbers of days (`waiting`): `days` is its
median, which makes the mean absolute error least; a customer that more likely than not stays away for the whole horizon gets a day
beyond it, the later the surer. `days_lo` to `days_hi` is where the order falls in four cases of five *if it comes within the horizon*;
how wide that has to be is measured on the company's own latest past (conformal calibration, Romano, Patterson and Candès 2019), not
taken from the model's word. `amount` is the usual size of the customer's orders, the recent ones counting more.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa

from nextmove.engine import Engine
from nextmove.predictions.contract import Learnt, past_cutoffs, report, settings_of
from nextmove.predictions.order_size import usual_order
from nextmove.predictions.past import MOST_CUSTOMERS, state_at
from nextmove.predictions.rhythm import Numbers, PurchaseDays, calendar_day, day_number, gap_quantiles, purchase_days
from nextmove.predictions.waiting import Waiting, learn_waiting

_PARTS = (0.12, 0.28, 0.5, 0.75, 1.0)  # of the horizon: the numbers of days at which the probability of a purchase is learnt
_MOST_ROWS = 30_000  # learnt from at each number of days
_COVERED = 0.8
_WORST = 0.999  # a customer that will surely not buy within the horizon has a median of many horizons; it is cut here


@dataclass(frozen=True)
class NextOrder:
    """Day and size of each customer's next order."""

    task: ClassVar[str] = "next-order"
    needs: ClassVar[tuple[str, ...]] = ("order_lines.account_id", "order_lines.ordered_at", "order_lines.net_amount")
    minimum_history: ClassVar[str] = "predictions.next_order.minimum_history"
    score_is_probability: ClassVar[bool] = True

    horizon_days: int = 90
    min_purchase_days: int = 3

    def fit(self, engine: Engine, *, as_of: dt.date, learnt: Learnt | None = None) -> FittedNextOrder:
        return self._fit(purchase_days(engine, as_of), as_of, learnt)

    def _fit(self, days: PurchaseDays, as_of: dt.date, learnt: Learnt | None = None) -> FittedNextOrder:
        if learnt is None or not learnt.serves(self, as_of=as_of):
            learnt = Learnt(self.task, as_of, settings_of(self), self._learn(days, day_number(as_of)))
        return FittedNextOrder(self, as_of, days, learnt)

    def _learn(self, days: PurchaseDays, on: int) -> dict[str, object]:
        waits = tuple(sorted({max(1, round(part * self.horizon_days)) for part in _PARTS}))
        waiting = learn_waiting(days, on, waits=waits, min_purchase_days=self.min_purchase_days, every=30, most_rows=_MOST_ROWS)
        return {"waiting": waiting.plain(), "tails": self._tails(days.sample(MOST_CUSTOMERS), on, waiting)}

    def _tails(self, days: PurchaseDays, on: int, waiting: Waiting) -> list[float]:
        """The shares of the waiting time's distribution between which four of five orders of the latest past fell."""
        ranks = []
        for past in (state_at(days, on - self.horizon_days - back, horizon=self.horizon_days) for back in (0, 30, 60)):
            came = (past.waited <= self.horizon_days) & (past.known.at.count >= self.min_purchase_days)
            came &= past.known.at.quiet_days <= 2 * self.horizon_days
            ranks.append(share_at(_curve(waiting, waiting.none_within(past.known)), waiting, past.waited)[came])
        told = np.concatenate(ranks)
        if len(told) < 50:
            return [0.1, 0.9]
        edge = (1 - _COVERED) / 2
        return [float(share) for share in np.quantile(told, [edge, 1 - edge])]

    def backtest(self, engine: Engine, *, as_of: dt.date) -> pa.Table:
        days = purchase_days(engine, as_of)
        cutoffs = past_cutoffs(calendar_day(days.first_day), as_of, horizon_days=self.horizon_days)
        return report([row for cutoff in cutoffs for row in self._look_back(days, cutoff)])

    def _look_back(self, days: PurchaseDays, cutoff: dt.date) -> list[dict[str, object]]:
        on, horizon = day_number(cutoff), float(self.horizon_days)
        rows, past = self._fit(days.until(on), cutoff).predict(), state_at(days, on, horizon=self.horizon_days)
        scored = past.known.at.count >= self.min_purchase_days
        active = (past.known.at.quiet_days <= 2 * horizon)[scored]
        waited = past.waited[scored][active]
        (median,) = gap_quantiles(days, past.known.at, (0.5,))
        rule = np.maximum(median - past.known.at.quiet_days, 1)[scored][active]
        told = {name: rows[name].to_numpy()[active] for name in ("days", "days_lo", "days_hi")}
        figures = [("rule", "mean_absolute_error_days", _error(rule, waited, horizon))]
        figures += [("model", "mean_absolute_error_days", _error(told["days"], waited, horizon))]
        came = waited <= horizon
        inside = ((waited >= told["days_lo"]) & (waited <= told["days_hi"]))[came]
        figures += [("model", "share_within_interval", float(inside.mean()) if came.any() else float("nan"))]
        return [{"cutoff": cutoff, "method": m, "measure": measure, "value": v, "subjects": len(waited)} for m, measure, v in figures]


@dataclass(frozen=True)
class FittedNextOrder:
    settings: NextOrder
    as_of: dt.date
    days: PurchaseDays
    learnt: Learnt

    def predict(self) -> pa.Table:
        waiting, on = Waiting.from_plain(self.learnt.content["waiting"]), day_number(self.as_of)
        known = waiting.known(self.days, on)
        chosen = known.at.count >= self.settings.min_purchase_days
        none = waiting.none_within(known)
        curve = _curve(waiting, none)
        least, most = self.learnt.content["tails"]
        low, middle, high = (days_at(curve, waiting, share)[chosen] for share in (least, 0.5, most))
        size = int(chosen.sum())
        return pa.table(
            {
                "as_of": pa.array([self.as_of] * size, pa.date32()),
                "horizon_days": pa.array(np.full(size, self.settings.horizon_days)),
                "account_id": self.days.accounts.take(pa.array(known.at.who[chosen])),
                "score": (1 - none[chosen, -1]).round(6),
                "days": np.maximum(middle, 1).round(1),
                "days_lo": np.maximum(np.minimum(low, middle), 1).round(1),
                "days_hi": np.maximum(high, np.maximum(low, 1)).round(1),
                "amount": usual_order(self.days, known.at)[chosen].round(2),
            }
        )


def _curve(waiting: Waiting, none: Numbers) -> Numbers:
    """How much of the waiting is behind after 0 and each of the learnt numbers of days: −log of the probability of none, rising."""
    behind = -np.log(np.clip(none, 1 - _WORST, 1.0))
    curve: Numbers = np.hstack([np.zeros((len(none), 1)), behind]) + np.arange(none.shape[1] + 1) * 1e-6
    return curve


def days_at(curve: Numbers, waiting: Waiting, share: float) -> Numbers:
    """After how many days the probability of a purchase reaches `share`, going on at the mean pace beyond the horizon."""
    at = np.array([0.0, *(wait.days for wait in waiting.waits)])
    wanted = -np.log(1 - min(share, _WORST))
    part = np.clip((curve <= wanted).sum(axis=1), 1, len(at) - 1)
    rows = np.arange(len(curve))
    low, high = curve[rows, part - 1], curve[rows, part]
    inside = at[part - 1] + (at[part] - at[part - 1]) * (wanted - low) / np.maximum(high - low, 1e-9)
    beyond = np.minimum(at[-1] * wanted / np.maximum(curve[:, -1], 1e-6), 10 * at[-1])
    told: Numbers = np.where(curve[:, -1] >= wanted, inside, beyond)
    return told


def share_at(curve: Numbers, waiting: Waiting, days: Numbers) -> Numbers:
    """The probability of a purchase within each customer's own number of days."""
    at = np.array([0.0, *(wait.days for wait in waiting.waits)])
    reached = np.minimum(days, at[-1])
    part = np.clip(np.searchsorted(at, reached), 1, len(at) - 1)
    rows = np.arange(len(curve))
    low, high = curve[rows, part - 1], curve[rows, part]
    share: Numbers = 1 - np.exp(-(low + (high - low) * (reached - at[part - 1]) / (at[part] - at[part - 1])))
    return share


def _error(told: Numbers, waited: Numbers, horizon: float) -> float:
    """Mean absolute error in days, both cut at the horizon: who does not come counts as the horizon."""
    return float(np.abs(np.minimum(told, horizon) - np.minimum(waited, horizon)).mean()) if len(waited) else float("nan")
