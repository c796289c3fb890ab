"""A fact added up for each customer and combination of members, once, for all scans that count or add up by customer.

A customer has many lines in a month, and several measures ask only which customers there are and what each bought. Such scans
read the few rows that are left; `lines` tells how many of the fact each stands for.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import reduce
from itertools import chain

from nextmove.kpis.columns import Columns
from nextmove.kpis.definition import Measure
from nextmove.kpis.dimensions import dimension
from nextmove.kpis.folds import Fold
from nextmove.kpis.wide import Wide

CUSTOMER = "account_id"
_FLAGS = frozenset({CUSTOMER, "is_purchase", "status"})  # what a condition may ask: columns of so few values that rows still add up
_NAME = re.compile(r"^[a-z_]+$")
_OF_FACT = re.compile(r"\bf\.(\w+)")


def by_customer(columns: Columns, measures: Sequence[Measure]) -> bool:
    """Whether all that these measures read is left when a fact is added up for each customer."""
    return CUSTOMER in columns.fact.columns and all(_by_customer(measure) and _asked(columns, measure) <= _FLAGS for measure in measures)


def _by_customer(measure: Measure) -> bool:
    if measure.day != "day" or measure.dimensions or not set(measure.join.values()) <= {CUSTOMER}:
        return False
    if measure.per:
        return measure.per == CUSTOMER and bool(measure.count or _NAME.match(measure.sum or ""))
    return measure.distinct == CUSTOMER


def _asked(columns: Columns, measure: Measure) -> frozenset[str]:
    """The columns of the fact in a measure's condition."""
    return frozenset(_OF_FACT.findall(columns.sql(measure.where))) if measure.where else frozenset()


def added_up(scans: Sequence[tuple[Columns, Sequence[Measure]]], fold: Fold) -> str:
    """The relation that these scans read."""
    columns = scans[0][0]
    measures = list(chain.from_iterable(each for _, each in scans))
    dated, period = columns.period()
    asked = sorted({CUSTOMER}.union(*(_asked(one, measure) for one, each in scans for measure in each)))
    sums = [f"sum(f.{name}) as {name}" for name in sorted({measure.sum for measure in measures if measure.sum})]
    sums += ["max(f.unpriced) as unpriced"] if "unpriced" in columns.fact.columns else []
    keys = [f"f.{name}" for name in asked]
    members = ", ".join(f"members.{dimension(name).column}" for name in fold.takes(columns.sets))
    inner = ", ".join([f"{period} as period_id", f"{fold.who} as who", *keys, *sums, "count(*) as lines"])
    read = "\n".join([f"from facts.{columns.fact.name} as f", *dated, f"where {' and '.join(columns.range())}"])
    return (
        f"select cells.*, {members}\nfrom (\nselect {inner}\n{read}\ngroup by {', '.join([period, fold.who, *keys])}\n) as cells\n"
        f"join {fold.relation} as members using (who)"
    )


def reach(frames: Sequence[Wide]) -> Wide:
    """The frame that serves them all."""
    return reduce(lambda one, other: one.with_all_of(other), frames)
