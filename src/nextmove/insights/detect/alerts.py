"""Which departures are told, and once: a budget of false alarms over everything, and alerts that are states.

**Budget.** Each period, all series are ranked by how improbable their departure is, and only those pass that keep the
expected share of false ones below `false_discovery_rate` (Benjamini and Hochberg 1995): with ten thousand quiet series a
departure must be much clearer than with ten. On top of it stands `least_strength`, chosen so that a series in which nothing ever
changes is told at most `false_alerts_per_series_year` times a year (`LEAST_STRENGTH`, found by simulation; a test repeats it).

**State.** An alert opens, stays open while the departure lasts, and closes when the last four weeks are back within what
is usual: because the series came back, or because the new level has become the expectation. While it is open, and for a while
after, the same departure is not told again; the return to normal is its end, not a new alert.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

from nextmove.insights.detect.order import Numbers

# Alerts a year that one series of pure noise gives, by strength: see tests/insights/test_detect.py::test_budget_is_kept
LEAST_STRENGTH = ((2.6, 0.74), (2.85, 0.46), (3.1, 0.26), (3.4, 0.135), (3.7, 0.064), (4.0, 0.025))
LOOKS = 2.0  # independent looks that the overlapping windows of one period amount to


@dataclass(frozen=True)
class Budget:
    false_discovery_rate: float = 0.10
    false_alerts_per_series_year: float = 0.3
    freedom: float = 50.0  # a strength is divided by an estimate, so its tail is Student's: 50 fits the simulated rates of weeks

    @property
    def least_strength(self) -> float:
        """Linear between the simulated points, on the logarithm of the rate."""
        strength, rate = np.array(LEAST_STRENGTH).T
        return float(np.interp(-np.log(self.false_alerts_per_series_year), -np.log(rate), strength))


@dataclass(frozen=True)
class Patience:
    """In periods: an alert lasts `shortest` at least; the same direction is not told again within `quiet`, the other within `turn`."""

    quiet: int
    turn: int
    shortest: int


@dataclass(frozen=True)
class Alert:
    """One departure of one series. Columns are positions in the periods; `closed` None = still open."""

    series: int
    opened: int
    closed: int | None
    direction: int
    strength: float
    window: int


def alerts(strength: Numbers, windows: tuple[int, ...], *, steady: int, budget: Budget, patience: Patience, first: int) -> list[Alert]:
    """Walk through the periods and keep the state of every series. `steady` is the window that says whether it is over."""
    tellable = np.nan_to_num(strength)
    widest = np.asarray(np.abs(tellable).argmax(axis=0))
    signal = np.take_along_axis(tellable, widest[None], axis=0)[0]
    passing = _passing(signal, np.asarray(np.isfinite(strength).any(axis=0)), budget)
    state = _State.quiet(signal.shape[0])
    for t in range(first, signal.shape[1]):
        state.close(tellable[steady, :, t], t, patience)
        state.open(signal[:, t], widest[:, t], passing[:, t], t, windows, patience)
    return state.found()


def _passing(signal: Numbers, known: NDArray[np.bool_], budget: Budget) -> NDArray[np.bool_]:
    """Series × periods that the budget lets through."""
    chance = np.where(known, np.minimum(1.0, LOOKS * 2 * stdtr(budget.freedom, -np.abs(signal))), 1.0)
    ordered = np.sort(np.where(known, chance, 2.0), axis=0)
    rank = np.arange(1, len(signal) + 1)[:, None] / np.maximum(known.sum(axis=0), 1)
    kept = ordered <= budget.false_discovery_rate * rank
    cut = np.max(np.where(kept, ordered, -1.0), axis=0, initial=-1.0)
    return np.asarray((chance <= cut) & (np.abs(signal) >= budget.least_strength))


@dataclass
class _State:
    direction: Numbers
    told: Numbers  # the direction last told
    opened: NDArray[np.int64]
    index: NDArray[np.int64]  # of the open alert in `alerts`
    alerts: list[Alert]

    @classmethod
    def quiet(cls, size: int) -> _State:
        return cls(np.zeros(size), np.zeros(size), np.full(size, -10_000), np.full(size, -1), [])

    def close(self, recent: Numbers, t: int, patience: Patience) -> None:
        age = t - self.opened
        back = (self.direction * recent < 1.0) & (age >= patience.shortest)
        for series in np.flatnonzero((self.direction != 0) & back):
            self._end(int(series), t)

    def open(
        self, signal: Numbers, widest: NDArray[np.int64], passing: NDArray[np.bool_], t: int, windows: tuple[int, ...], patience: Patience
    ) -> None:
        direction, age = np.sign(signal), t - self.opened
        rested = np.where(direction == self.told, age >= patience.quiet, age >= patience.turn)
        for series in np.flatnonzero(passing & (direction != self.direction) & rested):
            if self.direction[series]:
                self._end(int(series), t)
            self.direction[series] = self.told[series] = direction[series]
            self.opened[series], self.index[series] = t, len(self.alerts)
            width = windows[int(widest[series])]
            self.alerts.append(Alert(int(series), t, None, int(direction[series]), float(abs(signal[series])), width))

    def _end(self, series: int, t: int) -> None:
        at = int(self.index[series])
        old = self.alerts[at]
        self.alerts[at] = Alert(old.series, old.opened, t, old.direction, old.strength, old.window)
        self.direction[series] = 0

    def found(self) -> list[Alert]:
        return self.alerts
