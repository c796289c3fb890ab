"""How long until a customer buys again: the probability of no purchase within so many days, for one or several numbers of days.

Four views of each customer are held against each other: trees and a linear model on behaviour (`learners`), the repeat-buying model
(`repeat_buying`) and the vendors' rule (how many mean gaps it has been quiet). How much each counts is learnt from the company's own
latest slices, which none of the compared models had seen: no single one wins everywhere, on irregular wholesale customers repeat buying
equals boosting, on regular resellers it is far behind. Where the rule ranks those slices best, the rule is used.

*Level.* Models that learn from labelled slices know the level of the past; the repeat-buying model knows today's, but no season. So its
level is corrected by how far it was off in the same weeks a year before (`season`), and both levels are weighed by how wrong each was on
the latest slices.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.special import expit, logit

from nextmove.predictions.behaviour import Behaviour, behaviour
from nextmove.predictions.learners import Linear, Trees
from nextmove.predictions.mixing import UNTESTED, Mixing, judge, level_gap
from nextmove.predictions.past import MOST_CUSTOMERS, STEP_DAYS, PastState, past_states
from nextmove.predictions.repeat_buying import RepeatBuying, repeat_buying_at
from nextmove.predictions.rhythm import Flags, Numbers, PurchaseDays
from nextmove.predictions.season import year_before

_CHECKS = 3  # the latest slices, a month apart, on which the views are compared
_CHECK_EVERY = 30
_MOST_ROWS = 50_000  # learnt from at once; more change the third decimal only


@dataclass(frozen=True)
class Wait:
    """What was learnt for one number of days."""

    days: int
    trees: Trees | None
    linear: Linear | None
    rule: Linear | None
    mixing: Mixing
    shift: float  # of the log-odds, to the level of the coming weeks

    def none(self, known: Behaviour, repeat: RepeatBuying) -> Numbers:
        """Probability of no purchase within `days`, for each customer."""
        probability: Numbers = expit(self.mixing.mix(self.views(known, repeat)) + self.shift)
        return probability

    def views(self, known: Behaviour, repeat: RepeatBuying) -> Numbers:
        """Log-odds of no purchase as each view has them, one column a view."""
        own = repeat_view(known, repeat, self.days)
        if self.trees is None or self.linear is None or self.rule is None:
            return np.column_stack([own, own, own, own])
        return np.column_stack(
            [self.trees.raw(known.matrix), self.linear.raw(known.matrix, known.names), own, self.rule.raw(*_rule_of(known))]
        )

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Wait:  # Any: JSON values
        linear, rule = (Linear.from_plain(plain[view]) if plain[view] else None for view in ("linear", "rule"))
        trees = Trees(**plain["trees"]) if plain["trees"] else None
        return cls(plain["days"], trees, linear, rule, Mixing.from_plain(plain["mixing"]), plain["shift"])


@dataclass(frozen=True)
class Waiting:
    """A fitted model of the time to the next purchase, for increasing numbers of days."""

    repeat: RepeatBuying
    waits: tuple[Wait, ...]
    horizon: int

    def known(self, days: PurchaseDays, on: int) -> Behaviour:
        return behaviour(days, on, self.horizon)

    def none_within(self, known: Behaviour) -> Numbers:
        """Probability of no purchase, a row a customer, a column a number of days; never rising with the days."""
        return np.minimum.accumulate(np.column_stack([wait.none(known, self.repeat) for wait in self.waits]), axis=1)

    def plain(self) -> dict[str, Any]:  # Any: JSON values
        return {"repeat": self.repeat.plain(), "waits": [asdict(wait) for wait in self.waits], "horizon": self.horizon}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Waiting:  # Any: JSON values
        waits = tuple(Wait.from_plain(wait) for wait in plain["waits"])
        return cls(RepeatBuying.from_plain(plain["repeat"]), waits, plain["horizon"])


def learn_waiting(
    days: PurchaseDays, on: int, *, waits: tuple[int, ...], min_purchase_days: int, every: int = STEP_DAYS, most_rows: int = _MOST_ROWS
) -> Waiting:
    """Learn from all that was known at the end of day `on`."""
    sample, horizon = days.sample(MOST_CUSTOMERS), max(waits)
    slices = past_states(sample, on, shortest=min(waits), horizon=horizon, every=every)
    learner = _Learner(sample, on, slices, min_purchase_days, horizon, repeat_buying_at(days, on), most_rows)
    mixing = learner.mixing(horizon)
    return Waiting(learner.repeat, tuple(learner.learn(wait, mixing) for wait in waits), horizon)


def repeat_view(known: Behaviour, repeat: RepeatBuying, days: int) -> Numbers:
    at = known.at
    view: Numbers = logit(np.clip(repeat.p_none(at.frequency, at.recency, at.T, within=days), 1e-4, 1 - 1e-4))
    return view


def _rule_of(known: Behaviour) -> tuple[Numbers, tuple[str, ...]]:
    return known.column("quiet_by_mean_gap")[:, None], ("quiet_by_mean_gap",)


@dataclass(frozen=True)
class _Learner:
    days: PurchaseDays
    on: int
    slices: list[PastState]
    min_purchase_days: int
    horizon: int
    repeat: RepeatBuying
    most_rows: int

    def learn(self, wait: int, mixing: Mixing) -> Wait:
        final = self._fit(self._over(wait, by=self.on), wait)
        if final is None:
            return Wait(wait, None, None, None, UNTESTED, year_before(self.days, self.on, wait, self.min_purchase_days))
        known = behaviour(self.days, self.on, self.horizon)
        gap = self._level_gap(known, final.views(known, self.repeat), mixing, wait, self.repeat)
        return Wait(wait, final.trees, final.linear, final.rule, mixing, (1 - mixing.own_level) * gap)

    def _over(self, wait: int, *, by: int) -> list[PastState]:
        return [past for past in self.slices if past.on + wait <= by]

    def mixing(self, wait: int) -> Mixing:
        """How much each view counts: models that saw only what was over before the latest slices are compared on these."""
        latest = self._latest(wait)
        early = self._fit(self._over(wait, by=latest[-1].on), wait) if latest else None
        if early is None:
            return UNTESTED
        return judge([self._check(past, early, wait) for past in latest])

    def _latest(self, wait: int) -> list[PastState]:
        over = self._over(wait, by=self.on)
        return [past for past in over if (over[0].on - past.on) % _CHECK_EVERY == 0][:_CHECKS]

    def _check(self, past: PastState, early: Wait, wait: int) -> tuple[Numbers, Flags, float]:
        """The views of a slice, what came, and the level that repeat buying expected then."""
        known, repeat = past.known, repeat_buying_at(self.days, past.on)
        rows = past.rows(min_purchase_days=self.min_purchase_days, horizon=self.horizon)
        views = early.views(known, repeat)
        gap = self._level_gap(known, views, UNTESTED, wait, repeat)
        return views[rows], (past.waited > wait)[rows], gap

    def _level_gap(self, known: Behaviour, views: Numbers, mixing: Mixing, wait: int, repeat: RepeatBuying) -> float:
        """By how much the mixed log-odds must move to the level that repeat buying and season expect."""
        open_ = (known.at.count >= self.min_purchase_days) & (known.at.quiet_days <= 2 * self.horizon)
        expected = expit(repeat_view(known, repeat, wait)[open_] + year_before(self.days, known.at.on, wait, self.min_purchase_days))
        return level_gap(mixing.mix(views)[open_], float(expected.mean())) if open_.any() else 0.0

    def _fit(self, over: list[PastState], wait: int) -> Wait | None:
        """All views learnt from these slices; None where they are too few to learn from."""
        chosen = self._evenly([past.rows(min_purchase_days=self.min_purchase_days, horizon=self.horizon) for past in over], over)
        if not over or sum(int(rows.sum()) for rows in chosen) < 300:
            return None
        outcome = np.concatenate([(past.waited > wait)[rows] for past, rows in zip(over, chosen, strict=True)])
        if min(outcome.sum(), (~outcome).sum()) < 30:
            return None
        matrix = np.vstack([past.known.matrix[rows] for past, rows in zip(over, chosen, strict=True)])
        names = over[0].known.names
        rule = matrix[:, [names.index("quiet_by_mean_gap")]]
        trees, linear = Trees.learn(matrix, outcome.astype(np.float64), names), Linear.learn(matrix, outcome, names)
        return Wait(wait, trees, linear, Linear.learn(rule, outcome, ("quiet_by_mean_gap",)), UNTESTED, 0.0)

    def _evenly(self, chosen: list[Flags], over: list[PastState]) -> list[Flags]:
        """The rows of so many customers, always the same, that the time to learn stays bounded."""
        share = self.most_rows / max(sum(int(rows.sum()) for rows in chosen), 1)
        if share >= 1:
            return chosen
        kept = np.random.default_rng(1).random(len(self.days.accounts)) < share
        return [rows & kept[past.known.at.who] for rows, past in zip(chosen, over, strict=True)]
