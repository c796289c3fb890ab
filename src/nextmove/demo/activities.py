"""What representatives do all day: they answer leads, work on deals, keep in touch with customers, and enter data.

Diligent ones do more. The representative of the planted story stops calling and visiting on a day.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from nextmove.demo import columns
from nextmove.demo.deal_rows import opportunity_ids
from nextmove.demo.deals import Deals, Market, office_minutes
from nextmove.demo.effects import Effects
from nextmove.demo.leads import Leads, lead_ids
from nextmove.demo.people import on_duty
from nextmove.demo.plan import Bools, Floats, Ints
from nextmove.demo.stories import RESTED_SHARE

KINDS = ("call", "email", "meeting", "visit", "demo", "message", "data_entry", "admin")
MINUTES = np.array([9.0, 6.0, 45.0, 70.0, 50.0, 3.0, 18.0, 35.0])
FACING = 6  # the first six are with customers
TO_LEADS = np.array([0.6, 0.32, 0, 0, 0, 0.08, 0, 0])
ON_DEALS = np.array([0.3, 0.25, 0.2, 0.05, 0.12, 0.08, 0, 0])
TO_CUSTOMERS = np.array([0.5, 0.2, 0.06, 0.16, 0.02, 0.06, 0, 0])
AT_THE_DESK = np.array([0, 0, 0, 0, 0, 0, 0.65, 0.35])
OUTCOMES = ("reached", "no answer", "follow-up agreed", "held", "cancelled")
OF_FACING = np.array([0.5, 0.3, 0.2, 0, 0])
AT_ONCE = 500_000


@dataclass(frozen=True)
class _Done:
    """Activities before they are rows; -1 for none."""

    kind: Ints
    rep: Ints
    account: Ints
    lead: Ints
    deal: Ints
    time: Floats  # office days

    def where(self, keep: Bools) -> _Done:
        return _Done(*(getattr(self, part)[keep] for part in _Done.__dataclass_fields__))


def activity_rows(market: Market, effects: Effects, found_leads: Leads, found_deals: Deals) -> Iterator[pa.Table]:
    """The rows of `activities`, in batches."""
    random = market.plan.random("activities")
    written = 0
    for done in _all(market, random, found_leads, found_deals):
        kept = done.where(_happened(market, effects, random, done))
        yield _rows(market, random, kept, first=written, leads=len(found_leads.deal), deals=len(found_deals.status))
        written += len(kept.kind)


def _all(market: Market, random: np.random.Generator, found_leads: Leads, found_deals: Deals) -> Iterator[_Done]:
    yield _to_leads(random, found_leads)
    yield _on_deals(market, random, found_deals)
    rest = market.plan.lines // 5
    for begun in range(0, rest, AT_ONCE):
        count = min(AT_ONCE, rest - begun)
        yield _to_customers(market, random, count * 3 // 4)
        yield _at_the_desk(market, random, count // 4)


def _kinds(random: np.random.Generator, shares: Floats, count: int) -> Ints:
    return random.choice(len(KINDS), count, p=shares / shares.sum())


def _to_leads(random: np.random.Generator, found: Leads) -> _Done:
    """The first answer to each lead."""
    lead = np.flatnonzero(np.isfinite(found.responded))
    none = np.full(len(lead), -1)
    return _Done(_kinds(random, TO_LEADS, len(lead)), found.rep[lead], none, lead, none, found.responded[lead])


def _on_deals(market: Market, random: np.random.Generator, found: Deals) -> _Done:
    """Three to eight activities on each deal between its start and its end."""
    count = 1 + random.poisson(4, len(found.status))
    deal = np.repeat(np.arange(len(count)), count)
    ends = np.minimum(found.closed, market.plan.days)[deal]
    time = found.created[deal] + random.random(len(deal)) * (ends - found.created[deal]).clip(0)
    return _Done(_kinds(random, ON_DEALS, len(deal)), found.rep[deal], found.account[deal], np.full(len(deal), -1), deal, time)


def _to_customers(market: Market, random: np.random.Generator, count: int) -> _Done:
    """Calls and visits to customers, more by diligent representatives and to large customers."""
    buyers, staff = market.buyers, market.staff
    weight = staff.diligence[buyers.rep[: buyers.known]] * np.array([3.0, 1.5, 0.7])[buyers.segment[: buyers.known]]
    edges = np.cumsum(weight)
    account = np.searchsorted(edges, random.random(count) * edges[-1], side="right").clip(0, buyers.known - 1)
    time = market.clock.random_days(random, count) + random.random(count)
    none = np.full(count, -1)
    return _Done(_kinds(random, TO_CUSTOMERS, count), on_duty(staff, buyers.rep[account], time), account, none, none, time)


def _at_the_desk(market: Market, random: np.random.Generator, count: int) -> _Done:
    rep = random.choice(market.staff.sells, count)
    time = market.clock.random_days(random, count) + random.random(count)
    none = np.full(count, -1)
    return _Done(_kinds(random, AT_THE_DESK, count), on_duty(market.staff, rep, time), none, none, none, time)


def _happened(market: Market, effects: Effects, random: np.random.Generator, done: _Done) -> Bools:
    """Not after the last day, and hardly any by who stopped calling."""
    rested = (done.time >= effects.rests_from[done.rep]) & (done.kind < FACING) & (random.random(len(done.kind)) > RESTED_SHARE)
    return np.asarray((done.time < market.plan.days) & ~rested)


def _rows(market: Market, random: np.random.Generator, done: _Done, *, first: int, leads: int, deals: int) -> pa.Table:
    count = len(done.kind)
    facing = done.kind < FACING
    meeting = (done.kind >= 2) & facing
    outcome = np.where(meeting, random.choice([3, 3, 3, 3, 4], count), random.choice(len(OUTCOMES), count, p=OF_FACING))
    lasted = MINUTES[done.kind] * random.lognormal(0, 0.45, count)
    return pa.table(
        {
            "activity_id": columns.numbered("A", np.arange(first, first + count) + 1, 9),
            "rep_id": columns.coded(done.rep, market.staff.ids),
            "account_id": columns.coded(done.account, market.buyers.ids),
            "lead_id": columns.coded(done.lead, lead_ids(leads)),
            "opportunity_id": columns.coded(done.deal, opportunity_ids(deals)),
            "kind": columns.coded(done.kind, KINDS),
            "direction": columns.coded(np.where(facing, (random.random(count) < 0.2).astype(int), -1), ("outbound", "inbound")),
            "started_at": columns.moments(market.clock.start, office_minutes(market.clock, done.time)),
            "duration_minutes": columns.wholes(columns.round_half(lasted).clip(1, 480), missing=random.random(count) < 0.03),
            "outcome": columns.coded(np.where(facing, outcome, -1), OUTCOMES),
        }
    )
