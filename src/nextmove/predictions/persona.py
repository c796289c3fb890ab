"""The customer persona, learnt: what the best customers have in common that others have not.

Best is the fifth of the customers that earned most in the last two years (gross profit; net sales of lines without a cost). A member of
an attribute (segment, industry, size, country) belongs to the persona where it is clearly more frequent among the best than among
all: at least `least_lift` times, with at least `least_best` of them, and more than chance would put there once in twenty times
(the hypergeometric tail). An attribute without such a member tells nothing, and is no part of the persona.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from nextmove.engine import Engine, literal
from nextmove.errors import MissingData
from nextmove.predictions.contract import account_days_until

ATTRIBUTES = ("segment", "industry", "company_size", "country")

_CUSTOMERS = """
select bought.account_id, cast(sum(bought.earned) as double) as profit, {attributes}
from {days} as bought
left join main.accounts as account on account.account_id = bought.account_id
where bought.day > {start}
group by bought.account_id
having max(bought.bought_net) > 0
order by profit desc, bought.account_id
"""


@dataclass(frozen=True)
class Persona:
    """What it takes to belong to it."""

    best_share: float = 0.2
    days: int = 730
    least_customers: int = 50
    least_best: int = 5
    least_lift: float = 1.25
    chance: float = 0.05

    def learn(self, engine: Engine, *, as_of: dt.date) -> pa.Table:
        """Rows of `learnt_persona`: every member of every attribute with its evidence; those that belong to the persona are marked."""
        customers = _customers(engine, as_of, self.days)
        if customers.num_rows < self.least_customers:
            raise MissingData(
                f"A persona is learnt from at least {self.least_customers} customers; {customers.num_rows} bought in the last two years.",
                where=f"order_lines up to {as_of}",
                hint="write [persona] in nextmove.toml",
            )
        best = np.arange(customers.num_rows) < round(self.best_share * customers.num_rows)
        rows = [row for attribute in ATTRIBUTES for row in self._members(customers, attribute, best)]
        rows.sort(key=lambda row: (ATTRIBUTES.index(str(row["attribute"])), -float(str(row["lift"])), str(row["member"])))
        return pa.Table.from_pylist(rows, schema=_SCHEMA)

    def _members(self, customers: pa.Table, attribute: str, best: np.ndarray) -> list[dict[str, object]]:
        """Each member of one attribute held against the customers of whom the attribute is known."""
        from scipy.stats import hypergeom

        known = np.asarray(customers[attribute].is_valid().to_numpy())
        values = customers[attribute].filter(pa.array(known)).to_numpy(zero_copy_only=False)
        profit, best = customers["profit"].to_numpy()[known], best[known]
        found = []
        for member in np.unique(values.astype(str)):
            mine = values == member
            n, b = int(mine.sum()), int(best[mine].sum())
            lift = (b / max(best.sum(), 1)) / (n / len(best))
            by_chance = float(hypergeom.sf(b - 1, len(best), int(best.sum()), n))
            belongs = b >= self.least_best and lift >= self.least_lift and by_chance <= self.chance
            figures = (n, b, n / len(best), b / max(int(best.sum()), 1), lift, round(float(profit[mine].mean()), 2), belongs)
            found.append({"attribute": attribute, "member": str(member), **dict(zip(_SCHEMA.names[2:], figures, strict=True))})
        return found


def persona_fits(engine: Engine, leads: pa.Table, *, as_of: dt.date) -> pa.Array:
    """Of each lead the share of the persona's attributes that it matches, 0 to 1: of the persona written in the settings, else of the one
    learnt by `as_of`; null where there is neither. A missing attribute does not match."""
    if leads["written_fit"].null_count < leads.num_rows:
        return leads["written_fit"].combine_chunks()
    try:
        rows = Persona().learn(engine, as_of=as_of).to_pylist()
    except MissingData:
        return pa.nulls(leads.num_rows, pa.float64())
    accepted = {a: [row["member"] for row in rows if row["attribute"] == a and row["belongs"]] for a in ATTRIBUTES}
    matches = [pc.is_in(leads[a], pa.array(members)).to_numpy() for a, members in accepted.items() if members]
    return pa.array(np.mean(matches, axis=0)) if matches else pa.nulls(leads.num_rows, pa.float64())


_SCHEMA = pa.schema(
    [
        ("attribute", pa.string()),
        ("member", pa.string()),
        ("customers", pa.int64()),
        ("best", pa.int64()),
        ("share_of_customers", pa.float64()),
        ("share_of_best", pa.float64()),
        ("lift", pa.float64()),
        ("profit_per_customer", pa.float64()),
        ("belongs", pa.bool_()),
    ]
)


def _customers(engine: Engine, as_of: dt.date, days: int) -> pa.Table:
    """Customers of the last `days` days, those that earned most first."""
    attributes = ", ".join(f"max(account.{attribute}) as {attribute}" for attribute in ATTRIBUTES)
    start = literal(as_of - dt.timedelta(days=days))
    return engine.query(_CUSTOMERS.format(attributes=attributes, start=start, days=account_days_until(engine, as_of)))
