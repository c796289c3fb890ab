"""Deals as rows of `opportunities` and `stage_changes`; amounts are known once the orders behind the won ones are."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from nextmove.demo import columns, names
from nextmove.demo.deals import LOST, OPEN, SOURCES, STAGES, STATUSES, WON, Deals, Market, office_minutes
from nextmove.demo.order_rows import CURRENCIES
from nextmove.demo.plan import Bools, Ints, Plan
from nextmove.demo.stories import COMPETITORS

LOSS_REASONS = ("price", "competitor", "no budget", "no decision", "timing")
CONTACT_METHODS = ("visit", "call", "email", "portal")
EXPECTED_DAYS = 50


def opportunity_ids(count: int) -> pa.Array:
    return columns.numbered("D", np.arange(count) + 1, 7)


def amounts(plan: Plan, found: Deals, order_cents: Ints) -> Ints:
    """The amount of each deal in cents: about that of its order, or of another won deal."""
    random = plan.random("deal amounts")
    won = found.status == WON
    amount = np.zeros(len(found.status))
    amount[won] = np.maximum(order_cents, 5_000) * random.uniform(0.95, 1.08, int(won.sum()))
    others = int((~won).sum())
    amount[~won] = random.choice(amount[won], others) * random.lognormal(0, 0.35, others) if won.any() else 100_000
    return columns.round_half(amount / 100) * 100


def opportunity_rows(
    market: Market, found: Deals, *, cents: Ints, source: Ints, lead: Ints, lead_ids: pa.Array, undercut: Bools
) -> pa.Table:
    """`source` and `lead` of each deal (-1 for none); `undercut` marks where and when a competitor has become cheaper."""
    random = market.plan.random("opportunity rows")
    count = len(found.status)
    reason, competitor = _losses(random, found, undercut)
    created = office_minutes(market.clock, found.created)
    expected = np.floor(found.created).astype(np.int64) + EXPECTED_DAYS + random.integers(-8, 15, count)
    region = [place.name for place in names.regions()]
    pounds = np.array([place.currency == "GBP" for place in names.regions()])[found.region]
    return pa.table(
        {
            "opportunity_id": opportunity_ids(count),
            "account_id": columns.coded(found.account, market.buyers.ids),
            "lead_id": columns.coded(lead, lead_ids),
            "rep_id": columns.coded(found.rep, market.staff.ids),
            "product_id": columns.coded(found.product, market.goods.ids),
            "source": columns.coded(source, SOURCES),
            "contact_method": columns.coded(random.choice(4, count, p=[0.35, 0.35, 0.2, 0.1]), CONTACT_METHODS),
            "name": columns.numbered("Deal ", np.arange(count) + 1, 1),
            "created_at": columns.moments(market.clock.start, created),
            "expected_close_on": columns.days(market.clock.start, expected),
            "closed_at": columns.moments(market.clock.start, office_minutes(market.clock, found.closed), missing=found.status == OPEN),
            "stage": columns.coded(found.last_stage, STAGES),
            "status": columns.coded(found.status, STATUSES),
            "amount": columns.cents(cents),
            "currency": columns.coded(pounds.astype(int), CURRENCIES),
            "loss_reason": columns.coded(reason, LOSS_REASONS),
            "competitor": columns.coded(competitor, COMPETITORS),
            "region": columns.coded(found.region, region),
        }
    )


def _losses(random: np.random.Generator, found: Deals, undercut: Bools) -> tuple[Ints, Ints]:
    """Why deals were lost and to whom; where a competitor is cheaper it is price, and that competitor."""
    count = len(found.status)
    lost = found.status == LOST
    reason = random.choice(len(LOSS_REASONS), count, p=[0.27, 0.23, 0.18, 0.2, 0.12])
    competitor = np.where(random.random(count) < 0.45, random.integers(0, len(COMPETITORS), count), -1)
    cheaper = lost & undercut & (random.random(count) < 0.75)
    reason, competitor = np.where(cheaper, 0, reason), np.where(cheaper, 0, competitor)
    return np.where(lost, reason, -1), competitor


def stage_change_rows(market: Market, found: Deals, cents: Ints) -> pa.Table:
    """One row each time a deal came into its next stage; early amounts are guesses."""
    random = market.plan.random("stage changes")
    deal, stage = np.nonzero(np.isfinite(found.entered[:, 1:]))
    guess = random.normal(1, 0.08 * (len(STAGES) - 2 - stage).clip(0), len(deal)).clip(0.6, 1.5)
    return pa.table(
        {
            "opportunity_id": columns.coded(deal, opportunity_ids(len(found.status))),
            "changed_at": columns.moments(market.clock.start, office_minutes(market.clock, found.entered[deal, stage + 1])),
            "from_stage": columns.coded(stage, STAGES),
            "to_stage": columns.coded(stage + 1, STAGES),
            "amount": columns.cents(columns.round_half(cents[deal] * guess / 100) * 100),
        }
    )
