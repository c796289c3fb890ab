"""One scorer for tables of leads and deals: the chance of a good end, from what was known when the record began.

Fields are few-valued texts, numbers and a day, so a ridge logistic regression on their values (each value drawn to the average as far as
it is rare), the same with pairs of values, and one on smoothed rates (target encoding, out of fold) do the work; boosted trees are worth
it in wide tables only. The company's own past decides: all learn from the older 60 % and 80 % of the records and score the next 20 %
each; what ranks within noise of the best is averaged. Where nothing beats chance there, everybody gets the base rate and a warning.
Nobody knows beforehand how fast a trade changes, so a memory of a quarter and one of a year (half-lives) are averaged as well; the level is
that of the latest records.

Columns that are filled in after the outcome make any score look excellent (0.984 against 0.894 AUC on the same leads), so they are
found, named and left out: one that tells the outcome nearly alone, or whose being filled does.

- D. Micci-Barreca (2001), A preprocessing scheme for high-cardinality categorical attributes: smoothed rates
- J. Hanley, B. McNeil (1982), The meaning and use of the area under a ROC curve: the noise of it
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa

from nextmove.predictions import measures
from nextmove.predictions.encoding import Table, rates, seasons_of, table_of
from nextmove.predictions.groups import Flags, Numbers
from nextmove.predictions.table_models import LEARNERS, Model, apart, from_plain, logit, plain

LEAST_RECORDS = 100  # decided records below which nothing is learnt
MOST_RECORDS = 50_000  # the latest, learnt from
LEAST_EACH = 20  # of the good ones and of the others
LEAK_ALONE = 0.97  # AUC of one column alone
LEAK_FILLED = 0.80  # AUC of its being filled alone
MEMORIES = (90.0, 365.0)  # days after which a record counts half
TREES_FROM = 6  # columns; with fewer, single values and pairs of them leave nothing to find
_MOST_ODDS = float(logit(np.array(1.0)))  # of one model, so that no single one decides


@dataclass(frozen=True)
class Scored:
    """Chances for the rows that were asked for, and what must be told beside them."""

    chance: Numbers
    method: str  # "model", or "base rate" where nothing beat chance
    base_rate: float
    past_auc: float  # on the company's own past; one half where nothing could be tried
    left_out: tuple[str, ...] = ()  # columns that tell the outcome and cannot have been known before it
    used: tuple[str, ...] = field(default=())
    choice: Choice | None = None

    @property
    def beats_chance(self) -> bool:
        return self.method == "model"


@dataclass(frozen=True)
class Choice:
    """What the company's own past has decided, and what was learnt of it: kept, so that the next days only score."""

    learners: tuple[str, ...]  # none where nothing beats chance
    past_auc: float
    slope: float
    left_out: tuple[str, ...]
    used: tuple[str, ...]
    models: tuple[Mapping[str, Any], ...] = ()  # Any: JSON values

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Choice:  # Any: JSON values
        parts: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in plain.items()}
        return cls(**parts)


def score_table(
    train: pa.Table,
    test: pa.Table,
    *,
    label: str,
    time: str | None = None,
    learners: tuple[str, ...] | None = None,
    choice: Choice | None = None,
) -> Scored:
    """The chance of `label` (0 or 1) for the rows of `test`, learnt from `train`; `time` names the column that orders both. `learners` are
    those that may be chosen, where not all; with a `choice` made on an earlier day nothing is learnt again."""
    outcome = train[label].to_numpy().astype(np.float64)
    known, asked = table_of(train.drop_columns([label]), time), table_of(test, time)
    order = np.argsort(known.day, kind="stable")[-MOST_RECORDS:]
    known, outcome = known.rows(order), outcome[order]
    base = _level(known, outcome)
    enough = len(outcome) >= LEAST_RECORDS and min(outcome.sum(), len(outcome) - outcome.sum()) >= LEAST_EACH
    if not enough:
        return Scored(np.full(asked.size, base), "base rate", base, 0.5)
    choice = choice or choose(known, outcome, asked, among=learners)
    if not choice.learners or not asked.size:
        return Scored(np.full(asked.size, base), "base rate", base, choice.past_auc, choice.left_out, choice=choice)
    if not choice.models:
        models = _learnt(choice.learners, known.only(choice.used), outcome, asked)
        choice = replace(choice, models=tuple(plain(model) for model in models))
    centre, odds = logit(np.array(base)), np.mean(_odds([from_plain(model) for model in choice.models], asked), axis=0)
    chance = _chance(centre + choice.slope * (odds - centre))
    return Scored(chance, "model", base, choice.past_auc, choice.left_out, choice.used, choice)


def choose(known: Table, outcome: Numbers, asked: Table, *, among: tuple[str, ...] | None = None) -> Choice:
    """Which columns may be looked at, which learners are worth it, and how far their odds are to be stretched."""
    left_out = leaking(known, outcome, asked)
    kept = known.only(asked.names).without((*left_out, *seasons_of(known)))
    kept = kept.without(silent(kept, outcome))
    if not kept.names or not asked.size:
        return Choice((), 0.5, 1.0, left_out, kept.names)
    trials = _trials(kept, outcome, among)
    learners, area = chosen_learners(trials)
    return Choice(learners, area, slope(learners, trials) if learners else 1.0, left_out, kept.names)


def _level(known: Table, outcome: Numbers) -> float:
    """The share of good ends of late, drawn to one half by two records."""
    weight = _weights(known, known.day.max() if known.size else 0.0, MEMORIES[0])
    return float((weight @ outcome + 1) / (weight.sum() + 2)) if len(outcome) else 0.5


def _weights(known: Table, now: float, half_life: float) -> Numbers:
    weights: Numbers = 0.5 ** ((now - known.day) / half_life)
    return weights


def leaking(known: Table, outcome: Numbers, asked: Table) -> tuple[str, ...]:
    """Columns that tell the outcome nearly alone, or whose being filled does while open records have it empty."""
    found = []
    good = outcome == 1
    for name in known.names:
        told = apart(good, rates(known.column(name), outcome, known.column(name), folds=5))
        filled = apart(good, known.filled(name).astype(float))
        emptier = asked.size == 0 or asked.filled(name).mean() < known.filled(name).mean() - 0.05
        if told >= LEAK_ALONE or filled >= LEAK_FILLED or (filled >= 0.65 and emptier):
            found.append(name)
    return tuple(found)


def silent(known: Table, outcome: Numbers) -> tuple[str, ...]:
    """Columns that tell nothing: alone, they order the records no better than by chance (less than one standard error)."""
    good = outcome == 1
    least = 0.5 + _noise(good)
    return tuple(
        name for name in known.names if measures.area(good, rates(known.column(name), outcome, known.column(name), folds=5)) < least
    )


@dataclass(frozen=True)
class Trial:
    """A late part of the past: what came, and the odds that each learner gave it, one with each memory, from all that was before."""

    outcome: Numbers
    odds: Mapping[str, list[Numbers]]

    @property
    def good(self) -> Flags:
        flags: Flags = self.outcome == 1
        return flags


def _trials(known: Table, outcome: Numbers, among: tuple[str, ...] | None) -> list[Trial]:
    """The two latest fifths; none where one of them tells nothing."""
    tried = [name for name in among or LEARNERS if name != "trees" or len(known.names) >= TREES_FROM]
    trials = []
    for before, after in _fifths(known):
        if any(outcome[part].min() == outcome[part].max() for part in (before, after)):
            return []
        then = known.rows(before), outcome[before], known.rows(after)
        trials.append(Trial(outcome[after], {name: _odds(_learnt([name], *then), then[2]) for name in tried}))
    return trials


def chosen_learners(trials: Sequence[Trial]) -> tuple[tuple[str, ...], float]:
    """The learners within noise of the best on the latest past, and their AUC together; none where chance is as good."""
    if not trials:
        return (), 0.5
    noise = [_noise(trial.good) for trial in trials]
    mean = {
        name: float(np.mean([measures.area(trial.good, _chance(np.mean(trial.odds[name], axis=0))) for trial in trials]))
        for name in trials[0].odds
    }
    best, doubt = max(mean.values()), float(np.sqrt(np.sum(np.square(noise))) / len(noise))
    if best - 0.5 < 2.5 * doubt:
        return (), best
    return tuple(name for name in mean if mean[name] >= best - doubt), best


def _fifths(known: Table) -> list[tuple[slice, slice]]:
    """The two latest fifths, each after all that was before."""
    ends = [int(known.size * share) for share in (0.6, 0.8, 1.0)]
    return [(slice(0, begin), slice(begin, end)) for begin, end in pairwise(ends)]


def slope(names: Sequence[str], trials: Sequence[Trial]) -> float:
    """How far the odds are to be stretched or drawn together: what would have been right on the latest fifths (drawing rare values to the
    average makes chances too timid, a trade that changes makes them too bold)."""
    from sklearn.linear_model import LogisticRegression

    parts = [logit(_chance(np.mean([odds for name in names for odds in trial.odds[name]], axis=0))) for trial in trials]
    which = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    rows = np.stack([np.concatenate(parts), which], axis=1)
    fitted = LogisticRegression(C=100.0).fit(rows, np.concatenate([trial.outcome for trial in trials])).coef_[0, 0]
    return float(np.clip(fitted, 0.5, 2.0))


def _noise(good: Flags) -> float:
    """Standard error of an AUC of one half."""
    hits, misses = int(good.sum()), int((~good).sum())
    return float(np.sqrt((hits + misses + 1) / (12 * hits * misses)))


def _learnt(names: Sequence[str], known: Table, outcome: Numbers, asked: Table) -> list[Model]:
    """What the learners make of the past, one model with each memory."""
    now = max(known.day.max(), asked.day.min()) if asked.size else known.day.max()
    weights = [_weights(known, now, memory) for memory in MEMORIES]
    return [model for name in names for model in LEARNERS[name](known, outcome, weights)]


def _odds(models: Sequence[Model], asked: Table) -> list[Numbers]:
    """The odds that each model gives."""
    return [np.clip(model.odds(asked), -_MOST_ODDS, _MOST_ODDS) for model in models]


def _chance(odds: Numbers) -> Numbers:
    chance: Numbers = 1 / (1 + np.exp(-odds))
    return chance
