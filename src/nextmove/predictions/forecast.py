"""What the coming months bring: net sales and gross profit of the company, and of each team, representative, region and category.

Repeat business comes from the past months of customers and members (`month_methods`), weighed by what was right on this company's own past,
made to add up and put into bands that its own past errors ask for (`outlook`); open deals with accounts that never bought are added
(`pipeline_months`). Where last year's months erred less on the company's past they are what is told, and `method` says "rule". Of the month
that runs, what is booked stays, and the rest is expected in proportion to the working days that are left.

The parts of each dimension add up to the company to the cent, and representatives to their team. `value_lo` to `value_hi` should hold 80 %
of what comes, `value_lo_50` to `value_hi_50` half of it. `booked`, `repeat` and `pipeline` add up to `value`. With fewer than 18 complete
months it stays silent: no year has been seen twice.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa

from nextmove.engine import Engine
from nextmove.errors import MissingData
from nextmove.predictions.bands import LEVELS
from nextmove.predictions.choosing import told_as
from nextmove.predictions.contract import Learnt, report, sales_until
from nextmove.predictions.forecast_table import Told, forecast_table, history_table, replayed_table, rounded
from nextmove.predictions.month_methods import METHODS
from nextmove.predictions.months import COMPANY, Months, Numbers, load_months, month_number
from nextmove.predictions.outlook import LEAST_MONTHS, RULE, Walk, added_up, parents_of, walk
from nextmove.predictions.pipeline_months import Pipeline, pipeline_of
from nextmove.words import text

_LOOKS_BACK = 4
_REPLAYED = 12  # months


@dataclass(frozen=True)
class Forecast:
    """Sales and profit by month, with bands that were measured."""

    task: ClassVar[str] = "forecast"
    needs: ClassVar[tuple[str, ...]] = ("order_lines.ordered_at", "order_lines.net_amount")
    minimum_history: ClassVar[str] = "predictions.forecast.minimum_history"
    score_is_probability: ClassVar[bool] = False

    horizon_days: int = 180

    def fit(self, engine: Engine, *, as_of: dt.date, learnt: Learnt | None = None) -> FittedForecast:
        horizon = self._months_ahead(as_of)
        known = load_months(engine, as_of=as_of, ahead=horizon)
        if known[0].count < LEAST_MONTHS:
            said = text("predictions.forecast.too_short", months=known[0].count, least=LEAST_MONTHS)
            raise MissingData(said, where=f"order_lines up to {as_of}", hint="nextmove load FILE")
        parents = parents_of(known[0], _teams(engine, as_of))
        pipeline = pipeline_of(engine, known[0], as_of=as_of, horizon=horizon)
        return FittedForecast(self, as_of, tuple(walk(months, parents, horizon) for months in known), pipeline)

    def _months_ahead(self, as_of: dt.date) -> int:
        """The months that the horizon touches, each whole."""
        return month_number(as_of + dt.timedelta(days=self.horizon_days)) - month_number(as_of + dt.timedelta(days=1)) + 1

    def backtest(self, engine: Engine, *, as_of: dt.date) -> pa.Table:
        """At past ends of months, all of whose months ahead are over: the rule (same month of the year before), a level with trend and
        season, and this method, over all series and months; each error as share of the sales, and as multiple of the rule's usual error."""
        now = self.fit(engine, as_of=as_of)
        latest = now.walks[0].months.count - now.walks[0].horizon
        ends = [end for end in range(latest - 3 * (_LOOKS_BACK - 1), latest + 1, 3) if end >= LEAST_MONTHS]
        return report([row for end in ends for row in self._look_back(engine, now, end)])

    def _look_back(self, engine: Engine, now: FittedForecast, end: int) -> list[dict[str, object]]:
        cutoff = now.walks[0].months.start(end) - dt.timedelta(days=1)
        if cutoff > now.as_of - dt.timedelta(days=self.horizon_days):
            return []
        then = FittedForecast(self, cutoff, (now.walks[0],), pipeline_of_past(engine, now.walks[0], end, cutoff))
        return [{"cutoff": cutoff, **figure} for figure in _figures(now.walks[0], then, end - now.walks[0].first)]


def pipeline_of_past(engine: Engine, walked: Walk, end: int, cutoff: dt.date) -> Pipeline | None:
    return pipeline_of(engine, walked.months.until(end), as_of=cutoff, horizon=walked.horizon)


@dataclass(frozen=True)
class FittedForecast:
    settings: Forecast
    as_of: dt.date
    walks: tuple[Walk, ...]  # one a KPI, net sales first
    pipeline: Pipeline | None

    @property
    def learnt(self) -> Learnt | None:
        return None  # learning takes no longer than reading the months

    def predict(self) -> pa.Table:
        return forecast_table(self.as_of, self.settings.horizon_days, [self.told(walked, len(walked.told) - 1) for walked in self.walks])

    def told(self, walked: Walk, at: int) -> Told:
        """What one KPI is expected to be, said at a step of its walk; what is booked belongs to the last step."""
        months, left = walked.months, np.ones(walked.horizon)
        booked = np.zeros_like(walked.told[at])
        if at == len(walked.told) - 1:
            booked[:, 0], left[0] = months.booked, 1 - months.done
        repeat, pipeline = self._parts(walked, at)
        halves = {level: half * np.sqrt(left) for level, half in walked.half_widths(at).items()}
        return rounded(Told(months, walked.parents, booked, repeat * left, pipeline, halves, walked.signed(at), bool(walked.by_rule[at])))

    def _parts(self, walked: Walk, at: int) -> tuple[Numbers, Numbers]:
        """Repeat business and pipeline, each adding up."""
        history = walked.told[at]
        if self.pipeline is None:
            return history, np.zeros_like(history)
        margin = self._margin(walked)
        repeat = added_up(np.maximum(history - margin * self.pipeline.usual, np.minimum(history, 0)), walked.months.groups, walked.parents)
        return repeat, margin * _spread_out(self.pipeline.expected, repeat, walked)

    def _margin(self, walked: Walk) -> float:
        """What a unit of net sales is in this KPI."""
        sales = float(self.walks[0].months.money[0, -12:].sum())
        return float(np.clip(walked.months.money[0, -12:].sum() / sales, 0, 1)) if sales > 0 else 1.0

    def beside(self) -> dict[str, pa.Table]:
        return {"predictions.forecast_months": self.history(), "predictions.forecast_replayed": self.replayed()}

    def history(self) -> pa.Table:
        """What came in each complete month."""
        return pa.concat_tables(history_table(walked.months) for walked in self.walks).combine_chunks()

    def replayed(self) -> pa.Table:
        """What would have been said at the ends of the latest months, without pipeline: to show how right it is before any edition has."""
        blocks = []
        for walked in self.walks:
            plain = FittedForecast(self.settings, self.as_of, (walked,), None)
            steps = range(max(len(walked.told) - 1 - _REPLAYED, LEAST_MONTHS - walked.first), len(walked.told) - 1)
            blocks += [(walked.first + at, plain.told(walked, at)) for at in steps]
        return replayed_table(blocks)


def _spread_out(expected: Numbers, repeat: Numbers, walked: Walk) -> Numbers:
    """The deals whose member sells nothing yet, spread over the members of each dimension by what they sell."""
    spread = expected.copy()
    for name, rows in walked.months.groups.items():
        if name == COMPANY:
            continue
        for parent in np.unique(walked.parents[rows]):
            mine = rows[walked.parents[rows] == parent]
            rest = np.maximum(spread[parent] - expected[mine].sum(axis=0), 0)
            spread[mine] += rest * (repeat[mine] + 1e-9) / (repeat[mine] + 1e-9).sum(axis=0)
    return spread


def _teams(engine: Engine, as_of: dt.date) -> dict[str, str]:
    ask = f"select rep_id, max(team) as team from {sales_until(as_of)} as sales where rep_id is not null group by rep_id order by rep_id"
    return {row["rep_id"]: row["team"] for row in engine.query(ask).to_pylist() if row["team"] is not None}


def _figures(walked: Walk, then: FittedForecast, at: int) -> list[dict[str, object]]:
    told, came = then.told(walked, at), walked.came[at]
    said = {
        "rule": walked.by_method[at, RULE],
        "level, trend and season": walked.by_method[at, METHODS.index("smoothed")],
    }
    ours = told_as("rule" if told.by_rule else "model")
    said |= {ours: told.value}
    worth = walked.worth(at)
    usual = _rules_error(walked.months, walked.first + at)[worth]
    rows: list[dict[str, object]] = []
    for method, value in said.items():
        miss = np.abs(value - came)
        scaled = float((miss[worth].mean(axis=1) / usual).mean())
        figures = {
            "wape_company": float(miss[0].sum() / max(came[0].sum(), 1e-9)),
            "wape": float(miss.sum() / max(np.abs(came).sum(), 1e-9)),
            "mase": scaled,
        }
        rows += [{"method": method, "measure": name, "value": value, "subjects": int(miss.size)} for name, value in figures.items()]
    for level in LEVELS:
        inside = (np.abs(told.value - came) <= told.halves[level] + 0.005)[worth]
        rows.append(
            {
                "method": ours,
                "measure": f"share_within_{level * 100:.0f}_percent_interval",
                "value": float(inside.mean()),
                "subjects": int(inside.size),
            }
        )
    return rows


def _rules_error(months: Months, end: int) -> Numbers:
    """The mean error of "as in the same month a year before" within what was known: the unit of the mean absolute scaled error."""
    error = np.abs(months.money[:, 12:end] - months.money[:, : end - 12]).mean(axis=1)
    usual: Numbers = np.maximum(error, 1e-9)
    return usual
