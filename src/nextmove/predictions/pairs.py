"""The state of every (customer, product) pair on a day, in numbers that a model learns from.

`items` (has the customer stopped buying this?) and `reorder` (will it buy this again?) read the same state: the pair's own rhythm in days
and in the customer's visits, the customer's rhythm and range, and how the product fares with everybody else. Counting in *visits*
separates "skipped it three orders in a row" from "has not been here", which days alone cannot (it is the first split of most trees).

Measured on UCI Online Retail II (stopped items, overdue view): days only 0.655 AUC; with visits, customer and product 0.691; trained only
on products that kept selling 0.699.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nextmove.predictions.baskets import Baskets, Counts, Flags, Numbers, run_starts
from nextmove.predictions.groups import Features, Runs, share, smoothed

RECENT = (30, 90, 180, 365)
DROPS = 0.02  # share of pairs dropped, before looking


@dataclass(frozen=True)
class PairState:
    """Pairs of a day; the columns of `features` stand beside `account` and `product`."""

    account: Counts
    product: Counts
    features: Features

    def where(self, chosen: Flags) -> PairState:
        return PairState(self.account[chosen], self.product[chosen], {n: v[chosen] for n, v in self.features.items()})


def pair_state(baskets: Baskets, day: int, horizon: int, *, keep: Callable[[PairState], Flags], accounts: Flags | None = None) -> PairState:
    """The pairs that `keep` chooses by their own rhythm, as they stand at the end of `day` (`baskets` holds nothing later).

    With `accounts`, of these customers only; what is known of the products is counted over all customers, their habits over these.
    """
    everybody, baskets = baskets, baskets if accounts is None else baskets.of_accounts(accounts)
    account, product = baskets.pairs // len(baskets.products), baskets.pairs % len(baskets.products)
    own = _rhythm(baskets, day, horizon) | _in_visits(baskets) | _amounts(baskets, day)
    own["rank"] = _rank(own["fresh"], account)
    again = _bought_again(own, horizon)
    customers = account_state(baskets, day, horizon) | _habits("a", account, len(baskets.accounts), own, again)
    goods = product_state(everybody, day, horizon) | _habits("p", product, len(baskets.products), own, again)
    chosen = keep(PairState(account, product, own))
    pairs = PairState(account, product, own).where(chosen)
    columns = {name: values[pairs.account] for name, values in customers.items()}
    columns |= {name: values[pairs.product] for name, values in goods.items()}
    columns |= pairs.features
    return PairState(pairs.account, pairs.product, columns | _together(columns))


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


def _in_visits(baskets: Baskets) -> Features:
    """The same rhythm, counted in the customer's purchase days instead of the calendar's."""
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
    out["dropped"] = _dropped(missed=since, steps=steps, count=(runs.sizes - 1).astype(np.float64))
    return out


def _dropped(*, missed: Numbers, steps: Features, count: Numbers) -> Numbers:
    """Probability that the product was dropped, from the pair's own steps in visits.

    It was missed at every visit since the last `count` steps. Either it was dropped (one in fifty, before looking), or this is one more
    step of the pair: gamma, as regular as the pair's own steps (drawn to all pairs' as if by ten more), around a mean known from `count`
    of them only; hence the F distribution. This needs no example of a drop, so it finds the first ones that a company ever has too.
    A pair taken at every second visit, every time, is missed sooner than one taken at random at half of them.
    """
    from scipy.special import fdtrc

    known = np.flatnonzero(count > 0)
    count, mean = count[known], steps["gap_mean"][known]
    squares = count * (steps["gap_sd"][known] / mean) ** 2
    often = count >= 3
    usual = (squares[often].sum() + 1) / ((count[often] - 1).sum() + 1)
    shape = (count + 9) / np.maximum(squares + 10 * usual, 0.02 * (count + 9))
    unlucky = np.ones(len(missed))
    unlucky[known] = fdtrc(2 * shape, 2 * shape * count, (missed[known] + 0.5) / mean)
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


def product_state(baskets: Baskets, day: int, horizon: int) -> Features:
    """The products: how many customers buy them now and before, whether they come or go, season, price."""
    size, runs = len(baskets.products), Runs(baskets.starts)
    product = baskets.pairs % size
    age = day - baskets.day

    def buyers(least: int, below: int) -> Numbers:
        bought = runs.any((age >= least) & (age < below))
        return np.bincount(product[bought], minlength=size).astype(np.float64)

    def total(values: Numbers) -> Numbers:
        return np.bincount(baskets.product, values, minlength=size).astype(np.float64)

    latest, earliest = np.full(size, day - baskets.first_day), np.zeros(size, np.int64)
    np.minimum.at(latest, baskets.product, age)
    np.maximum.at(earliest, baskets.product, age)
    begun = age[runs.first]
    n, recent = total(np.ones(len(age))), (age < 60).astype(np.float64)
    out = {f"p_b{d}": buyers(0, d) for d in (14, *RECENT)}
    before, season, before_season = buyers(30, 60), buyers(365 - horizon, 365), buyers(365, 365 + horizon)
    out |= {"p_n": n, "p_quiet": latest.astype(np.float64), "p_age": earliest.astype(np.float64), "p_season": season}
    out["p_buyers"] = np.bincount(product, minlength=size).astype(np.float64)
    out["p_trend30"], out["p_trend90"] = (out["p_b30"] + 3) / (before + 3), (out["p_b90"] + 3) / (buyers(90, 180) + 3)
    out["p_yoy"] = (season + 3) / (before_season + 3)
    out |= {f"p_first{d}": np.bincount(product, begun < d, minlength=size).astype(np.float64) for d in (30, 90)}
    out["p_first_share"] = share(out["p_buyers"], n)
    out["p_price"] = share(total(baskets.net), total(baskets.quantity))
    out["p_price_now"] = share(share(total(baskets.net * recent), total(baskets.quantity * recent)), out["p_price"])
    out["p_unit_profit"] = share(total(baskets.profit), total(baskets.quantity))
    out["p_quantity"], out["p_net"] = share(total(baskets.quantity), n), share(total(baskets.net), n)
    return out


def _bought_again(own: Features, horizon: int) -> tuple[Flags, Flags]:
    """Of the pairs alive one horizon ago, those bought since: the company's own rate of coming back, known on the day itself."""
    alive = (own["tenure"] >= horizon) & (own["quiet"] < horizon + 270)
    return alive, alive & (own["quiet"] < horizon)


def _habits(prefix: str, code: Counts, size: int, own: Features, again: tuple[Flags, Flags]) -> Features:
    """Of a customer's or product's pairs: the share bought again, how late they are (cut at 5 gaps), the share overdue; shrunk to all's."""
    alive, back = again
    rhythm = own["n"] >= 3
    late = np.minimum(np.nan_to_num(own["late_mean"]), 5)
    return {
        f"{prefix}_again": smoothed(code, size, back.astype(float), alive),
        f"{prefix}_late_items": smoothed(code, size, late, rhythm),
        f"{prefix}_late_share": smoothed(code, size, (own["late"] > 1).astype(float), rhythm),
    }


def _rank(value: Numbers, account: Counts) -> Numbers:
    """The pair's place among its customer's, the highest value first."""
    order = np.lexsort((-value, account))
    starts = run_starts(account)
    rank = np.empty(len(account))
    rank[order] = np.arange(len(account)) - np.repeat(starts[:-1], np.diff(starts))
    return rank


def _together(pairs: Features) -> Features:
    """The pair within its customer's range, and against its product's usual price and quantity."""
    return {
        "rank_share": share(pairs["rank"], pairs["a_products"]),
        "net_share": share(pairs["net_year"], pairs["a_net_year"]),
        "price_position": share(pairs["pair_price"], pairs["p_price"] * np.nan_to_num(pairs["p_price_now"], nan=1.0)),
        "expected_visits": share(pairs["a_n90"], pairs["visit_gap"]),
        "quantity_position": share(pairs["quantity"], pairs["p_quantity"]),
    }
