"""What comparable customers pay for the same product at that quantity, and what a customer's own price leaves on the table.

Comparable are customers of the same segment who buy the product in the same quantity band (doubling: 1, 2 to 3, 4 to 7, …); where a segment
has too few, those of all segments. Prices are net sales ÷ quantity of the last year, put on today's price level (`price_levels`), of pairs
bought on two days or more; lines of a campaign are left out. The range is that between the 25th and 75th percentile, so placed that half of
the prices of others lie in it however few customers are compared: on the demo company 46 to 51 % of next prices do (17 to 33 % without the
level). `value` is what the customer's yearly quantity would bring more at the comparable median, `value_hi` at the 75th percentile; nothing
where it pays more already. Where the rule, the product's median price ± 5 %, erred less on the company's latest past, it is used and
`method` says so.
It is a suggestion with its evidence, not a probability: why a customer pays less, the salesperson may know.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa

from nextmove.engine import Engine, literal
from nextmove.predictions.choosing import METHODS, Method, erred_less, told_as
from nextmove.predictions.contract import Learnt, first_sale, past_cutoffs, report, sales_until, settings_of
from nextmove.predictions.price_levels import price_levels
from nextmove.predictions.rhythm import Numbers

_DAYS = """(
    select account_id, product_id, coalesce(category, '') as category, coalesce(segment, '') as segment, day,
        {month} - (extract(year from cast(day as date)) * 12 + extract(month from cast(day as date))) as back,
        sum(quantity) as quantity, sum(net) as net
    from {sales} as sales
    where is_purchase and product_id is not null and campaign_id is null and quantity > 0 and day > {as_of} - 365
        and {products}
    group by account_id, product_id, coalesce(category, ''), coalesce(segment, ''), day
)"""
_QUERY = """
with levels as (select category, back, cast(rise as double) as rise from (values {levels}) as listed (category, back, rise)),
days as (
    select bought.*, cast(floor(cast(net as double) * rise * 10000 + 0.5) as bigint) as today
    from {days} as bought join levels on levels.category = bought.category and levels.back = bought.back
),
pairs as (
    select account_id, product_id, max(segment) as segment, cast(sum(today) as double) / 10000 / cast(sum(quantity) as double) as price,
        cast(sum(net) as double) / cast(sum(quantity) as double) as paid, cast(sum(quantity) as double) as yearly_quantity,
        cast(floor(ln(greatest(quantile_cont(cast(quantity as double), 0.5), 1)) / ln(2) + 1e-9) as integer) as band
    from days group by account_id, product_id having count(*) >= {least_days}
),
compared as (
    select product_id, band, segment, price from pairs
    union all
    select product_id, band, null as segment, price from pairs
),
ordered as (
    select compared.*, count(*) over (partition by product_id, band, segment) as peers,
        row_number() over (partition by product_id, band, segment order by price) as place
    from compared
),
ranges as (
    select product_id, band, segment, max(peers) as peers, {low} as low, {middle} as middle, {high} as high
    from ordered where peers > {least_peers} group by product_id, band, segment
),
usual as (select product_id, quantile_cont(paid, 0.5) as usual from pairs group by product_id)
select pairs.account_id, pairs.product_id, pairs.price, pairs.paid, pairs.yearly_quantity, pairs.band,
    near.segment is not null as same_segment, coalesce(near.peers, every.peers) - 1 as peers, coalesce(near.low, every.low) as low,
    coalesce(near.middle, every.middle) as middle, coalesce(near.high, every.high) as high, usual.usual
from pairs
join usual on usual.product_id = pairs.product_id
left join ranges as near on near.product_id = pairs.product_id and near.band = pairs.band and near.segment = pairs.segment
left join ranges as every on every.product_id = pairs.product_id and every.band = pairs.band and every.segment is null
where near.peers is not null or every.peers is not null
order by pairs.account_id, pairs.product_id
"""
# A next price falls below the k-th of n ordered ones with probability k / (n + 1) (Weibull 1939): so half of them lie within, however few.
_AT = "sum(price * greatest(0, 1 - abs(place - {share} * (peers + 1))))"
_LATER = """
select account_id, product_id, cast(sum(net) as double) / cast(sum(quantity) as double) as came from facts.sales
where is_purchase and product_id is not null and campaign_id is null and quantity > 0 and day > {cutoff} and day <= {until}
group by account_id, product_id order by account_id, product_id
"""
_LINES = """
select product_id, count(*) as lines from {sales} as sales
where is_purchase and product_id is not null group by product_id order by product_id
"""
_MOST_TRIED = 2_000_000  # lines of all years; more change nothing in which of the two is the better one
_RULE_WIDTH = 0.05
_LEAST_JUDGED = 30  # next prices without which the past decides nothing


@dataclass(frozen=True)
class Price:
    """The price range of comparable customers for each customer and product."""

    task: ClassVar[str] = "price"
    needs: ClassVar[tuple[str, ...]] = (
        "order_lines.account_id",
        "order_lines.product_id",
        "order_lines.quantity",
        "order_lines.net_amount",
    )
    minimum_history: ClassVar[str] = "predictions.price.minimum_history"
    score_is_probability: ClassVar[bool] = False

    horizon_days: int = 90
    least_days: int = 2
    least_peers: int = 5

    def fit(self, engine: Engine, *, as_of: dt.date, learnt: Learnt | None = None) -> FittedPrice:
        first_sale(engine, as_of)
        if learnt is None or not learnt.serves(self, as_of=as_of):
            learnt = Learnt(self.task, as_of, settings_of(self), {"method": self._better(engine, as_of)})
        return FittedPrice(self, as_of, self._found(engine, as_of), learnt)

    def _found(self, engine: Engine, as_of: dt.date, products: str = "true") -> pa.Table:
        """What was found on a day; `products` is a condition in SQL on which take part."""
        days = _DAYS.format(sales=sales_until(as_of), as_of=literal(as_of), month=as_of.year * 12 + as_of.month, products=products)
        levels = price_levels(engine, days)
        rows = [(name, back, float(rise)) for name, level in levels.items() for back, rise in enumerate(np.exp(level))]
        asked = {"days": days, "least_days": self.least_days, "least_peers": self.least_peers}
        asked |= {name: _AT.format(share=share) for name, share in (("low", 0.25), ("middle", 0.5), ("high", 0.75))}
        asked["levels"] = ", ".join(f"({literal(name)}, {back}, {rise!r})" for name, back, rise in rows or [("", 0, 1.0)])
        return engine.query(_QUERY.format(**asked)).combine_chunks()

    def _better(self, engine: Engine, as_of: dt.date) -> Method:
        """Which of the two erred less on the latest past; ours where there is too little to tell."""
        missed: dict[Method, list[float]] = {method: [] for method in METHODS}
        products = _some_products(engine, as_of)
        for cutoff in past_cutoffs(first_sale(engine, as_of), as_of, horizon_days=self.horizon_days, most=2):
            found, came = self._tried(engine, cutoff, products)
            if len(came) >= _LEAST_JUDGED:
                for method in METHODS:
                    missed[method].append(_error(_range(found, method), came))
        return erred_less(missed)

    def _tried(self, engine: Engine, cutoff: dt.date, products: str = "true") -> tuple[pa.Table, Numbers]:
        """What was found on a past day, and what those customers paid for those products in the time after it."""
        until = cutoff + dt.timedelta(days=self.horizon_days)
        later = engine.query(_LATER.format(cutoff=literal(cutoff), until=literal(until)))
        found = self._found(engine, cutoff, products).join(later, ["account_id", "product_id"], join_type="inner")
        return found, found["came"].to_numpy()

    def backtest(self, engine: Engine, *, as_of: dt.date) -> pa.Table:
        """Whether the range holds, and how far prices lay outside, beside the rule (the product's median price ± 5 %)."""
        cutoffs = past_cutoffs(first_sale(engine, as_of), as_of, horizon_days=self.horizon_days)
        return report([row for cutoff in cutoffs for row in self._look_back(engine, cutoff)])

    def _look_back(self, engine: Engine, cutoff: dt.date) -> list[dict[str, object]]:
        found, came = self._tried(engine, cutoff)
        if not len(came):
            return []
        chosen = self._better(engine, cutoff)
        told = {told_as(chosen): _range(found, chosen), "rule": _range(found, "rule")}
        figures = [(name, "share_within_quartiles", _held(at, came)) for name, at in told.items()]
        figures += [(name, "interval_error", _error(at, came)) for name, at in told.items()]
        return [{"cutoff": cutoff, "method": name, "measure": m, "value": v, "subjects": len(came)} for name, m, v in figures]


@dataclass(frozen=True)
class _Range:
    """What a customer pays, and where the prices of comparable customers lie."""

    price: Numbers
    low: Numbers
    middle: Numbers
    high: Numbers


def _some_products(engine: Engine, as_of: dt.date) -> str:
    """A condition in SQL: the products on which both are tried. In a large company some, always the same, with all who buy them."""
    rows = engine.query(_LINES.format(sales=sales_until(as_of)))
    names, lines = np.array(rows["product_id"].to_pylist(), object), rows["lines"].to_numpy().astype(np.float64)
    if lines.sum() <= _MOST_TRIED:
        return "true"
    order = np.argsort([hashlib.md5(name.encode(), usedforsecurity=False).hexdigest() for name in names])
    chosen = names[order[: 1 + int(np.searchsorted(np.cumsum(lines[order]), _MOST_TRIED))]]
    return f"product_id in ({', '.join(literal(name) for name in sorted(chosen))})"


def _range(found: pa.Table, method: Method) -> _Range:
    columns = {name: np.asarray(found[name].to_numpy(), np.float64) for name in ("price", "paid", "low", "middle", "high", "usual")}
    if method == "model":
        return _Range(*(columns[name] for name in ("price", "low", "middle", "high")))
    usual = columns["usual"]
    return _Range(columns["paid"], usual * (1 - _RULE_WIDTH), usual, usual * (1 + _RULE_WIDTH))


def _held(said: _Range, came: Numbers) -> float:
    """The share of prices within the range; a millionth beside it is how a fraction is stored, not another price."""
    return float(((came >= said.low * (1 - 1e-6)) & (came <= said.high * (1 + 1e-6))).mean())


def _error(said: _Range, came: Numbers) -> float:
    """Width and four times what lies outside, as a share of the price: least for the true quartiles (Gneiting and Raftery 2007)."""
    outside = np.maximum(said.low - came, 0) + np.maximum(came - said.high, 0)
    return float(((said.high - said.low + 4 * outside) / came).mean())


@dataclass(frozen=True)
class FittedPrice:
    settings: Price
    as_of: dt.date
    found: pa.Table
    learnt: Learnt

    def predict(self) -> pa.Table:
        size, found, method = self.found.num_rows, self.found, self.learnt.content["method"]
        at = _range(found, method)
        quantity = np.asarray(found["yearly_quantity"].to_numpy(), np.float64)
        below = np.maximum(at.middle - at.price, 0) * quantity
        far_below = np.where(at.price < at.middle, at.high - at.price, 0) * quantity
        band = np.asarray(found["band"].to_numpy(), np.int64)
        return pa.table(
            {
                "as_of": pa.array([self.as_of] * size, pa.date32()),
                "horizon_days": pa.array(np.full(size, self.settings.horizon_days)),
                "account_id": found["account_id"],
                "product_id": found["product_id"],
                "score": (1 - at.price / np.maximum(at.middle, 1e-9)).round(6),
                "price": at.price.round(4),
                "price_lo": at.low.round(4),
                "price_median": at.middle.round(4),
                "price_hi": at.high.round(4),
                "peers": found["peers"].cast(pa.int64()),
                "same_segment": found["same_segment"],
                "quantity_from": 2**band,
                "quantity_to": 2 ** (band + 1) - 1,
                "yearly_quantity": quantity.round(4),
                "value": below.round(2),
                "value_lo": np.zeros(size),
                "value_hi": far_below.round(2),
                "method": pa.array([method] * size, pa.string()),
            }
        )
