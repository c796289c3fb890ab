"""The state of every (customer, product) pair on a day, in numbers that a model learns from.

`items` (has the customer stopped buying this?) and `reorder` (will it buy this again?) read the same state: the pair's own rhythm in days
and in the customer's visits, the customer's rhythm and range, and how the product fares with everybody else. Counting in *visits*
separates "skipped it three orders in a row" from "has not been here", which days alone cannot (it is the first split of most trees).

Measured on UCI Online Retail II (stopped items, overdue view): days only 0.655 AUC; with visits, customer and product 0.691; trained only
on products that kept selling 0.699.

What a pair is held against (`Norms`) is counted once a day: the products over all customers; habits, and how regular pairs are, over at
most `LEARNING_ACCOUNTS` of them, when learning and when scoring alike. So the pairs of a large company can be described a block at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from nextmove.predictions.baskets import BLOCK_LINES, Baskets, Counts, Flags, Numbers, run_starts
from nextmove.predictions.groups import Features, Runs, rank_within, share, smoothed
from nextmove.predictions.products import product_state
from nextmove.predictions.slices import LEARNING_ACCOUNTS
from nextmove.predictions.trees import stacked

RECENT = (30, 90, 180, 365)
KEPT_LINES = BLOCK_LINES  # up to which what pairs tell of themselves is kept for the next task
DROPS = 0.02  # share of pairs dropped, before looking
Keep = Callable[["PairState"], Flags]


@dataclass(frozen=True)
class PairState:
    """Pairs of a day; the columns of `features` stand beside `account` and `product`."""

    account: Counts
    product: Counts
    features: Features

    def where(self, chosen: Flags) -> PairState:
        return PairState(self.account[chosen], self.product[chosen], {n: v[chosen] for n, v in self.features.items()})

    @classmethod
    def stacked(cls, parts: Sequence[PairState]) -> PairState:
        """Parts below each other."""
        account, product = (np.concatenate([getattr(part, name) for part in parts]) for name in ("account", "product"))
        return cls(account, product, stacked([part.features for part in parts]))


def sampled_pairs(baskets: Baskets, day: int, horizon: int, *, keep: Keep) -> PairState:
    """The pairs to learn from: of at most `LEARNING_ACCOUNTS` customers, as they stood at the end of `day`."""
    own = _Own.of(baskets.sample(LEARNING_ACCOUNTS).until(day), day, horizon)
    return own.described(norms_of(baskets, day, horizon, own), horizon, keep)


def pair_blocks(baskets: Baskets, day: int, horizon: int, *, keep: Keep) -> Iterator[PairState]:
    """All pairs that `keep` chooses by their own rhythm, as they stand at the end of `day`, a block of customers at a time."""
    norms = norms_of(baskets, day, horizon)
    for block in baskets.blocks():
        yield _own(block, day, horizon).described(norms, horizon, keep)


def norms_of(baskets: Baskets, day: int, horizon: int, sampled: _Own | None = None) -> Norms:
    """What pairs are held against on the day; `sampled` are the pairs of the sample, where these are known already."""

    def counted() -> Norms:
        own = sampled or _own(baskets.sample(LEARNING_ACCOUNTS), day, horizon)
        return own.norms(product_state(baskets, day, horizon), horizon)

    return baskets.kept.get(("norms", day, horizon), counted)


@dataclass(frozen=True)
class Norms:
    """What pairs are held against on a day."""

    goods: Features  # the products, with the habits of their buyers
    habits: dict[str, float]  # the mean of each over all pairs
    unevenness: float  # of the steps of a pair, in visits


@dataclass(frozen=True)
class _Own:
    """What pairs and customers tell of themselves."""

    pairs: PairState
    squares: Numbers  # how uneven each pair's steps are, in visits
    customers: Features

    @classmethod
    def of(cls, baskets: Baskets, day: int, horizon: int) -> _Own:
        """`baskets` holds nothing later than `day`."""
        account, product = baskets.pairs // len(baskets.products), baskets.pairs % len(baskets.products)
        in_visits, squares = _in_visits(baskets)
        own, customers = _rhythm(baskets, day, horizon) | in_visits | _amounts(baskets, day), account_state(baskets, day, horizon)
        own["rank"], own["a_n"] = rank_within(account, own["fresh"]).astype(np.float64), customers["a_n"][account]
        return cls(PairState(account, product, own), squares, customers)

    def norms(self, goods: Features, horizon: int) -> Norms:
        counted = _habits(self.pairs.features, horizon)
        means = {name: float((hits * among).sum() / max(1.0, among.sum())) for name, (hits, among) in counted.items()}
        size = len(goods["p_n"])
        of_buyers = {f"p_{name}": smoothed(self.pairs.product, size, *each, mean=means[name]) for name, each in counted.items()}
        steps = self.pairs.features["n"] - 1
        often = steps >= 3
        return Norms(goods | of_buyers, means, float((self.squares[often].sum() + 1) / ((steps[often] - 1).sum() + 1)))

    def described(self, norms: Norms, horizon: int, keep: Keep) -> PairState:
        """The pairs that `keep` chooses, with all that is known of them, their customers and their products."""
        chosen, size = keep(self.pairs), len(self.customers["a_n"])
        counted = _habits(self.pairs.features, horizon)
        habits = {f"a_{name}": smoothed(self.pairs.account, size, *each, mean=norms.habits[name]) for name, each in counted.items()}
        pairs = self.pairs.where(chosen)
        columns = {name: values[pairs.account] for name, values in (self.customers | habits).items()}
        columns |= {name: values[pairs.product] for name, values in norms.goods.items()} | pairs.features
        columns["dropped"] = _dropped(columns, self.squares[chosen], norms.unevenness)
        return PairState(pairs.account, pairs.product, columns | _together(columns))


def _own(baskets: Baskets, day: int, horizon: int) -> _Own:
    """Kept where one block holds the whole company, for whoever asks next."""

    def of() -> _Own:
        return _Own.of(baskets.until(day), day, horizon)

    return baskets.kept.get(("own", day, horizon), of) if len(baskets.day) <= KEPT_LINES else of()


def _rhythm(baskets: Baskets, day: int, horizon: int) -> Features:
    """The pair's purchase days: how often, how far apart, how long ago."""
    runs = Runs(baskets.starts)
    age = (day - baskets.day).astype(np.float64)
    gaps = _gaps(baskets.day, runs)
    n, quiet, tenure = runs.sizes.astype(np.float64), age[runs.last], age[runs.first]
    out = {"n": n, "quiet": quiet, "tenure": tenure, **gaps}
    out |= {f"n{d}": runs.sum(age < d) for d in RECENT}
    out["n_season"] = runs.sum((age >= 365 - horizon) & (age < 365))
    out["d60"], out["d180"] = runs.sum(np.exp(-age / 60)), runs.sum(np.exp(-age / 180))
    out["late"], out["late_mean"] = share(quiet, gaps["gap_median"]), share(quiet, gaps["gap_mean"])
    out["late_max"] = share(quiet, gaps["gap_max"])
    out["late_z"] = (quiet - gaps["gap_mean"]) / (gaps["gap_sd"] + 7)
    out["due"] = share(quiet + horizon, gaps["gap_mean"])
    out["rate"] = n / (tenure + 1) * horizon
    out["n_trend"] = (out["n90"] + 0.5) / (out["n180"] - out["n90"] + 0.5)
    return out


def _gaps(day: Counts, runs: Runs) -> Features:
    """The steps between the purchase days of each run; not a number where there is only one."""
    gap = np.diff(day, prepend=day[:1]).astype(np.float64)
    gap[runs.first] = 0
    count = runs.sizes - 1.0
    mean = share(runs.sum(gap), count)
    variance = share(runs.sum(gap * gap), count) - mean * mean
    median = runs.median_after_first(gap)
    return {
        "gap_median": median,
        "gap_mean": mean,
        "gap_sd": np.sqrt(np.maximum(variance, 0)),
        "gap_max": np.where(count > 0, runs.max(gap), np.nan),
        "gap_last": np.where(count > 0, gap[runs.last], np.nan),
    }


def _in_visits(baskets: Baskets) -> tuple[Features, Numbers]:
    """The same rhythm, counted in the customer's purchase days instead of the calendar's; and how uneven the steps are (squares)."""
    runs = Runs(baskets.starts)
    ends = np.searchsorted(baskets.visits >> 16, np.arange(len(baskets.accounts)), side="right")
    visit = np.searchsorted(baskets.visits, (baskets.account << 16) + baskets.day)
    back = (ends[baskets.account] - 1 - visit).astype(np.float64)  # 0 = on the customer's last purchase day
    since, span = back[runs.last], back[runs.first] + 1
    steps = _gaps(visit, runs)
    visits = np.diff(ends, prepend=0)[baskets.account[runs.first]]
    out = {"visits_since": since, "visits_span": span, "visit_gap": steps["gap_mean"], "visit_gap_max": steps["gap_max"]}
    out["visit_late"], out["visit_late_max"] = share(since, steps["gap_mean"]), share(since, steps["gap_max"])
    out["fresh"], out["fresher"] = runs.sum(0.9**back), runs.sum(0.7**back)
    out |= {f"share_last{k}": runs.sum(back < k) / np.minimum(k, visits) for k in (3, 6, 12)}
    out["share_since_first"], out["share_ever"] = runs.sizes / span, runs.sizes / visits
    return out, (runs.sizes - 1.0) * (steps["gap_sd"] / steps["gap_mean"]) ** 2


def _dropped(pairs: Features, squares: Numbers, usual: float) -> Numbers:
    """Probability that the product was dropped, from the pair's own steps in visits.

    It was missed at every visit since the last `count` steps. Either it was dropped (one in fifty, before looking), or this is one more
    step of the pair: gamma, as regular as the pair's own steps (drawn to all pairs' as if by ten more), around a mean known from `count`
    of them only; hence the F distribution. This needs no example of a drop, so it finds the first ones that a company ever has too.
    A pair taken at every second visit, every time, is missed sooner than one taken at random at half of them.
    """
    from scipy.special import fdtrc

    known = np.flatnonzero(pairs["n"] > 1)
    count, mean, missed = (pairs[name][known] for name in ("n", "visit_gap", "visits_since"))
    count = count - 1
    shape = (count + 9) / np.maximum(squares[known] + 10 * usual, 0.02 * (count + 9))
    unlucky = np.ones(len(squares))
    unlucky[known] = fdtrc(2 * shape, 2 * shape * count, (missed + 0.5) / mean)
    chance: Numbers = DROPS / (DROPS + (1 - DROPS) * unlucky)
    return chance


def _amounts(baskets: Baskets, day: int) -> Features:
    """Quantities, prices and money of the pair."""
    runs = Runs(baskets.starts)
    year = baskets.day > day - 365
    price = share(baskets.net, baskets.quantity)
    quantity = runs.sum(baskets.quantity) / runs.sizes
    usual_price = share(runs.sum(baskets.net), runs.sum(baskets.quantity))
    return {
        "quantity": quantity,
        "quantity_last": share(baskets.quantity[runs.last], quantity),
        "price_last": share(price[runs.last], usual_price),
        "net": runs.sum(baskets.net) / runs.sizes,
        "net_year": runs.sum(baskets.net * year),
        "profit_year": runs.sum(baskets.profit * year),
        "profit_per_day": runs.sum(baskets.profit) / runs.sizes,
        "pair_price": price[runs.last],
    }


def account_state(baskets: Baskets, day: int, horizon: int) -> Features:
    """The customers: their rhythm, the breadth of their baskets, how much of what they take is new to them."""
    size = len(baskets.accounts)
    runs = Runs(run_starts(baskets.visits >> 16), place=np.unique(baskets.visits >> 16), size=size)
    when = baskets.visits & 0xFFFF
    visit = np.searchsorted(baskets.visits, (baskets.account << 16) + baskets.day)
    items = np.bincount(visit, minlength=len(when)).astype(np.float64)
    net = np.bincount(visit, baskets.net, minlength=len(when))
    new = np.bincount(visit[baskets.starts[:-1]], minlength=len(when)).astype(np.float64)
    age = (day - when).astype(np.float64)
    back = runs.back()
    out = {f"a_{name}": values for name, values in _gaps(when, runs).items()}
    out["a_n"], out["a_quiet"], out["a_tenure"] = runs.sizes.astype(np.float64), age[runs.last], age[runs.first]
    out |= {f"a_n{d}": runs.sum(age < d) for d in RECENT}
    season = (age >= 365 - horizon) & (age < 365)
    out["a_season"], out["a_items_season"] = runs.sum(season), runs.sum(items * season)
    out["a_items"], out["a_items_last"] = runs.sum(items) / runs.sizes, items[runs.last]
    out["a_net"], out["a_net_year"] = runs.sum(net) / runs.sizes, runs.sum(net * (age < 365))
    out["a_products"], out["a_items_h"], out["a_new_h"] = runs.sum(new), runs.sum(items * (age < horizon)), runs.sum(new * (age < horizon))
    out["a_new_share"] = share(runs.sum(new * (back < 3)), runs.sum(items * (back < 3)))
    out["a_late"] = share(out["a_quiet"], out["a_gap_mean"])
    return {name: runs.spread(values) for name, values in out.items()}


def _habits(own: Features, horizon: int) -> dict[str, tuple[Numbers, Flags]]:
    """Of pairs, with those that count: bought again (of the pairs alive one horizon ago, those bought since: the company's own rate of
    coming back, known on the day itself), how late (cut at 5 gaps), overdue."""
    alive, rhythm = (own["tenure"] >= horizon) & (own["quiet"] < horizon + 270), own["n"] >= 3
    return {
        "again": ((alive & (own["quiet"] < horizon)).astype(np.float64), alive),
        "late_items": (np.minimum(np.nan_to_num(own["late_mean"]), 5), rhythm),
        "late_share": ((own["late"] > 1).astype(np.float64), rhythm),
    }


def _together(pairs: Features) -> Features:
    """The pair within its customer's range, and against its product's usual price and quantity."""
    return {
        "rank_share": share(pairs["rank"], pairs["a_products"]),
        "net_share": share(pairs["net_year"], pairs["a_net_year"]),
        "price_position": share(pairs["pair_price"], pairs["p_price"] * np.nan_to_num(pairs["p_price_now"], nan=1.0)),
        "expected_visits": share(pairs["a_n90"], pairs["visit_gap"]),
        "quantity_position": share(pairs["quantity"], pairs["p_quantity"]),
    }
