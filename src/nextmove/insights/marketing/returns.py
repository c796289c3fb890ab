"""Campaigns, channels and segments over two years: what they cost, what the customers that they won have earned, and who bleeds.

A customer belongs to the campaign of its first touch: its first purchase's own, else that of its oldest lead (as `cac` by campaign has
it), and counts with the gross profit of its first twelve months. The spend of a campaign is spread over segments by its leads; what no lead
assigns to a segment is told apart, without a verdict. A channel is the sum of its campaigns. Whether customers earn back what they cost is
judged on those won more than a year ago, whose first twelve months are over, against what was spent in that time: *bleeding* is what earned
less than it cost. Younger spend alone is no verdict.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from nextmove.engine import Engine, literal
from nextmove.errors import UnknownName

CUTS = {"campaign": "cell.campaign", "channel": "coalesce(campaign.channel, '(unknown)')", "segment": "cell.segment"}
UNASSIGNED = "(unassigned)"  # spend of campaigns without leads, by segment
_QUERY = Path(__file__).with_name("returns.sql")
_YEAR = dt.timedelta(days=365)


class Verdict(Enum):
    pays = "pays"
    bleeding = "bleeding"
    early = "early"  # nothing was spent long enough ago
    free = "free"  # nothing was spent at all
    unassigned = "unassigned"  # spend that no lead assigns to a member


@dataclass(frozen=True)
class Return:
    """One campaign, channel or segment."""

    member: str
    spend: float
    leads: int
    customers: int
    profit: float
    mature_spend: float
    mature_profit: float

    @property
    def cost_per_lead(self) -> float | None:
        return _over(self.spend, self.leads)

    @property
    def cac(self) -> float | None:
        return _over(self.spend, self.customers)

    @property
    def romi(self) -> float | None:
        return None if self.verdict is Verdict.unassigned else _over(self.profit - self.spend, self.spend)

    @property
    def payback_months(self) -> float | None:
        """Of the customers whose first year is over."""
        return _over(12 * self.mature_spend, self.mature_profit) if self.mature_spend and self.mature_profit > 0 else None

    @property
    def loss(self) -> float:
        """What the mature spend has not earned back."""
        return max(self.mature_spend - self.mature_profit, 0.0) if self.verdict is Verdict.bleeding else 0.0

    @property
    def verdict(self) -> Verdict:
        if self.member == UNASSIGNED:
            return Verdict.unassigned
        if self.mature_spend > 0:
            return Verdict.bleeding if self.mature_profit < self.mature_spend else Verdict.pays
        return Verdict.early if self.spend > 0 else Verdict.free


def returns(engine: Engine, *, as_of: dt.date, by: str = "campaign") -> Sequence[Return]:
    """The last two years, the dearest first."""
    if by not in CUTS:
        raise UnknownName("cut", by, CUTS)
    values = {
        "start": literal(as_of - 2 * _YEAR),
        "mature": literal(as_of - _YEAR),
        "as_of": literal(as_of),
        "member": CUTS[by],
        "unassigned": UNASSIGNED,
    }
    rows = engine.query(_QUERY.read_text(encoding="utf-8").format(**values)).to_pylist()
    return [_return(row) for row in rows]


def _return(row: dict[str, float | int | str]) -> Return:
    counts = {name: int(row[name]) for name in ("leads", "customers")}
    money = {name: round(float(row[name]), 2) for name in ("spend", "profit", "mature_spend", "mature_profit")}
    return Return(str(row["member"]), leads=counts["leads"], customers=counts["customers"], **money)


def _over(one: float, other: float) -> float | None:
    return one / other if other else None
