"""Which customers will not buy in the coming weeks: a probability, the money at stake, and the facts behind it.

`score` is the probability of *no* purchase within the horizon, calibrated on the company's own past (see `waiting`). It is not "lost":
a seasonal customer out of its season scores high and has little at stake, because `usual_profit` weighs what it bought in the same
weeks a year ago. `p_alive` is the repeat-buying model's probability that it is a customer at all, `late_by_days` how far its silence
exceeds nine in ten of its own gaps. Who orders on a fixed schedule (`schedule`) is late only once its due day and a tolerance have passed,
and has nothing at stake while no order is due within the horizon. Lists are ranked by `at_stake`, probability × usual profit: that finds
three to five times the money that probability alone finds.

Customers with fewer purchase days than the minimum have no rhythm yet and are not in the answer.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa

from nextmove.engine import Engine
from nextmove.predictions.choosing import told_as
from nextmove.predictions.contract import Learnt, past_cutoffs, report, settings_of
from nextmove.predictions.listing import list_figures
from nextmove.predictions.order_size import order_size
from nextmove.predictions.reasons import Fact, told
from nextmove.predictions.rhythm import Flags, Numbers, PurchaseDays, Summary, calendar_day, day_number, gap_quantiles, purchase_days
from nextmove.predictions.schedule import Schedule, schedule_of
from nextmove.predictions.waiting import Waiting, learn_waiting

_YEAR = 365


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
        return self._fit(purchase_days(engine, as_of), as_of, learnt)

    def _fit(self, days: PurchaseDays, as_of: dt.date, learnt: Learnt | None = None) -> FittedCustomers:
        if learnt is None or not learnt.serves(self, as_of=as_of):
            waiting = learn_waiting(days, day_number(as_of), waits=(self.horizon_days,), min_purchase_days=self.min_purchase_days)
            learnt = Learnt(self.task, as_of, settings_of(self), waiting.plain())
        return FittedCustomers(self, as_of, days, learnt)

    def backtest(self, engine: Engine, *, as_of: dt.date) -> pa.Table:
        days = purchase_days(engine, as_of)
        cutoffs = past_cutoffs(calendar_day(days.first_day), as_of, horizon_days=self.horizon_days)
        return report([row for cutoff in cutoffs for row in self._look_back(days, cutoff)])

    def _look_back(self, days: PurchaseDays, cutoff: dt.date) -> list[dict[str, object]]:
        """What the method and the rule would have said at the cutoff of those who were active then, and what came."""
        on = day_number(cutoff)
        fitted = self._fit(days.until(on), cutoff)
        rows, at = fitted.predict(), days.summary(on)
        scored = at.count >= self.min_purchase_days
        active = (at.quiet_days <= 2 * self.horizon_days)[scored]
        stayed_away = (days.count_between(on, on + self.horizon_days, at.who) == 0)[scored]
        gaps = (at.quiet_days / np.maximum(at.mean_gap, 1))[scored]
        value = rows["usual_profit"].to_numpy()
        given = {told_as(fitted.method): rows["score"].to_numpy(), "rule": gaps}
        return [
            {"cutoff": cutoff, "method": method, **figure}
            for method, score in given.items()
            for figure in list_figures(stayed_away[active], score[active], value[active], probability=method != "rule")
        ]


@dataclass(frozen=True)
class FittedCustomers:
    settings: Customers
    as_of: dt.date
    days: PurchaseDays
    learnt: Learnt

    @property
    def method(self) -> str:
        """ "model", or "rule" where the company's own past said that the rule ranks better."""
        return str(Waiting.from_plain(self.learnt.content).waits[-1].mixing.method)

    def predict(self) -> pa.Table:
        waiting, on = Waiting.from_plain(self.learnt.content), day_number(self.as_of)
        known = waiting.known(self.days, on)
        chosen = known.at.count >= self.settings.min_purchase_days
        schedule = schedule_of(self.days, known.at)
        none = schedule.none(waiting.none_within(known)[:, -1], self.settings.horizon_days)
        alive = waiting.repeat.p_alive(known.at.frequency, known.at.recency, known.at.T)
        value = usual_profit(self.days, known.at, self.settings.horizon_days, schedule)
        low, usual, high = gap_quantiles(self.days, known.at, (0.1, 0.5, 0.9))
        late = np.where(schedule.fixed, schedule.late_by, np.maximum(known.at.quiet_days - high, 0))
        due = np.rint(on + np.nan_to_num(schedule.due_in)).astype(np.int64)
        size = int(chosen.sum())
        facts = _facts(self.days, known.at, chosen, low, high, self.settings.horizon_days, schedule)
        return pa.table(
            {
                "as_of": pa.array([self.as_of] * size, pa.date32()),
                "horizon_days": pa.array(np.full(size, self.settings.horizon_days)),
                "account_id": self.days.accounts.take(pa.array(known.at.who[chosen])),
                "score": none[chosen].round(6),
                "p_alive": alive[chosen].round(6),
                "quiet_days": known.at.quiet_days[chosen].astype(np.int64),
                "usual_gap_days": usual[chosen].round(1),
                "usual_gap_lo_days": low[chosen].round(1),
                "usual_gap_hi_days": high[chosen].round(1),
                "late_by_days": late[chosen].round(1),
                "schedule_days": pa.array(schedule.every[chosen].round(1), from_pandas=True),
                "due_on": pa.array(due[chosen].astype("datetime64[D]"), mask=~schedule.fixed[chosen]),
                "usual_profit": value[chosen].round(2),
                "at_stake": (value * none)[chosen].round(2),
                "method": pa.array(np.full(size, waiting.waits[-1].mixing.method)),
                **told(facts),
            }
        )


def usual_profit(days: PurchaseDays, at: Summary, horizon: int, schedule: Schedule) -> Numbers:
    """Gross profit (net sales where there is no cost) of the horizon if the customer goes on as in the last year; where that year was
    known in full, half of it is what the same weeks brought then, so that a season has its due. Who keeps a schedule brings the orders that
    are due."""
    year = np.maximum(days.sum_between("profit", at.on - _YEAR, at.on, at.who), 0)
    span = np.clip(np.minimum(at.T, _YEAR), min(horizon, _YEAR), None)
    even = year * horizon / np.maximum(span, 1)
    then = np.maximum(days.sum_between("profit", at.on - _YEAR, min(at.on - _YEAR + horizon, at.on), at.who), 0)
    value = np.where((at.T > _YEAR) & (horizon <= _YEAR), (even + then) / 2, even)
    return np.where(schedule.fixed & ~schedule.missed, schedule.orders(horizon) * order_size(days, at, "profit"), value)


def _facts(days: PurchaseDays, at: Summary, chosen: Flags, low: Numbers, high: Numbers, horizon: int, schedule: Schedule) -> list[Fact]:
    """The two or three facts behind a score; the rhythm always, the others where they stand out."""
    last_two, earlier = _order_sizes(days, at)
    smaller = 100 * (1 - last_two / np.maximum(earlier, 1e-9))
    now, before = (days.count_between(at.on - 180 * back, at.on - 180 * (back - 1), at.who) for back in (1, 2))
    then = days.count_between(at.on - _YEAR, min(at.on - _YEAR + horizon, at.on), at.who)
    steady = (high.round() == low.round())[chosen]
    weeks = np.full(int(chosen.sum()), float(horizon))
    rhythm = {"least": low[chosen], "most": high[chosen], "quiet": at.quiet_days[chosen]}
    fixed, missed = schedule.fixed[chosen], schedule.missed[chosen]
    due = {"every": schedule.every[chosen], "quiet": at.quiet_days[chosen], "due_on": (at.on + schedule.due_in)[chosen]}
    return [
        Fact("predictions.customers.schedule", fixed & ~missed, due),
        Fact("predictions.customers.schedule_missed", missed, due),
        Fact("predictions.customers.rhythm", ~steady & ~fixed, rhythm),
        Fact("predictions.customers.steady_rhythm", steady & ~fixed, rhythm),
        Fact("predictions.customers.smaller", ((at.count >= 5) & (smaller >= 25))[chosen], {"percent": smaller[chosen]}),
        Fact("predictions.customers.fewer", ((before >= 3) & (now < 0.6 * before))[chosen], {"now": now[chosen], "before": before[chosen]}),
        Fact(
            "predictions.customers.season",
            ((at.T > _YEAR) & (then > 0))[chosen],
            {"orders": then[chosen], "days": weeks},
        ),
        Fact("predictions.customers.no_season", ((_YEAR + horizon < at.T) & (then == 0))[chosen], {"days": weeks}),
    ]


def _order_sizes(days: PurchaseDays, at: Summary) -> tuple[Numbers, Numbers]:
    """Mean net sales of the last two purchase days, and of those before."""
    total = np.concatenate([[0.0], np.cumsum(days.net)])
    cut = np.maximum(at.end - 2, at.begin)
    last = (total[at.end] - total[cut]) / np.maximum(at.end - cut, 1)
    return last, (total[cut] - total[at.begin]) / np.maximum(cut - at.begin, 1)
