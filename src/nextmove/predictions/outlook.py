"""The forecast of every series for every past month and for now: methods weighed by their errors, parts made to add up, and bands.

**Methods** that know no growth are first moved half the way by which the company outgrew them in the year before. **Weights.** At each
month the methods of `month_methods` are weighed by the inverse square of what their errors over the year before were, half of each series'
own, half of all series of its dimension. **The rule.** Where last year's month alone erred less over the year before than the methods so
weighed, over the members of every dimension, it is what is told (`by_rule`).
**Adding up.** The whole is the mean of the company's own forecast and of the sums over each dimension; the members of a dimension are then
scaled to it, and those of a team to their team. **Below nothing.** Profit can be negative; where the company's was in the year before,
seasons and growth as ratios mean nothing: then the year's mean is said, drawn to nothing as far as its own months contradict each other.
**Bands.** See `bands`: they come from the errors that these very forecasts made, walking through the past.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from nextmove.predictions.bands import factors, holding_the_whole, spread_of
from nextmove.predictions.month_methods import METHODS, Known, Rhythm, forecasts
from nextmove.predictions.month_season import YEAR
from nextmove.predictions.months import COMPANY, Counts, Flags, Months, Numbers

LEAST_MONTHS = 18
_POWER = 2.0
_OWN = 0.5
_SILENT = 3  # months without sales after which a member is expected to sell nothing
_LEAST_SHARE = 1e-4
_WORTH = 1e-3  # share of the company's sales from which a series takes part in the calibration of bands
_FIRST_ERRORS = 2
_TESTED = 6  # ends of months at which the rule must have been tried to be chosen
RULE = METHODS.index("last_year")


@dataclass(frozen=True)
class Walk:
    """What would have been said at the end of each month from `first` on, and what came. Rows of `told`: month × member × months ahead."""

    months: Months
    parents: Counts  # of each member the row that it adds up to; the company's own is −1
    first: int
    by_method: Numbers  # month × method × member × ahead
    told: Numbers
    by_rule: Flags  # of each month: whether last year's month is what is told

    @property
    def horizon(self) -> int:
        return int(self.told.shape[2])

    @cached_property
    def came(self) -> Numbers:
        """Like `told`; not a number where the month is not over."""
        return _shifted(self.months.money, self.first, self.horizon)

    @cached_property
    def scale(self) -> Numbers:
        """Month × member: the mean size of the twelve months before."""
        money = np.abs(self.months.money)
        means = [money[:, count - YEAR : count].mean(axis=1) for count in range(self.first, self.months.count + 1)]
        scale: Numbers = np.maximum(np.array(means), max(_LEAST_SHARE * float(means[-1][0]), 1e-9))
        return scale

    @cached_property
    def errors(self) -> Numbers:
        """(told − came) ÷ scale."""
        errors: Numbers = (self.told - self.came) / self.scale[:, :, None]
        return errors

    @cached_property
    def spreads(self) -> Numbers:
        """Step × member × ahead: how large an error was to be expected, from the errors known then; not a number at the first steps."""
        spreads = np.full_like(self.told, np.nan)
        for at in range(_FIRST_ERRORS, len(self.told)):
            spreads[at] = spread_of(self._seen(self.errors, at), self.scale[at])
        return spreads

    @cached_property
    def surprises(self) -> Numbers:
        """The size of each error ÷ what was to be expected when it was made."""
        surprises: Numbers = np.abs(self.errors) / self.spreads
        return surprises

    def worth(self, at: int) -> Flags:
        """Which series are large enough to take part in the calibration of bands."""
        worth: Flags = self.scale[at] >= _WORTH * self.scale[at, 0]
        return worth

    def half_widths(self, at: int) -> dict[float, Numbers]:
        """Level → half the band of each member and month ahead, from what was over at walk step `at`."""
        expected = self.spreads[at] * self.scale[at][:, None]
        found = factors(self._seen(self.surprises, at), self.worth(at), self.months.groups)
        return {level: holding_the_whole(factor[:, None] * expected, self.months.groups, self.parents) for level, factor in found.items()}

    def signed(self, at: int) -> Flags:
        """The members that had a month below nothing in the year before."""
        return below_nothing(self.months.money[:, : self.first + at])

    def _seen(self, values: Numbers, at: int) -> Numbers:
        """The latest steps before `at`, without the months that were not over then."""
        first = max(at - YEAR - self.horizon, 0)
        seen = values[first:at].copy()
        for step in range(first, at):
            seen[step - first, :, at - step :] = np.nan
        return seen


def walk(months: Months, parents: Counts, horizon: int) -> Walk:
    """Stand at the end of each month from the twelfth on, and of the latest."""
    rate = months.money / months.pace[: months.count]
    rhythm = Rhythm.learn(months.customers / months.pace[: months.count], horizon)
    first = min(YEAR, months.count)
    stands = range(first, months.count + 1)
    pace = _shifted(months.pace[None, :], first, horizon)[: len(stands), 0]
    by_method = np.stack([forecasts(Known(rate[:, :count], months.first), rhythm, horizon) for count in stands]) * pace[:, None, None, :]
    came = _shifted(months.money, first, horizon)
    moved = by_method * _moved(by_method[:, :, 0], came[:, 0])[:, :, None, None]
    misses = np.abs(moved - came[:, None])
    mixed = np.stack([_told(months, parents, moved[at], misses[:at], count) for at, count in enumerate(stands)])
    rule = np.stack([_as_last_year(months, parents, by_method[at, RULE], count) for at, count in enumerate(stands)])
    by_rule = _rule_errs_less(months, mixed - came, rule - came)
    return Walk(months, parents, first, by_method, np.where(by_rule[:, None, None], rule, mixed), by_rule)


def _as_last_year(months: Months, parents: Counts, last_year: Numbers, count: int) -> Numbers:
    """The rule, made to add up: what members who sell no more sold a year ago goes to the others."""
    told = last_year.copy()
    told[_silent(months, count)] = 0
    _scale_parts(told, months.groups, parents)
    return told


def _rule_errs_less(months: Months, ours: Numbers, rules: Numbers) -> Flags:
    """At each month, by the errors known then; never where the company had a month below nothing, of which the rule knows none."""
    missed, by_the_rule = (_over_dimensions(np.abs(errors), months) for errors in (ours, rules))
    less = [at >= _TESTED and _seen(by_the_rule[:at]) < _seen(missed[:at]) for at in range(len(ours))]
    below = [below_nothing(months.money[:1, :count])[0] for count in range(months.count + 1 - len(ours), months.count + 1)]
    chosen: Flags = np.array(less, bool) & ~np.array(below)
    return chosen


def _over_dimensions(misses: Numbers, months: Months) -> Numbers:
    """Month × ahead: what the members of a dimension missed together, the mean over dimensions."""
    together: Numbers = np.mean([misses[:, rows].sum(axis=1) for rows in months.groups.values()], axis=0)
    return together


def _moved(told: Numbers, came: Numbers) -> Numbers:
    """Month × method: by how much the company has outgrown (half believed) the methods that know no growth, within the year before."""
    steps, horizon = came.shape
    factors = np.ones(told.shape[:2])
    still = [METHODS.index(name) for name in ("last_year", "mean")]
    for at in range(1, steps):
        year = range(max(at - YEAR, 0), at)
        over = np.array([[step + ahead < at for ahead in range(horizon)] for step in year], bool)
        sales = np.where(over, came[list(year)], 0).sum()
        said = np.where(over[:, None], told[list(year)], 0).sum(axis=(0, 2))[still]
        factors[at, still] = np.sqrt(np.clip(sales / np.maximum(said, 1e-9), 0.5, 2))
    return factors


def parents_of(months: Months, team_of: Mapping[str, str]) -> Counts:
    """The row that each member adds up to: a representative's is the team where all have one, else the company."""
    rows = {(member.dimension, member.name): row for row, member in enumerate(months.members)}
    under = [rows.get(("team", team_of.get(member.name, ""))) for member in months.members]
    teams = all(under[row] is not None for row in months.groups.get("rep", np.array([], np.int64)))
    return np.array([_parent(member.dimension, above if teams else None) for member, above in zip(months.members, under, strict=True)])


def _parent(dimension: str, team: int | None) -> int:
    if dimension == COMPANY:
        return -1
    return team if dimension == "rep" and team is not None else 0


def _shifted(money: Numbers, first: int, horizon: int) -> Numbers:
    """Month × member × ahead: the money of the month so far ahead; not a number beyond what is known."""
    count = money.shape[1]
    padded = np.hstack([money, np.full((len(money), horizon), np.nan)])
    stands = range(first, count + 1)
    return np.stack([padded[:, at : at + horizon] for at in stands])


def _told(months: Months, parents: Counts, by_method: Numbers, misses: Numbers, count: int) -> Numbers:
    """The weighed forecast at the end of one month, made to add up."""
    if below_nothing(months.money[:1, :count])[0]:
        return np.repeat(_steadied(months.money[:, count - YEAR : count])[:, None], by_method.shape[2], axis=1)
    weights = _weights(months, _seen(misses))
    told = np.einsum("mi,mih->ih", weights, by_method)
    told[_silent(months, count)] = 0
    return added_up(told, months.groups, parents)


def _silent(months: Months, count: int) -> Flags:
    """Which members have sold nothing of late."""
    silent: Flags = months.money[:, max(count - _SILENT, 0) : count].sum(axis=1) <= 0
    return silent


def below_nothing(money: Numbers) -> Flags:
    """Which members had a month below nothing in the latest twelve."""
    below: Flags = money[:, -YEAR:].min(axis=1) < 0
    return below


def _steadied(year: Numbers) -> Numbers:
    """The mean of the year's months of each member, by as much as the company's own mean stands out from its standard error."""
    mean, error = float(year[0].mean()), float(year[0].std()) / np.sqrt(year.shape[1])
    steadied: Numbers = year.mean(axis=1) * mean**2 / (mean**2 + error**2 + 1e-9)
    return steadied


def _seen(misses: Numbers) -> Numbers:
    """The sum of the errors of the year's forecasts of which the month was over; month × … × ahead."""
    steps, horizon = len(misses), misses.shape[-1]
    over = np.array([[step + ahead < steps for ahead in range(horizon)] for step in range(steps)], bool)
    known = over.reshape(steps, *[1] * (misses.ndim - 2), horizon)
    latest = np.where(known, misses, 0)[-YEAR:]
    total: Numbers = latest.sum(axis=(0, -1))
    return total


def _weights(months: Months, missed: Numbers) -> Numbers:
    """Method × member, adding up to one."""
    weights = np.empty_like(missed)
    for rows in months.groups.values():
        own = missed[:, rows] + 1e-9
        shared = own.sum(axis=1, keepdims=True)
        error = (own / own.sum(axis=0)) ** _OWN * (shared / shared.sum()) ** (1 - _OWN)
        inverse = error**-_POWER
        weights[:, rows] = inverse / inverse.sum(axis=0)
    return weights


def added_up(told: Numbers, groups: Mapping[str, Counts], parents: Counts) -> Numbers:
    """Parts scaled to their whole; the whole is the mean of the company's forecast and of the sums of each dimension."""
    sums = [told[rows].sum(axis=0) for name, rows in groups.items() if name != COMPANY]
    whole = told.copy()
    if sums:
        whole[0] = (told[0] + np.mean(sums, axis=0)) / 2
    _scale_parts(whole, groups, parents)
    return whole


def _scale_parts(told: Numbers, groups: Mapping[str, Counts], parents: Counts) -> None:
    """Make the members of each dimension add up to what they belong to."""
    for name, rows in groups.items():
        if name != COMPANY:
            _scale(told, rows, parents[rows])


def _scale(told: Numbers, rows: Counts, above: Counts) -> None:
    """Share out what rows of one parent lack or have beyond it, by their size; where all are zero they share it alike."""
    for parent in np.unique(above):
        mine = rows[above == parent]
        size, rest = np.abs(told[mine]), told[parent] - told[mine].sum(axis=0)
        total = size.sum(axis=0)
        told[mine] += rest * np.where(total > 0, size / np.where(total > 0, total, 1), 1 / len(mine))
