"""Which step of the funnel leaks or slows, held against the company's own year before.

*Leaks*: of what entered the step lately, a smaller share went on to a later step. Both groups are given the same number of days to do so
(nine in ten of those that ever went on had done so by then), so that what came in last week counts against nobody. *Slows*: things stay in
the step longer; what is still there counts by survival (Kaplan–Meier), not by being left out. Told is only what chance does not explain.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from nextmove.engine import Engine, literal
from nextmove.errors import MissingData
from nextmove.facts import fill
from nextmove.insights.questions.chance import LEAST, Flags, Numbers, durations_differ, median_of, shares_differ, still_there, told
from nextmove.kpis.scope import EVERYTHING, Scope

LATELY_DAYS = 180
BEFORE_DAYS = 365
_POINTS = 31  # of a curve
_QUERY = Path(__file__).with_suffix(".sql")


@dataclass(frozen=True)
class Side:
    """Entries of one time: how many could have gone on by now, how many did, the median stay, and the share still there by day."""

    entered: int
    judged: int
    went_on: int
    median_days: float | None
    curve: tuple[float, ...]

    @property
    def share(self) -> float | None:
        return self.went_on / self.judged if self.judged else None


@dataclass(frozen=True)
class Step:
    """One step of the funnel, lately and before; `within_days` is the time that both were given."""

    kind: str
    step: str
    place: int
    within_days: int
    lately: Side
    before: Side
    curve_days: tuple[float, ...]
    leaks: bool = False
    slows: bool = False
    improves: bool = False
    money: float | None = None  # amount of the deals that would have gone on at the earlier rate

    @property
    def known(self) -> bool:
        return min(self.lately.judged, self.before.judged) >= LEAST


@dataclass(frozen=True)
class Funnel:
    """All steps in their order; lately is [since, as_of], before the year before that."""

    since: dt.date
    as_of: dt.date
    steps: tuple[Step, ...]


def funnel(engine: Engine, *, as_of: dt.date, scope: Scope = EVERYTHING, lately_days: int = LATELY_DAYS) -> Funnel:
    """The steps of leads and deals within scope, as of the end of a day."""
    since = as_of - dt.timedelta(days=lately_days - 1)
    first = since - dt.timedelta(days=BEFORE_DAYS)
    rows = engine.query(_sql(first, as_of, scope))
    if not rows.num_rows:
        raise MissingData("There are no leads and no deals yet.", where=f"leads, opportunities up to {as_of}", hint="nextmove load FILE")
    names = sorted(
        {(place, kind, step) for place, kind, step in zip(*(rows[c].to_pylist() for c in ("place", "kind", "step")), strict=True)}
    )
    found = [_step(rows, kind, step, place, since=since, as_of=as_of) for place, kind, step in names]
    return Funnel(since, as_of, tuple(_within_budget(found)))


def _sql(first: dt.date, as_of: dt.date, scope: Scope) -> str:
    values = {"first": literal(first), "seen": literal(as_of + dt.timedelta(days=1))}
    limit = "" if scope.reps is None else f" where rep_id in ({', '.join(map(literal, sorted(scope.reps))) or 'null'})"
    return f"select * from (\n{fill(_QUERY.read_text(encoding='utf-8'), values)}\n) as entries{limit}"


@dataclass(frozen=True)
class _Entries:
    """Entries of one step; days since 1970, NaN where it has not happened by `today`."""

    entered: Numbers
    on: Numbers
    left: Numbers
    amount: Numbers
    today: int

    @property
    def ended(self) -> Flags:
        return np.isfinite(self.left)

    @property
    def stay(self) -> Numbers:
        return np.maximum(np.where(self.ended, self.left, self.today) - self.entered, 0)

    def only(self, chosen: Flags) -> _Entries:
        return _Entries(self.entered[chosen], self.on[chosen], self.left[chosen], self.amount[chosen], self.today)

    def judged(self, within: int) -> Flags:
        """Which have had `within` days to go on."""
        return self.entered + within <= self.today

    def went_on(self, within: int) -> Flags:
        return self.judged(within) & (self.on - self.entered <= within)


def _entries(rows: pa.Table, kind: str, step: str, as_of: dt.date) -> _Entries:
    own = rows.filter(pa.compute.and_(pa.compute.equal(rows["kind"], kind), pa.compute.equal(rows["step"], step)))
    entered, on, left = (own[c].cast(pa.int32()).to_numpy().astype(np.float64) for c in ("entered_on", "on_day", "left_on"))
    today = _number(as_of)
    on, left = (np.where(day <= today, day, np.nan) for day in (on, left))
    return _Entries(entered, on, left, own["amount"].to_numpy().astype(np.float64), today)


def _number(day: dt.date) -> int:
    return (day - dt.date(1970, 1, 1)).days


def _step(rows: pa.Table, kind: str, step: str, place: int, *, since: dt.date, as_of: dt.date) -> _Compared:
    every = _entries(rows, kind, step, as_of)
    late = every.entered >= _number(since)
    lately, before = every.only(late), every.only(~late)
    took = (before.on - before.entered)[np.isfinite(before.on)]
    within = int(np.ceil(np.quantile(took, 0.9))) + 1 if len(took) else 30
    points = np.linspace(0, max(float(np.quantile(every.stay, 0.95)), 1), _POINTS)
    now, then = (_side(each, within, points) for each in (lately, before))
    found = Step(kind, step, place, within, now, then, tuple(points.round(1).tolist()))
    return _Compared(
        found,
        leak=shares_differ(now.went_on, now.judged, then.went_on, then.judged),
        slow=durations_differ(lately.stay, lately.ended, before.stay, before.ended),
        amount=float(np.nansum(lately.amount[lately.judged(within)])),
    )


def _side(entries: _Entries, within: int, points: Numbers) -> Side:
    stay, ended = entries.stay, entries.ended
    curve = still_there(stay, ended, points) if len(stay) else np.ones(len(points))
    judged, went_on = int(entries.judged(within).sum()), int(entries.went_on(within).sum())
    return Side(len(stay), judged, went_on, median_of(stay, ended), tuple(curve.round(4).tolist()))


@dataclass(frozen=True)
class _Compared:
    """A step with what chance says of its two differences, and the amount of the deals that were judged lately."""

    step: Step
    leak: float
    slow: float
    amount: float


def _within_budget(found: Sequence[_Compared]) -> list[Step]:
    """The steps, with what may be told of them."""
    known = [each.step.known for each in found]
    tests = [p if there else 1.0 for each, there in zip(found, known, strict=True) for p in (each.leak, each.slow)]
    sure = told(tests)
    return [_judged(each, leak=sure[2 * n], slow=sure[2 * n + 1]) for n, each in enumerate(found)]


def _judged(found: _Compared, *, leak: bool, slow: bool) -> Step:
    step = found.step
    fewer = (step.lately.share or 0) - (step.before.share or 0)
    longer = _area(step.lately.curve) - _area(step.before.curve)
    leaks, slows = leak and fewer < 0, slow and longer > 0
    money = -fewer * found.amount if leaks and step.kind == "deal" else None
    improves = not leaks and not slows and ((leak and fewer > 0) or (slow and longer < 0))
    return replace(step, leaks=leaks, slows=slows, improves=improves, money=money)


def _area(curve: Sequence[float]) -> float:
    return float(np.mean(curve))
