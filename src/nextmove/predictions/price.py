"""What comparable customers pay for the same product at that quantity, and what a customer's own price leaves on the table.

Comparable are customers of the same segment who buy the product in the same quantity band (doubling: 1, 2 to 3, 4 to 7, …); where a segment
has too few, those of all segments. Prices are net sales ÷ quantity of the last year, of pairs bought on two days or more; lines of a
campaign are left out. The range is that between the 25th and 75th percentile, which one odd price does not move. `value` is what the
customer's yearly quantity would bring more at the comparable median, `value_hi` at the 75th percentile; nothing where it pays more already.
It is a suggestion with its evidence, not a probability: why a customer pays less, the salesperson may know.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa

from nextmove.engine import Engine, literal
from nextmove.predictions.contract import Learnt, first_sale, past_cutoffs, report, sales_until

_QUERY = """
with days as (
    select account_id, product_id, coalesce(segment, '') as segment, day, sum(quantity) as quantity, sum(net) as net
    from {sales} as sales
    where is_purchase and product_id is not null and campaign_id is null and quantity > 0 and day > {as_of} - 365
    group by all
),
pairs as (
    select account_id, product_id, max(segment) as segment, cast(sum(net) as double) / cast(sum(quantity) as double) as price,
        cast(sum(quantity) as double) as yearly_quantity,
        cast(floor(log2(greatest(cast(quantile_disc(quantity, 0.5) as double), 1))) as integer) as band
    from days group by account_id, product_id having count(*) >= {least_days}
),
ranges as (
    select product_id, band, segment, count(*) as peers, quantile_cont(price, [0.25, 0.5, 0.75]) as q
    from pairs group by grouping sets ((product_id, band, segment), (product_id, band))
    having count(*) > {least_peers}
)
select pairs.account_id, pairs.product_id, pairs.price, pairs.yearly_quantity, pairs.band, near.segment is not null as same_segment,
    coalesce(near.peers, every.peers) - 1 as peers, coalesce(near.q, every.q) as q
from pairs
left join ranges as near on near.product_id = pairs.product_id and near.band = pairs.band and near.segment = pairs.segment
left join ranges as every on every.product_id = pairs.product_id and every.band = pairs.band and every.segment is null
where near.peers is not null or every.peers is not null
order by pairs.account_id, pairs.product_id
"""
_LATER = """
select account_id, product_id, cast(sum(net) as double) / cast(sum(quantity) as double) as price from facts.sales
where is_purchase and product_id is not null and campaign_id is null and quantity > 0 and day > {cutoff} and day <= {until}
group by all order by all
"""


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
        asked = {"sales": sales_until(as_of), "as_of": literal(as_of), "least_days": self.least_days, "least_peers": self.least_peers}
        return FittedPrice(self, as_of, engine.query(_QUERY.format(**asked)).combine_chunks())

    def backtest(self, engine: Engine, *, as_of: dt.date) -> pa.Table:
        """Whether the range holds: the share of the next period's prices within it, beside the rule (list of the product ± 5 %)."""
        cutoffs = past_cutoffs(first_sale(engine, as_of), as_of, horizon_days=self.horizon_days)
        return report([row for cutoff in cutoffs for row in self._look_back(engine, cutoff)])

    def _look_back(self, engine: Engine, cutoff: dt.date) -> list[dict[str, object]]:
        said, until = self.fit(engine, as_of=cutoff).predict(), cutoff + dt.timedelta(days=self.horizon_days)
        later = engine.query(_LATER.format(cutoff=literal(cutoff), until=literal(until)))
        both = said.join(later.rename_columns(["account_id", "product_id", "came"]), ["account_id", "product_id"], join_type="inner")
        if not both.num_rows:
            return []
        came, middle = both["came"].to_numpy(), both["price_median"].to_numpy()
        inside = {
            "model": (came >= both["price_lo"].to_numpy()) & (came <= both["price_hi"].to_numpy()),
            "rule": np.abs(came / middle - 1) <= 0.05,
        }
        return [
            {"cutoff": cutoff, "method": method, "measure": "share_within_interval", "value": float(held.mean()), "subjects": len(came)}
            for method, held in inside.items()
        ]


@dataclass(frozen=True)
class FittedPrice:
    settings: Price
    as_of: dt.date
    found: pa.Table

    @property
    def learnt(self) -> Learnt | None:
        return None  # one query; nothing is worth keeping

    def predict(self) -> pa.Table:
        size, found = self.found.num_rows, self.found
        price, quantity = (np.asarray(found[name].to_numpy(), np.float64) for name in ("price", "yearly_quantity"))
        low, middle, high = np.array(found["q"].to_pylist(), np.float64).reshape(size, 3).T
        below, far_below = np.maximum(middle - price, 0) * quantity, np.where(price < middle, high - price, 0) * quantity
        band = np.asarray(found["band"].to_numpy(), np.int64)
        return pa.table(
            {
                "as_of": pa.array([self.as_of] * size, pa.date32()),
                "horizon_days": pa.array(np.full(size, self.settings.horizon_days)),
                "account_id": found["account_id"],
                "product_id": found["product_id"],
                "score": (1 - price / np.maximum(middle, 1e-9)).round(6),
                "price": price.round(4),
                "price_lo": low.round(4),
                "price_median": middle.round(4),
                "price_hi": high.round(4),
                "peers": found["peers"].cast(pa.int64()),
                "same_segment": found["same_segment"],
                "quantity_from": 2**band,
                "quantity_to": 2 ** (band + 1) - 1,
                "yearly_quantity": quantity.round(4),
                "value": below.round(2),
                "value_lo": np.zeros(size),
                "value_hi": far_below.round(2),
            }
        )
