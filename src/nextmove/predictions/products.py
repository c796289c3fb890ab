"""The state of every product on a day: how many customers buy it now and before, whether it comes or goes, season, price.

Counted over all customers, a block of them at a time, once a day for whichever predictions ask.
"""

from __future__ import annotations

from functools import reduce

import numpy as np

from nextmove.predictions.baskets import Baskets
from nextmove.predictions.groups import Counts, Features, Numbers, Runs, share

_MOVES = (14, 30, 90, 180, 365)  # days back within which buyers are counted


def product_state(baskets: Baskets, day: int, horizon: int) -> Features:
    """The products as they stood at the end of `day`."""

    def counted() -> Features:
        parts = [_counted(block.until(day), day, horizon) for block in baskets.blocks()]
        return _described(reduce(_together, parts), day)

    return dict(baskets.kept.get(("products", day, horizon), counted))


def _counted(baskets: Baskets, day: int, horizon: int) -> Features:
    """What adds up over customers; and the first and the latest day on which each product was bought."""
    size, runs = len(baskets.products), Runs(baskets.starts)
    product, quiet, begun = baskets.pairs % size, day - baskets.day[runs.last], day - baskets.day[runs.first]

    def buyers(least: int, below: int) -> Numbers:
        return _sums(baskets.between(day - below, day - least) % size, size)

    out = {f"b{days}": _sums(product[quiet < days], size) for days in _MOVES}
    out |= {f"first{days}": _sums(product[begun < days], size) for days in (30, 90)}
    out |= {"before": buyers(30, 60), "before90": buyers(90, 180), "buyers": _sums(product, size)}
    out |= {"season": buyers(365 - horizon, 365), "before_season": buyers(365, 365 + horizon)}
    out |= {name: _sums(baskets.product, size, getattr(baskets, name)) for name in ("quantity", "net", "profit")}
    recent = day - baskets.day < 60
    out |= {f"{name}_now": _sums(baskets.product[recent], size, getattr(baskets, name)[recent]) for name in ("quantity", "net")}
    out |= {"n": _sums(baskets.product, size), "latest": np.full(size, -np.inf), "earliest": np.full(size, np.inf)}
    np.maximum.at(out["latest"], product, baskets.day[runs.last])
    np.minimum.at(out["earliest"], product, baskets.day[runs.first])
    return out


def _sums(code: Counts, size: int, values: Numbers | None = None) -> Numbers:
    return np.bincount(code, values, minlength=size).astype(np.float64)


def _together(one: Features, other: Features) -> Features:
    ends = {"latest": np.maximum, "earliest": np.minimum}
    return {name: ends.get(name, np.add)(values, other[name]) for name, values in one.items()}


def _described(counted: Features, day: int) -> Features:
    """A product that nobody has bought yet is as quiet as the company is old, and has no age."""
    never = counted["n"] == 0
    first_day = counted["earliest"].min(initial=day)
    out = {f"p_b{days}": counted[f"b{days}"] for days in _MOVES}
    out |= {f"p_{name}": counted[name] for name in ("n", "season", "buyers", "first30", "first90")}
    out["p_quiet"] = np.where(never, day - first_day, day - counted["latest"])
    out["p_age"] = np.where(never, 0, day - counted["earliest"])
    out["p_trend30"] = (counted["b30"] + 3) / (counted["before"] + 3)
    out["p_trend90"] = (counted["b90"] + 3) / (counted["before90"] + 3)
    out["p_yoy"] = (counted["season"] + 3) / (counted["before_season"] + 3)
    out["p_first_share"] = share(counted["buyers"], counted["n"])
    out["p_price"] = share(counted["net"], counted["quantity"])
    out["p_price_now"] = share(share(counted["net_now"], counted["quantity_now"]), out["p_price"])
    out["p_unit_profit"] = share(counted["profit"], counted["quantity"])
    out["p_quantity"], out["p_net"] = share(counted["quantity"], counted["n"]), share(counted["net"], counted["n"])
    return out
