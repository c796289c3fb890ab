"""Which products a customer has stopped buying though they are due, while it buys on.

For every customer and product bought on three different days or more and due within the horizon, the score is the probability that the
customer, if it orders at all, leaves the product out. That condition keeps a lost item apart from a lost customer (task `customers`).
Gradient boosted trees learn it from the company's own past slices (`pairs.py` has the features); learning only from products that kept
selling keeps it apart from a product that went away, which is told from the data instead (`sisters.py`) and carries no money at stake.

Measured on UCI Online Retail II, four cut-offs, overdue pairs: the rule "silent for 1.5 mean gaps" 0.54 AUC, boosting on days alone 0.66,
this 0.696. The rule speaks where there is too little history to learn, or where it did better on the company's own last slice.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa

from nextmove.engine import Engine
from nextmove.predictions import measures
from nextmove.predictions.baskets import Assortment, Baskets, day_number, holds, load_assortment, load_baskets
from nextmove.predictions.between_fits import brought_forward, norms_kept, replaced
from nextmove.predictions.contract import Learnt, past_cutoffs, report, settings_of
from nextmove.predictions.groups import Features, Flags, Numbers
from nextmove.predictions.listing import calibration
from nextmove.predictions.pairs import PairState, pair_blocks, sampled_pairs
from nextmove.predictions.sentences import evidence, told
from nextmove.predictions.sisters import Fate, fate_of_products
from nextmove.predictions.slices import LEAST_ROWS, Slice, past_slices
from nextmove.predictions.trees import MOST_ROWS, ROWS_TO_COMPARE, Trees, evenly, learn, stacked

RULE_GAPS = 1.5  # what vendors print: silent for one and a half of the mean gap


@dataclass(frozen=True)
class Items:
    """Probability that a customer who orders within the horizon leaves out a product that is due."""

    task: ClassVar[str] = "items"
    needs: ClassVar[tuple[str, ...]] = ("order_lines.account_id", "order_lines.product_id", "order_lines.net_amount")
    minimum_history: ClassVar[str] = "predictions.items.minimum_history"
    score_is_probability: ClassVar[bool] = True

    horizon_days: int = 90
    min_purchase_days: int = 3
    active_days: int = 270
    list_length: int = 500

    def fit(self, engine: Engine, *, as_of: dt.date, learnt: Learnt | None = None) -> FittedItems:
        baskets = load_baskets(engine, as_of)
        learnt = learnt or self._learn(baskets, as_of)
        return FittedItems(self, as_of, baskets, load_assortment(engine, baskets, as_of), learnt)

    def between_fits(self, engine: Engine, earlier: pa.Table, *, met: pa.Array, as_of: dt.date, learnt: Learnt) -> pa.Table:
        return brought_forward(
            engine,
            earlier,
            met=met,
            as_of=as_of,
            horizon=self.horizon_days,
            fit=lambda baskets, assortment: FittedItems(self, as_of, baskets, assortment, learnt),
            move=self._moved_on,
            end=_ended,
            tell=_with_evidence,
        )

    def _moved_on(self, rows: pa.Table, days: int) -> pa.Table:
        """So many days later, without what has been given up since."""
        quiet = rows["quiet_days"].to_numpy() + days
        rows = replaced(rows, {"quiet_days": quiet, "late_by_days": _late(quiet, rows["usual_gap_days"].to_numpy())})
        return rows.filter(pa.array(quiet <= self.active_days))

    def backtest(self, engine: Engine, *, as_of: dt.date) -> pa.Table:
        baskets = load_baskets(engine, as_of)
        return report([row for day in backtest_days(baskets, as_of, self.horizon_days) for row in self._judged(baskets, day)])

    def due(self, pairs: PairState) -> Flags:
        """Bought often enough, not long given up, and due within the horizon by its own rhythm."""
        own = pairs.features
        rhythm = (own["n"] >= self.min_purchase_days) & (own["quiet"] <= self.active_days)
        return rhythm & (own["gap_median"] <= own["quiet"] + self.horizon_days)

    def _learn(self, baskets: Baskets, as_of: dt.date) -> Learnt:
        parts = [self._labelled(part) for part in past_slices(baskets, day_number(as_of), horizon=self.horizon_days)]
        content: dict[str, object] = {"method": "rule"}
        if sum(len(label) for _, label in parts) >= LEAST_ROWS and self._beats_rule(parts):
            content = {"method": "model", "trees": learnt_from(parts).as_json(), "drops_seen": drops_seen(parts)}
        return Learnt(self.task, as_of, settings_of(self), content)

    def _labelled(self, part: Slice) -> tuple[Features, Flags]:
        """Due pairs of customers who ordered again, of products that kept selling, and whether the product was left out."""
        return self._answered(part, sampled_pairs(part.later, part.day, self.horizon_days, keep=self.due))

    def _answered(self, part: Slice, state: PairState) -> tuple[Features, Flags]:
        bought, size, accounts = part.bought(self.horizon_days), len(part.later.products), len(part.later.accounts)
        buyers = np.bincount(bought % size, minlength=size)
        orders = np.bincount(bought // size, minlength=accounts)
        enough = min(5, max(2, accounts // 100))
        counted = (orders[state.account] > 0) & (buyers[state.product] >= enough)
        state = state.where(counted)
        return state.features, ~holds(bought, state.account * size + state.product)

    def _beats_rule(self, parts: list[tuple[Features, Flags]]) -> bool:
        """Whether trees from the older slices order the newest better than the rule does; windows do not overlap where history allows."""
        apart = 1 + (self.horizon_days - 1) // 30
        older = parts[apart:] or parts[1:]
        features, label = parts[0]
        if sum(len(rows) for _, rows in older) < LEAST_ROWS:
            return len(label) >= LEAST_ROWS
        score = learnt_from(older, rounds=60, most_rows=ROWS_TO_COMPARE).score(features)
        return measures.area(label, score) > measures.area(label, _rule_score(features))

    def _judged(self, baskets: Baskets, cutoff: dt.date) -> list[dict[str, object]]:
        """One past day: rule and model on the same overdue pairs, of which it is known today what came of them."""
        part = Slice(baskets, day_number(cutoff))
        learnt = self._learn(part.known, cutoff)
        blocks = pair_blocks(part.known, part.day, self.horizon_days, keep=lambda pairs: self.due(pairs) & (pairs.features["late"] > 1))
        features, label = self._answered(part, PairState.stacked(list(blocks)))
        worth = _horizon_profit(features, self.horizon_days)
        scores = {"rule": _rule_score(features), "model": _score(learnt, features)}
        rows = [
            {"cutoff": cutoff, "method": method, "measure": measure, "value": value, "subjects": len(label)}
            for method, score in scores.items()
            for measure, value in _figures(label, score, worth, self.list_length).items()
        ]
        used = {"cutoff": cutoff, "method": "model", "measure": "model_is_used", "value": float(learnt.content["method"] == "model")}
        tenths = [{"cutoff": cutoff, "method": "model", **row} for row in calibration(label, scores["model"])]
        return [*rows, used | {"subjects": len(label)}, *tenths]


@dataclass(frozen=True)
class FittedItems:
    settings: Items
    as_of: dt.date
    baskets: Baskets
    assortment: Assortment
    learnt: Learnt

    def predict(self) -> pa.Table:
        day, horizon = day_number(self.as_of), self.settings.horizon_days
        fate = fate_of_products(self.baskets, self.assortment, day, horizon)
        return pa.concat_tables(self._table(state, fate) for state in pair_blocks(self.baskets, day, horizon, keep=self.settings.due))

    def _table(self, state: PairState, fate: Fate) -> pa.Table:
        own, score, horizon = state.features, _score(self.learnt, state.features), self.settings.horizon_days
        successor = fate.successor[state.product]
        missed = ~(fate.gone[state.product] | (successor >= 0))
        at_stake = np.where(missed, score * _horizon_profit(own, horizon), 0.0)
        size = len(score)
        rows = pa.table(
            {
                "as_of": pa.array([self.as_of] * size, pa.date32()),
                "horizon_days": pa.array(np.full(size, horizon)),
                "account_id": self.baskets.accounts.take(pa.array(state.account)),
                "product_id": self.baskets.products.take(pa.array(state.product)),
                "score": score,
                "purchase_days": own["n"].astype(np.int64),
                "quiet_days": own["quiet"].astype(np.int64),
                "usual_gap_days": own["gap_median"],
                "late_by_days": _late(own["quiet"], own["gap_median"]),
                "visits_since": own["visits_since"].astype(np.int64),
                "at_stake": at_stake.round(2),
                "value": _horizon_profit(own, horizon).round(2),
                "gone": fate.gone[state.product],
                "replaced_by": self.baskets.products.take(pa.array(successor, mask=successor < 0)),
                "method": pa.array([self.learnt.content["method"]] * size, pa.string()),
            }
        )
        return _with_reasons(rows, self.assortment.names_of(state.product))

    def beside(self) -> dict[str, pa.Table]:
        return norms_kept(self.baskets, self.assortment, self.as_of, self.settings.horizon_days)


def backtest_days(baskets: Baskets, as_of: dt.date, horizon: int) -> list[dt.date]:
    """Up to three past days, their horizons one after the other."""
    if not len(baskets.day):
        return []
    first = dt.date(1970, 1, 1) + dt.timedelta(days=baskets.first_day)
    return past_cutoffs(first, as_of, horizon_days=horizon, most=3, every_days=horizon)


def learnt_from(parts: list[tuple[Features, Flags]], *, rounds: int = 180, most_rows: int = MOST_ROWS) -> Trees:
    kept = evenly([len(label) for _, label in parts], most_rows)
    label = np.concatenate([label[rows] for (_, label), rows in zip(parts, kept, strict=True)])
    return learn(stacked([features for features, _ in parts], kept), label.astype(float), rounds=rounds)


def _rule_score(features: Features) -> Numbers:
    """1 where the rule says stopped."""
    return (features["quiet"] > RULE_GAPS * features["gap_mean"]).astype(np.float64)


def _score(learnt: Learnt, features: Features) -> Numbers:
    """The learnt probability; else the rule's lateness, mapped so that one mean gap of silence is one half."""
    if learnt.content["method"] == "model" and len(features["n"]):
        model = Trees.from_json(learnt.content["trees"]).score(features)
        prior = prior_weight(learnt)
        return (1 - prior) * model + prior * np.maximum(model, features["dropped"])
    late = np.nan_to_num(features["late_mean"])
    return np.maximum(late / (1 + late), features["dropped"])


def drops_seen(parts: list[tuple[Features, Flags]]) -> int:
    """Past rows that looked dropped by the pair's own record, and were."""
    return sum(int((label & (features["dropped"] > 0.9)).sum()) for features, label in parts)


def prior_weight(learnt: Learnt) -> float:
    """How far the pair's own record counts beside the trees: much where the past holds few drops that looked like one, for trees
    cannot know what they have not seen; next to nothing after a thousand."""
    return 30 / (30 + int(learnt.content["drops_seen"]))


def _horizon_profit(features: Features, horizon: int) -> Numbers:
    """Gross profit of the pair over a horizon, at the rate of its last year."""
    return np.maximum(features["profit_year"], 0) * horizon / np.maximum(np.minimum(365, features["tenure"]), horizon)


def _figures(label: Flags, score: Numbers, worth: Numbers, length: int) -> dict[str, float]:
    if not len(label):
        return {}
    length = min(length, max(1, len(label) // 10))
    return {
        "auc": measures.area(label, score),
        "average_precision": measures.average_precision(label, score),
        "precision_in_list": measures.precision_at(label, score, length),
        "money_captured_in_list": measures.captured_at(worth * label, score * worth, length),
        "brier": measures.brier(label, score),
        "base_rate": float(label.mean()),
    }


def _ended(rows: pa.Table, gone: Flags) -> pa.Table:
    """With the products that have ended, or sell again, since the rows were scored."""
    changed = gone != rows["gone"].to_numpy()
    missed = ~gone & rows["replaced_by"].is_null().to_numpy()
    worth = np.where(missed, rows["score"].to_numpy() * rows["value"].to_numpy(), 0.0).round(2)
    return replaced(rows, {"gone": gone, "at_stake": np.where(changed, worth, rows["at_stake"].to_numpy())})


def _late(quiet: Numbers, usual: Numbers) -> Numbers:
    late: Numbers = np.maximum(quiet - usual, 0)
    return late


def _with_reasons(rows: pa.Table, names: pa.Array) -> pa.Table:
    """`rows` with the sentence and its evidence."""
    sentence = told("predictions.items.reason", _numbers_told(rows, names))
    return _with_evidence(rows.append_column("reason", sentence), names)


def _with_evidence(rows: pa.Table, names: pa.Array) -> pa.Table:
    return rows.append_column("evidence", evidence("predictions.items.reason", _numbers_told(rows, names)))


def _numbers_told(rows: pa.Table, names: pa.Array) -> dict[str, pa.Array]:
    """What fills the sentence: it stands in the other columns."""
    return {
        "product": names,
        "purchase_days": rows["purchase_days"].combine_chunks(),
        "gap_days": pa.array(np.rint(rows["usual_gap_days"].to_numpy()).astype(np.int64)),
        "quiet_days": rows["quiet_days"].combine_chunks(),
        "visits": rows["visits_since"].combine_chunks(),
    }
