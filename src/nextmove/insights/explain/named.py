"""Who and what is behind a change, by name: customers, products, representatives; of churn those who left, with what they were worth."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from nextmove.engine import literal
from nextmove.insights.explain.compare import Asked, Comparison
from nextmove.insights.explain.ground import TABLE_OF, columns_of, has_table, names_of
from nextmove.insights.explain.rows import COLUMNS, UNKNOWN, Lines, Numbers, is_member

NAMED = 5  # customers and products
OF_CHURN = ("churned_customers", "churn_rate", "churn_rate_value")


@dataclass(frozen=True)
class Named:
    """A customer or product with what it was, is, and made of the change."""

    id: str
    name: str
    before: Decimal
    after: Decimal

    @property
    def change(self) -> Decimal:
        return self.after - self.before


def named_members(asked: Asked, lines: Lines, cut: str, worth: tuple[Numbers, Numbers]) -> tuple[Named, ...]:
    """The members that make most of the change, by name, to the cent."""
    if cut not in lines.members:
        return ()
    coded = lines.members[cut]
    now, before = (total.round(2) for total in lines.totals(cut, worth))
    change = np.abs(now - before)
    change[[at for at, member in enumerate(coded.names) if member == UNKNOWN]] = 0.0
    least = np.partition(change, -NAMED)[-NAMED] if len(change) > NAMED else 0.0
    top = sorted(np.flatnonzero((change >= least) & (change > 0)).tolist(), key=lambda at: (-change[at], coded.names[at]))[:NAMED]
    called = names_of(asked.engine, TABLE_OF[cut], f"{cut}_id", [coded.names[at] for at in top])
    return tuple(Named(coded.names[at], called[coded.names[at]], _exact(before[at]), _exact(now[at])) for at in top)


def _exact(value: float) -> Decimal:
    return Decimal(repr(float(value)))


def leavers(asked: Asked, comparison: Comparison) -> tuple[Named, ...]:
    """Who was lost in the period, the most valuable first: `before` is what they bought in the year up to their last purchase."""
    if asked.kpi not in OF_CHURN or not has_table(asked.engine, "facts.purchase_ends"):
        return ()
    there = columns_of(asked.engine, "facts.purchase_ends")
    if any(COLUMNS.get(dimension, dimension) not in there for dimension, _ in comparison.where):
        return ()
    where = "".join(f" and {is_member(COLUMNS.get(cut, cut), member)}" for cut, member in comparison.where)
    lost = f"cast(day + interval '{asked.settings.definitions.churn_window_months} months' as date)"
    rows = asked.engine.query(
        f"with gone as (select account_id, max(day) as last from facts.purchase_ends where closes_day "
        f"and (next_day is null or next_day > {lost}) and {lost} >= {literal(comparison.now.start)} "
        f"and {lost} < {literal(comparison.now.end)}{where} group by account_id) "
        f"select account_id, sum(net) as worth from facts.sales join gone using (account_id) "
        f"where day <= last and day > last - interval 1 year group by account_id order by worth desc, account_id limit {NAMED}"
    ).to_pylist()
    called = names_of(asked.engine, "accounts", "account_id", [row["account_id"] for row in rows])
    return tuple(Named(row["account_id"], called[row["account_id"]], round(Decimal(row["worth"]), 2), Decimal(0)) for row in rows)
