"""When a customer orders next, and for how much.

The time to the next order is read off the probabilities of no purchase within several numbers of days (`waiting`): `days` is its
median, which makes the mean absolute error least; a customer that more likely than not stays away for the whole horizon gets a day
beyond it, the later the surer. `days_lo` to `days_hi` is where the order falls in four cases of five *if it comes within the horizon*;
how wide that has to be is measured on the company's own latest past (conformal calibration, Romano, Patterson and Candès 2019), not
taken from the model's word. `amount` is the usual size of the customer's orders, the recent ones counting more.

Where the rule, the last order and the median gap, erred less on the company's latest past, `days` is the rule's, its interval is made of
the rule's own errors in units of the median gap, and `method` says so; `score` stays the learnt probability. So at resellers who order
each quarter: off by 5.8 days instead of 20.0.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa

from nextmove.engine import Engine
from nextmove.predictions.choosing import Method, erred_less, told_as
from nextmove.predictions.contract import Learnt, past_cutoffs, report, settings_of
from nextmove.predictions.order_size import usual_order
from nextmove.predictions.past import MOST_CUSTOMERS, PastState, state_at
from nextmove.predictions.rhythm import Flags, Numbers, PurchaseDays, Summary, calendar_day, day_number, gap_quantiles, purchase_days
from nextmove.predictions.waiting import Waiting, learn_waiting

_PARTS = (0.12, 0.28, 0.5, 0.75, 1.0)  # of the horizon: the numbers of days at which the probability of a purchase is learnt
_MOST_ROWS = 30_000  # learnt from at each number of days
_TRIED_ON, _TRIED_ROWS = 1000, 5000  # customers on whom both methods are tried, and rows learnt from for it: a third more time to fit
_CALENDAR = 3.0  # days to each side that the rule's interval has at least: months are 28 to 31 days long
_LEAST_JUDGED = 30  # customers without whom a past day decides nothing
_EDGE = 0.1  # of the orders that come, the share before the interval and the share after it
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
        waiting, some = self._waiting(days, on, every=30, most_rows=_MOST_ROWS), days.sample(MOST_CUSTOMERS)
        latest = [state_at(some, on - self.horizon_days - back, horizon=self.horizon_days) for back in (0, 30, 60)]
        method = self._better(days.sample(_TRIED_ON), on)
        tails = self._tails(latest, waiting) if method == "model" else self._tails_of_rule(some, latest)
        return {"waiting": waiting.plain(), "method": method, "tails": tails}

    def _waiting(self, days: PurchaseDays, on: int, *, every: int, most_rows: int) -> Waiting:
        waits = tuple(sorted({max(1, round(part * self.horizon_days)) for part in _PARTS}))
        return learn_waiting(days, on, waits=waits, min_purchase_days=self.min_purchase_days, every=every, most_rows=most_rows)

    def _better(self, days: PurchaseDays, on: int) -> Method:
        """Whether the rule erred less on the latest past days than what would have been learnt by then."""
        missed: dict[Method, list[float]] = {"model": [], "rule": []}
        for cutoff in past_cutoffs(calendar_day(days.first_day), calendar_day(on), horizon_days=self.horizon_days, most=2):
            stand, horizon = day_number(cutoff), float(self.horizon_days)
            past = state_at(days, stand, horizon=self.horizon_days)
            judged = self._active(past)
            if judged.sum() >= _LEAST_JUDGED:
                waiting = self._waiting(days.until(stand), stand, every=60, most_rows=_TRIED_ROWS)
                ours = days_at(_curve(waiting, waiting.none_within(past.known)), waiting, 0.5)
                said: dict[Method, Numbers] = {"model": ours, "rule": _by_rule(days, past.known.at)[0]}
                for method, told in said.items():
                    missed[method].append(_error(told[judged], past.waited[judged], horizon))
        return erred_less(missed)

    def _active(self, past: PastState) -> Flags:
        """Who is judged: who has a rhythm and has not been silent for so long that nobody expects an order."""
        at = past.known.at
        return (at.count >= self.min_purchase_days) & (at.quiet_days <= 2 * self.horizon_days)

    def _tails(self, latest: list[PastState], waiting: Waiting) -> list[float]:
        """The shares of the waiting time's distribution between which four of five orders of the latest past fell."""
        ranks = [share_at(_curve(waiting, waiting.none_within(past.known)), waiting, past.waited) for past in latest]
        return self._four_of_five(latest, ranks) or [_EDGE, 1 - _EDGE]

    def _tails_of_rule(self, days: PurchaseDays, latest: list[PastState]) -> list[float]:
        """How many median gaps before and after the day that the rule named four of five orders of the latest past fell."""
        named = [_by_rule(days, past.known.at) for past in latest]
        off = [(past.waited - day) / np.maximum(median, 1) for past, (day, median) in zip(latest, named, strict=True)]
        return self._four_of_five(latest, off) or [-0.5, 0.5]

    def _four_of_five(self, latest: list[PastState], ranks: list[Numbers]) -> list[float] | None:
        """Between which `ranks` four of five of the orders that came lay; None where too few came."""
        came = [self._active(past) & (past.waited <= self.horizon_days) for past in latest]
        told = np.concatenate([rank[there] for rank, there in zip(ranks, came, strict=True)])
        return [float(share) for share in np.quantile(told, [_EDGE, 1 - _EDGE])] if len(told) >= 50 else None

    def backtest(self, engine: Engine, *, as_of: dt.date) -> pa.Table:
        days = purchase_days(engine, as_of)
        cutoffs = past_cutoffs(calendar_day(days.first_day), as_of, horizon_days=self.horizon_days)
        return report([row for cutoff in cutoffs for row in self._look_back(days, cutoff)])

    def _look_back(self, days: PurchaseDays, cutoff: dt.date) -> list[dict[str, object]]:
        on, horizon = day_number(cutoff), float(self.horizon_days)
        fitted, past = self._fit(days.until(on), cutoff), state_at(days, on, horizon=self.horizon_days)
        rows, judged = fitted.predict(), self._active(past)
        waited, rule = past.waited[judged], _by_rule(days, past.known.at)[0][judged]
        scored = past.known.at.count >= self.min_purchase_days
        told = {name: rows[name].to_numpy()[judged[scored]] for name in ("days", "days_lo", "days_hi")}
        ours, came = told_as(fitted.method), waited <= horizon
        inside = ((waited >= told["days_lo"]) & (waited <= told["days_hi"]))[came]
        figures = [("rule", "mean_absolute_error_days", _error(rule, waited, horizon))]
        figures += [(ours, "mean_absolute_error_days", _error(told["days"], waited, horizon))]
        figures += [(ours, "share_within_interval", float(inside.mean()) if came.any() else float("nan"))]
        return [{"cutoff": cutoff, "method": m, "measure": measure, "value": v, "subjects": len(waited)} for m, measure, v in figures]


@dataclass(frozen=True)
class FittedNextOrder:
    settings: NextOrder
    as_of: dt.date
    days: PurchaseDays
    learnt: Learnt

    @property
    def method(self) -> str:
        """ "model", or "rule" where that erred less on the company's own past."""
        return str(self.learnt.content["method"])

    def predict(self) -> pa.Table:
        waiting, on = Waiting.from_plain(self.learnt.content["waiting"]), day_number(self.as_of)
        known = waiting.known(self.days, on)
        chosen = known.at.count >= self.settings.min_purchase_days
        none = waiting.none_within(known)
        low, middle, high = (days[chosen] for days in (self._days(waiting, none, known.at)))
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
                "method": pa.array([self.method] * size, pa.string()),
            }
        )

    def _days(self, waiting: Waiting, none: Numbers, at: Summary) -> tuple[Numbers, Numbers, Numbers]:
        """The day of the next order, between those before and after which one in ten falls."""
        least, most = self.learnt.content["tails"]
        if self.method == "rule":
            day, median = _by_rule(self.days, at)
            return np.minimum(least * median, -_CALENDAR) + day, day, np.maximum(most * median, _CALENDAR) + day
        curve = _curve(waiting, none)
        return days_at(curve, waiting, least), days_at(curve, waiting, 0.5), days_at(curve, waiting, most)


def _by_rule(days: PurchaseDays, at: Summary) -> tuple[Numbers, Numbers]:
    """Days from now to the last order and the median gap (tomorrow where they are over), and that gap."""
    (median,) = gap_quantiles(days, at, (0.5,))
    return np.maximum(median - at.quiet_days, 1), median


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
