"""Which products a customer has never bought and should be offered: worth, quantity, and a reason that a person can say.

Candidates come from what all customers buy together (`affinity.py`), the order among them from gradient boosted trees that have seen, on
the company's own past slices, which candidates were then bought. Measured on UCI Online Retail II, four cut-offs, NDCG@10: popularity
0.058, EASE with time decay 0.106, this 0.145; trees on the plain chance did as well as lambdarank and give a chance besides.

Offered is what at least ten customers (fewer in a small company) buy, sold in the last 90 days, not ended, and not sent back by the
customer. The score is the probability that the customer buys the product within the horizon where the trees speak (`method` = model);
where there is too little history to learn from, or popularity did better on the company's own last slice, it only orders.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from nextmove.engine import Engine
from nextmove.predictions import measures
from nextmove.predictions.affinity import NEAR_PEERS, Affinity, fit_affinity
from nextmove.predictions.baskets import (
    Assortment,
    Baskets,
    day_number,
    holds,
    load_assortment,
    load_baskets,
    returned_pairs,
    sample_accounts,
)
from nextmove.predictions.contract import Learnt, report, settings_of
from nextmove.predictions.groups import Counts, Features, Flags, Numbers, first_of_each, rank_within, share
from nextmove.predictions.items import backtest_days
from nextmove.predictions.pairs import account_state
from nextmove.predictions.products import product_state
from nextmove.predictions.sentences import evidence, told
from nextmove.predictions.sisters import fate_of_products
from nextmove.predictions.slices import LEAST_ROWS, Slice, past_slices
from nextmove.predictions.trees import MOST_ROWS, ROWS_TO_COMPARE, Trees, learn, stacked

LEARNING_ACCOUNTS = 4000
SLICES = 4
BLOCK = 1000  # customers scored at a time: bounds the memory
ROUNDS, LEARNING_RATE = 120, 0.075  # as good here as 180 smaller steps, and millions of candidates are scored by a third less trees
FIRST_ROUNDS = 30  # trees that choose which candidates are scored by all of them
FINALISTS = 2  # for each place on the list
CANDIDATES = {"ease": 60, "peers": 40, "ease_fresh": 25, "popular": 20}


@dataclass(frozen=True)
class Offers:
    """Candidate offers: customer and product codes, and what is known of each."""

    account: Counts
    product: Counts
    features: Features

    def where(self, chosen: Flags) -> Offers:
        return Offers(self.account[chosen], self.product[chosen], {n: v[chosen] for n, v in self.features.items()})


@dataclass(frozen=True)
class Shortlist:
    """Offers that go on the lists: each with its score, the own product that it goes with, and how many of whose buyers buy it."""

    offers: Offers
    score: Numbers
    anchor: Counts
    with_it: Numbers

    @classmethod
    def empty(cls) -> Shortlist:
        codes, names = np.zeros(0, np.int64), ("a_quantity", "p_quantity", "p_unit_profit", "near_buyers")
        return cls(Offers(codes, codes, {name: np.zeros(0) for name in names}), np.zeros(0), codes, np.zeros(0))


@dataclass(frozen=True)
class Market:
    """What may be offered on a day, to whom, and all that candidates are scored by."""

    baskets: Baskets
    day: int
    customers: Features
    goods: Features
    affinity: Affinity
    asked: Flags  # customers with enough history

    def offers(self, accounts: Counts) -> Offers:
        """Each of these customers' candidates."""
        scores = self.affinity.scores(accounts)
        free = self.affinity.new_to(accounts)
        picked = np.zeros(free.shape, bool)
        for name, count in CANDIDATES.items():
            picked |= _top(np.where(free, scores[name], -np.inf), count)
        row, column = np.nonzero(picked & free)
        features = {f"s_{name}": values[row, column].astype(np.float64) for name, values in scores.items() if name != "near_buyers"}
        features |= {f"r_{name}": rank_within(row, features[f"s_{name}"]).astype(np.float64) for name in ("ease", "peers", "ease_fresh")}
        features["near_buyers"] = scores["near_buyers"][row, column].astype(np.float64)
        return self._described(accounts, row, column, features)

    def _described(self, accounts: Counts, row: Counts, column: Counts, features: Features) -> Offers:
        account, product = accounts[row], self.affinity.items[self.affinity.offered[column]]
        features |= {name: values[account] for name, values in self.customers.items()}
        features |= {name: values[product] for name, values in self.goods.items()}
        features["price_position"] = np.log(np.maximum(features["p_price"], 1e-6)) - features["a_price"]
        features["row"], features["column"] = row.astype(np.float64), column.astype(np.float64)
        return Offers(account, product, features)


@dataclass(frozen=True)
class CrossSell:
    """Products never bought that the customer should be offered."""

    task: ClassVar[str] = "cross-sell"
    needs: ClassVar[tuple[str, ...]] = ("order_lines.account_id", "order_lines.product_id", "order_lines.net_amount")
    minimum_history: ClassVar[str] = "predictions.cross_sell.minimum_history"
    score_is_probability: ClassVar[bool] = False

    horizon_days: int = 90
    min_products: int = 5
    min_purchase_days: int = 2
    min_buyers: int = 10
    sold_within_days: int = 90
    list_length: int = 25

    def fit(self, engine: Engine, *, as_of: dt.date, learnt: Learnt | None = None) -> FittedCrossSell:
        baskets = load_baskets(engine, as_of)
        assortment = load_assortment(engine, baskets, as_of)
        learnt = learnt or self._learn(baskets, as_of)
        return FittedCrossSell(self, as_of, baskets, assortment, returned_pairs(engine, baskets, as_of), learnt)

    def backtest(self, engine: Engine, *, as_of: dt.date) -> pa.Table:
        baskets = load_baskets(engine, as_of)
        return report([row for day in backtest_days(baskets, as_of, self.horizon_days) for row in self._judged(baskets, day)])

    def market(self, baskets: Baskets, day: int, goods: Features, *, gone: Flags | None = None) -> Market | None:
        """None where nothing may be offered; `goods` is the state of the products on that day."""
        goods["p_reach"] = goods["p_b90"] / max(1, len(baskets.accounts))
        customers = account_state(baskets, day, self.horizon_days) | _price_levels(baskets, goods)
        least = max(2, min(self.min_buyers, len(baskets.accounts) // 50))
        offered = (goods["p_buyers"] >= least) & (goods["p_quiet"] < self.sold_within_days)
        if gone is not None:
            offered &= ~gone
        if offered.sum() < 2:
            return None
        affinity = fit_affinity(baskets, day, goods=goods, offered=offered, least_buyers=least)
        asked = (customers["a_products"] >= self.min_products) & (customers["a_n"] >= self.min_purchase_days)
        return Market(baskets, day, customers, goods, affinity, asked)

    def _learn(self, baskets: Baskets, as_of: dt.date) -> Learnt:
        slices = past_slices(baskets, day_number(as_of), horizon=self.horizon_days, most=SLICES)
        parts = [part for part in map(self._labelled, slices) if part is not None]
        content: dict[str, object] = {"method": "affinity"}
        if parts and sum(len(label) for _, label in parts) >= LEAST_ROWS and sum(label.sum() for _, label in parts) >= 50:
            content = {"method": self._better(parts)}
            if content["method"] == "model":
                content["trees"] = _learnt_from(parts).as_json()
        return Learnt(self.task, as_of, settings_of(self), content)

    def _labelled(self, part: Slice) -> tuple[Offers, Flags] | None:
        """Candidates of customers who ordered again, and whether they were then bought."""
        market = self.market(part.known, part.day, product_state(part.later, part.day, self.horizon_days))
        if market is None:
            return None
        bought, size = part.bought(self.horizon_days), len(part.known.products)
        ordered = np.bincount(bought // size, minlength=len(part.known.accounts)) > 0
        rows = np.flatnonzero(market.asked & ordered & sample_accounts(part.known, LEARNING_ACCOUNTS))
        if not len(rows):
            return None
        offers = market.offers(rows)
        return offers, holds(bought, offers.account * size + offers.product)

    def _better(self, parts: list[tuple[Offers, Flags]]) -> str:
        """The method that orders the newest slice of every other customer best, learnt from the rest on the older slices. Trees get a tenth
        of grace: what is used in the end has learnt from twice the customers and the newest slice as well."""
        halves = [(offers.account % 2 == 0) for offers, _ in parts]
        older = [(offers.where(half), label[half]) for (offers, label), half in zip(parts[1:], halves[1:], strict=True)]
        if sum(label.sum() for _, label in older) < 50:
            return "affinity"
        offers, label = parts[0][0].where(~halves[0]), parts[0][1][~halves[0]]
        trees = _learnt_from(older, rounds=60, most_rows=ROWS_TO_COMPARE)
        scores = {"rule": offers.features["p_reach"], "affinity": offers.features["s_ease"], "model": trees.score(offers.features)}
        quality = {method: _list_quality(offers, score, label)["ndcg_at_10"] for method, score in scores.items()}
        quality["model"] *= 1.1
        return max(quality, key=lambda method: quality[method])

    def _judged(self, baskets: Baskets, cutoff: dt.date) -> list[dict[str, object]]:
        part = Slice(baskets, day_number(cutoff))
        learnt, labelled = self._learn(part.known, cutoff), self._labelled(part)
        if labelled is None:
            return []
        offers, label = labelled
        scores = {"rule": offers.features["p_reach"], "affinity": offers.features["s_ease"], "model": _score(learnt, offers)}
        figures = {method: _list_quality(offers, score, label) for method, score in scores.items()}
        sold = part.brought(self.horizon_days, np.unique(offers.account), before=False)
        money = sold.of(offers.account * len(baskets.products) + offers.product)
        for method, score in scores.items():
            figures[method]["money_captured_at_10"] = sold.captured(offers.account, np.clip(score, 0, 1) * profit_of(offers), money)
        figures["model"]["model_is_used"] = float(learnt.content["method"] == "model")
        subjects = len(np.unique(offers.account[label]))
        return [
            {"cutoff": cutoff, "method": method, "measure": measure, "value": value, "subjects": subjects}
            for method, values in figures.items()
            for measure, value in values.items()
        ]


@dataclass(frozen=True)
class FittedCrossSell:
    settings: CrossSell
    as_of: dt.date
    baskets: Baskets
    assortment: Assortment
    returned: Counts
    learnt: Learnt

    def predict(self) -> pa.Table:
        market = self._market()
        if market is None:
            return self._table(Shortlist.empty())
        blocks = list(self._lists(market))
        return pa.concat_tables(blocks) if blocks else self._table(Shortlist.empty())

    def _market(self) -> Market | None:
        day = day_number(self.as_of)
        goods = product_state(self.baskets, day, self.settings.horizon_days)
        fate = fate_of_products(self.baskets, self.assortment, day, self.settings.horizon_days)
        return self.settings.market(self.baskets, day, goods, gone=self.assortment.discontinued | (fate.successor >= 0))

    def _lists(self, market: Market) -> Iterator[pa.Table]:
        """Each customer's list, a block of customers at a time."""
        asked = np.flatnonzero(market.asked)
        for start in range(0, len(asked), BLOCK):
            rows = asked[start : start + BLOCK]
            offers = market.offers(rows)
            offers = offers.where(~holds(self.returned, offers.account * len(self.baskets.products) + offers.product))
            offers = _promising(self.learnt, offers, FINALISTS * self.settings.list_length)
            score = _score(self.learnt, offers)
            near = first_of_each(offers.account, score, self.settings.list_length)
            offers = offers.where(near)
            row, column = offers.features["row"].astype(np.int64), offers.features["column"].astype(np.int64)
            anchor, with_it = market.affinity.anchors(rows, row, column)
            yield self._table(Shortlist(offers, score[near], anchor, with_it))

    def _table(self, chosen: Shortlist) -> pa.Table:
        offers, score, anchor, with_it = chosen.offers, chosen.score, chosen.anchor, chosen.with_it
        size = len(score)
        probability = np.clip(score, 0, 1)
        return pa.table(
            {
                "as_of": pa.array([self.as_of] * size, pa.date32()),
                "horizon_days": pa.array(np.full(size, self.settings.horizon_days)),
                "account_id": self.baskets.accounts.take(pa.array(offers.account)),
                "product_id": self.baskets.products.take(pa.array(offers.product)),
                "score": score,
                "quantity": quantity_of(offers).round(2),
                "value": (probability * profit_of(offers)).round(2),
                "peers_buying": offers.features["near_buyers"].astype(np.int64),
                "peers": pa.array(np.full(size, NEAR_PEERS)),
                "goes_with": self.baskets.products.take(pa.array(anchor)),
                "goes_with_share": with_it.round(4),
                "method": pa.array([self.learnt.content["method"]] * size, pa.string()),
                **self._reasons(offers, anchor, with_it),
            }
        )

    def _reasons(self, offers: Offers, anchor: Counts, with_it: Numbers) -> dict[str, pa.Array]:
        """Peers where at least three of ten buy it, else the own product that it goes with."""
        names = pa.array(self.assortment.names, pa.string())
        product, size = names.take(pa.array(offers.product)), len(offers.account)
        buyers = pa.array(offers.features["near_buyers"].astype(np.int64))
        peers = {"product": product, "buyers": buyers, "peers": pa.array(np.full(size, NEAR_PEERS))}
        goes = {"product": product, "anchor": names.take(pa.array(anchor)), "share": pa.array(np.rint(100 * with_it).astype(np.int64))}
        by_peers = pc.greater_equal(buyers, 3)
        ids = "predictions.cross_sell.reason.peers", "predictions.cross_sell.reason.goes_with"
        return {
            "reason": pc.if_else(by_peers, told(ids[0], peers), told(ids[1], goes)),
            "evidence": pc.if_else(by_peers, evidence(ids[0], peers), evidence(ids[1], goes)),
        }


def _price_levels(baskets: Baskets, goods: Features) -> Features:
    """Of each customer: how dear its products are, and how much it takes of each against all who buy it (drawn to 1 as by five pairs)."""
    size, accounts = len(baskets.products), len(baskets.accounts)
    pair = np.repeat(np.arange(len(baskets.pairs)), np.diff(baskets.starts))
    count = np.bincount(pair, minlength=len(baskets.pairs))
    quantity = np.bincount(pair, baskets.quantity, minlength=len(baskets.pairs)) / np.maximum(count, 1)
    account, product = baskets.pairs // size, baskets.pairs % size
    pairs = np.bincount(account, minlength=accounts).astype(np.float64)
    dear = np.log(np.maximum(np.nan_to_num(goods["p_price"]), 1e-6))
    much = np.log(np.maximum(quantity, 1e-6) / np.maximum(goods["p_quantity"][product], 1e-6))
    return {
        "a_price": share(np.bincount(account, dear[product], minlength=accounts), pairs),
        "a_quantity": np.exp(np.bincount(account, much, minlength=accounts) / (pairs + 5)),
    }


def _learnt_from(parts: list[tuple[Offers, Flags]], *, rounds: int = ROUNDS, most_rows: int = MOST_ROWS) -> Trees:
    """Trees from all candidates that were bought and every so many of those that were not (three or more), which then counts for all."""
    every = max(3, -(-sum(len(label) for _, label in parts) // most_rows))
    kept = [label | (np.arange(len(label)) % every == 0) for _, label in parts]
    columns = stacked([_model_columns(offers.where(rows)) for (offers, _), rows in zip(parts, kept, strict=True)])
    label = np.concatenate([label[rows] for (_, label), rows in zip(parts, kept, strict=True)])
    return learn(
        columns,
        label.astype(float),
        rounds=rounds,
        learning_rate=LEARNING_RATE,
        most_rows=2 * most_rows,
        weight=np.where(label, 1.0, every),
    )


def _model_columns(offers: Offers) -> Features:
    """What the trees may look at: places within a block tell nothing."""
    return {name: values for name, values in offers.features.items() if name not in ("row", "column", "p_unit_profit")}


def _score(learnt: Learnt, offers: Offers) -> Numbers:
    match learnt.content["method"]:
        case "model":
            return Trees.from_json(learnt.content["trees"]).score(offers.features) if len(offers.account) else np.zeros(0)
        case "rule":
            return offers.features["p_reach"]
        case _:
            return np.clip(offers.features["s_ease"], 0.0, 1.0)


def quantity_of(offers: Offers) -> Numbers:
    """The usual quantity of the product, larger or smaller as the customer is."""
    return offers.features["a_quantity"] * offers.features["p_quantity"]


def profit_of(offers: Offers) -> Numbers:
    """Gross profit of that quantity."""
    return quantity_of(offers) * np.maximum(offers.features["p_unit_profit"], 0)


def _promising(learnt: Learnt, offers: Offers, length: int) -> Offers:
    """Where trees score, so many of each customer that the first trees put in front: the others will not come on the list."""
    if learnt.content["method"] != "model" or not len(offers.account):
        return offers
    first = Trees.from_json(learnt.content["trees"]).score(offers.features, rounds=FIRST_ROUNDS)
    return offers.where(first_of_each(offers.account, first, length))


def _top(values: np.ndarray, count: int) -> Flags:
    """The `count` largest of each row that are not −∞."""
    if values.shape[1] <= count:
        possible: Flags = np.isfinite(values)
        return possible
    edge = np.partition(values, -count, axis=1)[:, -count]
    chosen: Flags = (values >= edge[:, None]) & np.isfinite(values)
    return chosen


def _list_quality(offers: Offers, score: Numbers, label: Flags) -> dict[str, float]:
    wanted = np.bincount(offers.account, label, minlength=int(offers.account.max(initial=0)) + 1).astype(np.int64)
    return measures.list_quality(offers.account, score, label, wanted)
