"""What each customer will bring: purchases, net sales and gross profit over a horizon, and over three years.

*How often*: the repeat-buying model's expected purchases (MBG/NBD), corrected by the season (`season`). Their total is kept, their
spread is not: each is weighed by the root of the probability that the customer buys at all, which takes from those that will hardly
come and gives to those that will (mean absolute error on CDNOW 0.765 → 0.741, on a wholesaler 1.04 → 1.00 purchases, total unchanged).

*How much*: times the customer's order size. Where there is enough past, the order of customers is half that of boosted trees that
learnt net sales from the company's own slices (tweedie loss), at the total of the first; Spearman 0.633 → 0.64 on the wholesaler.

*Profit* is net sales at the customer's own margin; where no line has a cost it is net sales. `historic_value` is the profit so far, apart.

*Intervals* lie between the 10th and the 90th percentile of the model's own distribution of purchases (exact, `RepeatBuying.quantile`).
Whole numbers make them hold more than four in five: on a wholesaler, CDNOW, six demo companies and resellers, 90 to 365 days ahead, 86 to
100 % of customers ended within, once 78 %. Those of value take the size of orders as known and hold less: 80 to 94 %, at the resellers
25 to 77 %.

Where the rule, as much as in as many days before, erred less in the net sales of a customer on the company's latest past, it is what is
told for the horizon, and `method` says so; intervals stay those of the model, and the years after the first are in the model's ratio to it.
So at resellers who order each quarter: 90 days ahead 4,216 a customer off instead of 18,983.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pyarrow as pa

from nextmove.engine import Engine
from nextmove.predictions.behaviour import behaviour
from nextmove.predictions.choosing import Method, erred_less, told_as
from nextmove.predictions.contract import Learnt, past_cutoffs, report, settings_of
from nextmove.predictions.learners import Trees
from nextmove.predictions.order_size import order_size
from nextmove.predictions.past import MOST_CUSTOMERS, past_states
from nextmove.predictions.repeat_buying import RepeatBuying, repeat_buying_at
from nextmove.predictions.rhythm import Numbers, PurchaseDays, Summary, calendar_day, day_number, purchase_days
from nextmove.predictions.season import season_ratios

_YEAR = 365
_LEAST_ROWS = 500
_TRIED_ON = 2000  # customers on whom both methods are tried
_LEAST_JUDGED = 30  # customers without whom a past day decides nothing


@dataclass(frozen=True)
class CustomerValue:
    """Expected purchases, net sales and gross profit of every customer."""

    task: ClassVar[str] = "clv"
    needs: ClassVar[tuple[str, ...]] = ("order_lines.account_id", "order_lines.ordered_at", "order_lines.net_amount")
    minimum_history: ClassVar[str] = "predictions.clv.minimum_history"
    score_is_probability: ClassVar[bool] = False

    horizon_days: int = _YEAR
    discount_rate: float = 0.10  # a year, of the value over three years

    def fit(self, engine: Engine, *, as_of: dt.date, learnt: Learnt | None = None) -> FittedValue:
        return self._fit(purchase_days(engine, as_of), as_of, learnt)

    def _fit(self, days: PurchaseDays, as_of: dt.date, learnt: Learnt | None = None) -> FittedValue:
        if learnt is None or not learnt.serves(self, as_of=as_of):
            learnt = self.learn(days, as_of)
        return FittedValue(self, as_of, days, learnt)

    def learn(self, days: PurchaseDays, as_of: dt.date, *, trees: bool = True) -> Learnt:
        """What the past teaches, with or without trees, and whether the rule does better than that."""
        ours, method = self._ours(days, as_of, trees=trees), self._better(days, as_of, trees=trees)
        return replace(ours, content={**ours.content, "method": method})

    def _ours(self, days: PurchaseDays, as_of: dt.date, *, trees: bool) -> Learnt:
        on = day_number(as_of)
        repeat, season = repeat_buying_at(days, on), season_ratios(days, on, self.horizon_days)
        content = {"repeat": repeat.plain(), "season": season, "trees": self._trees(days, on) if trees else None, "method": "model"}
        return Learnt(self.task, as_of, settings_of(self), content)

    def _better(self, days: PurchaseDays, as_of: dt.date, *, trees: bool) -> Method:
        """Whether the rule erred less on the latest past days than what would have been learnt by then."""
        missed: dict[Method, list[float]] = {"model": [], "rule": []}
        task, some = self._within(days, as_of), days.sample(_TRIED_ON)
        for cutoff in task._past(some, as_of):
            known = some.until(day_number(cutoff))
            if len(known.accounts) >= _LEAST_JUDGED:
                ours = FittedValue(task, cutoff, known, task._ours(known, cutoff, trees=trees))
                came, before = task._came_and_before(some, cutoff)
                missed["model"].append(float(np.abs(ours.worth().revenue - came).mean()))
                missed["rule"].append(float(np.abs(before - came).mean()))
        return erred_less(missed)

    def _within(self, days: PurchaseDays, as_of: dt.date) -> CustomerValue:
        """The same with a horizon of which one is over, and one was before it."""
        half = (day_number(as_of) - days.first_day) // 2
        return replace(self, horizon_days=max(min(self.horizon_days, half), 1))

    def _past(self, days: PurchaseDays, as_of: dt.date) -> list[dt.date]:
        return past_cutoffs(calendar_day(days.first_day), as_of, horizon_days=self.horizon_days, most=2)

    def _came_and_before(self, days: PurchaseDays, cutoff: dt.date) -> tuple[Numbers, Numbers]:
        """Net sales of the customers known on a past day, over the horizon after it and before it."""
        on = day_number(cutoff)
        who = days.summary(on).who
        return days.sum_between("net", on, on + self.horizon_days, who), days.sum_between("net", on - self.horizon_days, on, who)

    def _held(self, days: PurchaseDays, fitted: FittedValue) -> dict[str, float]:
        """The share of customers who then ended within the interval."""
        rows, on = fitted.predict(), day_number(fitted.as_of)
        who = days.summary(on).who
        came = {
            "purchases": days.count_between(on, on + self.horizon_days, who),
            "value": days.sum_between("profit", on, on + self.horizon_days, who).round(2),
        }
        return {
            what: float(((rows[f"{what}_lo"].to_numpy() <= there) & (there <= rows[f"{what}_hi"].to_numpy())).mean())
            for what, there in came.items()
        }

    def _trees(self, days: PurchaseDays, on: int) -> str | None:
        """Boosted trees of the net sales in the weeks after past days; None where the past is too short."""
        window, sample = int(np.clip(self.horizon_days // 4, 30, 90)), days.sample(MOST_CUSTOMERS)
        states = past_states(sample, on, shortest=window, horizon=self._season_days, every=30)
        if sum(len(state.waited) for state in states) < _LEAST_ROWS:
            return None
        matrix = np.vstack([state.known.matrix for state in states])
        sales = np.concatenate([sample.sum_between("net", state.on, state.on + window, state.known.at.who) for state in states])
        if (sales > 0).sum() < _LEAST_ROWS // 10:
            return None
        return Trees.learn(matrix, np.maximum(sales, 0), states[0].known.names, objective="tweedie").text

    @property
    def _season_days(self) -> int:
        return min(self.horizon_days, 180)

    def backtest(self, engine: Engine, *, as_of: dt.date) -> pa.Table:
        days = purchase_days(engine, as_of)
        short = self._within(days, as_of)
        return report([row for cutoff in short._past(days, as_of) for row in short._look_back(days, cutoff)])

    def _look_back(self, days: PurchaseDays, cutoff: dt.date) -> list[dict[str, object]]:
        """Beside the rule: next year is as last year was."""
        from scipy.stats import spearmanr

        fitted = self._fit(days.until(day_number(cutoff)), cutoff)
        came, before = self._came_and_before(days, cutoff)
        told = {"rule": before, told_as(fitted.method): fitted.worth().revenue}
        total, size = max(float(came.sum()), 1e-9), len(came)
        figures = [
            (m, "spearman_net_sales", float(spearmanr(said, came).statistic)) for m, said in told.items() if np.ptp(said) and np.ptp(came)
        ]
        figures += [(m, "bias_of_total", float(said.sum()) / total - 1) for m, said in told.items()]
        figures += [(m, "mean_absolute_error_net_sales", float(np.abs(said - came).mean())) for m, said in told.items()]
        figures += [(told_as(fitted.method), f"share_within_interval_of_{what}", held) for what, held in self._held(days, fitted).items()]
        return [{"cutoff": cutoff, "method": m, "measure": measure, "value": v, "subjects": size} for m, measure, v in figures]


@dataclass(frozen=True)
class Worth:
    """Purchases, net sales and gross profit of each customer within the horizon by the chosen method, and what they were found from."""

    at: Summary
    repeat: RepeatBuying
    purchases: Numbers
    revenue: Numbers
    value: Numbers
    expected: Numbers  # gross profit by our method, around which the interval lies


@dataclass(frozen=True)
class FittedValue:
    settings: CustomerValue
    as_of: dt.date
    days: PurchaseDays
    learnt: Learnt

    @property
    def method(self) -> str:
        """ "model", or "rule" where that erred less on the company's own past."""
        return str(self.learnt.content["method"])

    def worth(self) -> Worth:
        """What the horizon brings each customer; found once, since KPIs on customer value ask it of the last day as well."""
        return self.days.kept(("worth", self.settings, self.as_of, self.learnt.learnt_on, self.method), self._worth)

    def _worth(self) -> Worth:
        on, back = day_number(self.as_of), self.settings.horizon_days
        at, repeat = self.days.summary(on), RepeatBuying.from_plain(self.learnt.content["repeat"])
        more_purchases, more_sales = self.learnt.content["season"]
        evenly, size = self._evenly(at, repeat, back), order_size(self.days, at, "net")
        purchases, revenue = more_purchases * evenly, self._ranked(more_sales * evenly * size, on)
        margin = order_size(self.days, at, "profit") / np.maximum(size, 1e-9)
        expected = revenue * margin
        if self.method == "rule":
            purchases, revenue = self.days.count_between(on - back, on, at.who), self.days.sum_between("net", on - back, on, at.who)
        return Worth(at, repeat, purchases, revenue, revenue * margin, expected)

    def predict(self) -> pa.Table:
        horizon, worth = self.settings.horizon_days, self.worth()
        at, repeat, years = worth.at, worth.repeat, years_ahead(worth.repeat, worth.at, horizon)
        whole, today, size = years.sum(axis=0), worth_today(years, self.settings.discount_rate), len(at.who)
        return pa.table(
            {
                "as_of": pa.array([self.as_of] * size, pa.date32()),
                "horizon_days": pa.array(np.full(size, horizon)),
                "account_id": self.days.accounts.take(pa.array(at.who)),
                "score": worth.value.round(2),
                "p_alive": repeat.p_alive(at.frequency, at.recency, at.T).round(6),
                "revenue": worth.revenue.round(2),
                **self._with_intervals(worth, "", horizon, worth.purchases, worth.value, worth.expected),
                **self._with_intervals(
                    worth, "_36_months", 3 * _YEAR, worth.purchases * whole, worth.value * today, worth.expected * today
                ),
                "historic_value": self.days.sum_between("profit", self.days.first_day - 1, at.on, at.who).round(2),
                "method": pa.array([self.method] * size, pa.string()),
            }
        )

    def _with_intervals(
        self, worth: Worth, over: str, days: int, purchases: Numbers, value: Numbers, expected: Numbers
    ) -> dict[str, Numbers]:
        """Columns of purchases and value over so many days, each between the 10th and the 90th percentile of the purchases of its kind; of
        value at what our method expects of a purchase."""
        at, more = worth.at, self.learnt.content["season"][0]
        kind = at.frequency, at.recency, at.T
        low, high = (worth.repeat.quantile(share, *kind, within=more * days) for share in (0.1, 0.9))
        each = expected / np.maximum(more * worth.repeat.expected(*kind, within=days), 1e-12)
        return {
            f"purchases{over}": purchases.round(6),
            f"purchases{over}_lo": np.minimum(low, purchases).round(6),
            f"purchases{over}_hi": np.maximum(high, purchases).round(6),
            f"value{over}": value.round(2),
            f"value{over}_lo": np.minimum.reduce([low * each, high * each, value]).round(2),
            f"value{over}_hi": np.maximum.reduce([low * each, high * each, value]).round(2),
        }

    def _evenly(self, at: Summary, repeat: RepeatBuying, horizon: int) -> Numbers:
        """Purchases of the horizon if it were like any other part of the year."""
        expected = repeat.expected(at.frequency, at.recency, at.T, within=horizon)
        comes = 1 - repeat.p_none(at.frequency, at.recency, at.T, within=horizon)
        weighed = expected * np.sqrt(np.clip(comes, 0, 1))
        evenly: Numbers = weighed * (expected.sum() / max(float(weighed.sum()), 1e-9))
        return evenly

    def _ranked(self, revenue: Numbers, on: int) -> Numbers:
        """The same total, its order half that of the trees where there are any."""
        if self.learnt.content["trees"] is None:
            return revenue
        seen = np.exp(Trees(self.learnt.content["trees"]).raw(behaviour(self.days, on, self.settings._season_days).matrix))
        both = np.sqrt(seen * revenue)
        ranked: Numbers = both * (revenue.sum() / max(float(both.sum()), 1e-9))
        return ranked


def years_ahead(repeat: RepeatBuying, at: Summary, horizon: int) -> Numbers:
    """Purchases of each of the next three years (a row each) ÷ those of the horizon."""
    ends = np.array([repeat.expected(at.frequency, at.recency, at.T, within=_YEAR * year) for year in (1, 2, 3)])
    years: Numbers = np.diff(ends, axis=0, prepend=0) / np.maximum(repeat.expected(at.frequency, at.recency, at.T, within=horizon), 1e-12)
    return years


def worth_today(years: Numbers, discount_rate: float) -> Numbers:
    """Three years as one number, each discounted from its middle."""
    today: Numbers = (1 + discount_rate) ** -(np.arange(3) + 0.5) @ years
    return today
