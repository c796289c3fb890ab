"""A batch of lines as rows of `order_lines`, with the returns that follow from it, and its orders as `invoices`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from nextmove.demo import columns, names
from nextmove.demo.clock import Clock
from nextmove.demo.customers import CHANNELS, CONTRACT, Customers
from nextmove.demo.lines import CANCELLED, COMPLETED, RETURNED, STATUSES, Lines, World
from nextmove.demo.people import People
from nextmove.demo.plan import Bools, Ints, Names

CONTACT_METHODS = ("visit", "call", "email", "web shop", "portal", "edi")
BY_CHANNEL = np.array([[0, 1], [1, 2], [3, 3], [4, 2]])  # the usual and the other contact method of each channel
EDI, ONLINE = 5, CHANNELS.index("online")
CANCEL_REASONS = ("out of stock", "ordered twice", "price", "delivery too late")
CURRENCIES = ("EUR", "GBP")
DUE_DAYS = 30


@dataclass(frozen=True)
class Desk:
    """What rows need beside the lines: the names behind the numbers."""

    world: World
    clock: Clock
    staff: People
    campaign_ids: Names
    opportunity_ids: pa.Array

    @property
    def buyers(self) -> Customers:
        return self.world.buyers


@dataclass(frozen=True)
class OrderHeads:
    """What all lines of an order share."""

    channel: Ints
    contact_method: Ints
    campaign: Ints
    opportunity: Ints
    rep: Ints  # -1 where the order bears none
    region: Ints
    currency: Ints


def heads(desk: Desk, batch: Lines) -> OrderHeads:
    """Draw channel and contact method of each order, and look up the rest."""
    chance, account = batch.chance, batch.orders.account
    channel = np.where(chance.random(len(account)) < 0.08, ONLINE, desk.buyers.channel[account])
    method = BY_CHANNEL[channel, (chance.random(len(account)) < 0.3).astype(int)]
    method = np.where(desk.buyers.buyer[account] == CONTRACT, EDI, method)
    number = np.arange(len(account)) + batch.first
    by_offer = _lookup(desk.world.offer_orders, number)
    by_deal = _lookup(desk.world.deal_orders, number)
    own_region = np.where(chance.random(len(account)) < 0.03, -1, desk.buyers.region[account])
    unknown = account >= desk.buyers.known
    return OrderHeads(
        channel=channel,
        contact_method=method,
        campaign=np.where(by_offer < 0, -1, np.append(desk.world.offer_campaign, -1)[by_offer]),
        opportunity=by_deal,
        rep=np.where((chance.random(len(account)) < 0.03) & ~unknown, -1, batch.rep),
        region=np.where(unknown, desk.buyers.region[account], own_region),
        currency=desk.world.pays_in_pounds[desk.buyers.region[account]].astype(int),
    )


def _lookup(sorted_numbers: Ints, numbers: Ints) -> Ints:
    """The place of each number in the sorted list, -1 where it is not there."""
    place = np.searchsorted(sorted_numbers, numbers)
    found = np.append(sorted_numbers, -1)[place] == numbers
    return np.where(found, place, -1)


def line_rows(desk: Desk, batch: Lines, head: OrderHeads) -> pa.Table:
    """The ordered lines of the batch."""
    order_ids = columns.numbered("SO", np.arange(len(batch.orders.account)) + batch.first + 1, 8)
    status = np.where(batch.cancelled, CANCELLED, COMPLETED)
    minutes = batch.orders.minutes[batch.order]
    reason = np.where(batch.cancelled, batch.chance.choice(len(CANCEL_REASONS), len(status), p=[0.5, 0.15, 0.15, 0.2]), -1)
    promised, delivered, arrived = _deliveries(desk, batch)
    return pa.table(
        {
            "order_id": columns.coded(batch.order, order_ids),
            "line_no": pa.array(batch.line_no, pa.int64()),
            "ordered_at": columns.moments(desk.clock.start, minutes),
            **_who_and_what(desk, batch, head, lines=np.arange(len(batch.order))),
            "quantity": columns.wholes(batch.quantity),
            "net_amount": columns.cents(batch.net_cents),
            "cost_amount": columns.cents(batch.cost_cents, missing=_no_cost(batch)),
            "list_amount": columns.cents(batch.list_cents),
            "status": columns.coded(status, STATUSES),
            "cancel_reason": columns.coded(reason, CANCEL_REASONS),
            "promised_on": columns.days(desk.clock.start, promised, missing=batch.cancelled),
            "delivered_on": columns.days(desk.clock.start, delivered, missing=~arrived),
            "delivered_quantity": columns.wholes(_delivered_quantity(batch), missing=~arrived),
        }
    )


def _who_and_what(desk: Desk, batch: Lines, head: OrderHeads, *, lines: Ints) -> dict[str, pa.Array]:
    order = batch.order[lines]
    account = batch.orders.account[order]
    region_names = [region.name for region in names.regions()]
    return {
        "account_id": columns.coded(np.where(account < desk.buyers.known, account, -1), desk.buyers.ids),
        "rep_id": columns.coded(head.rep[order], desk.staff.ids),
        "product_id": columns.coded(batch.product[lines], desk.world.goods.ids),
        "channel": columns.coded(head.channel[order], CHANNELS),
        "region": columns.coded(head.region[order], region_names),
        "contact_method": columns.coded(head.contact_method[order], CONTACT_METHODS),
        "currency": columns.coded(head.currency[order], CURRENCIES),
        "campaign_id": columns.coded(head.campaign[order], desk.campaign_ids),
        "opportunity_id": columns.coded(head.opportunity[order], desk.opportunity_ids),
    }


def _no_cost(batch: Lines) -> Bools:
    """A few lines came without their cost; the product's own stands in."""
    return np.asarray(batch.chance.random(len(batch.order)) < 0.02)


def _deliveries(desk: Desk, batch: Lines) -> tuple[Ints, Ints, Bools]:
    """Promised some days after the order, delivered mostly in time; and whether it has arrived by the last day."""
    count = len(batch.order)
    day, chance = batch.day, batch.chance
    promised = day + 2 + chance.integers(0, 5, count)
    late = np.where(chance.random(count) < 0.06, chance.integers(1, 7, count), -chance.integers(0, 2, count))
    late = np.where(day >= desk.world.effects.late_from[batch.account], chance.integers(4, 14, count), late)
    delivered = promised + late
    return promised, delivered, ~batch.cancelled & (delivered < desk.clock.days)


def _delivered_quantity(batch: Lines) -> Ints:
    short = batch.chance.random(len(batch.order)) < 0.02
    return np.where(short, batch.quantity // 2, batch.quantity)


def returns(desk: Desk, batch: Lines, head: OrderHeads) -> pa.Table:
    """Some completed lines come back, whole or in part, some weeks later (never after the last day)."""
    plan, chance = desk.world.plan, batch.chance
    before = int(desk.world.counts[: batch.first].sum(dtype=np.int64))
    share = plan.returned_lines / plan.ordered_lines
    begin, end = int(before * share), int((before + len(batch.order)) * share)
    able = np.flatnonzero(~batch.cancelled)
    lines = np.sort(chance.choice(able, end - begin, replace=False))
    quantity = np.maximum(1, (batch.quantity[lines] * np.minimum(1, chance.uniform(0.3, 1.6, len(lines)))).astype(np.int64))
    part = quantity / batch.quantity[lines]
    return pa.table(
        {
            "order_id": columns.numbered("RT", np.arange(begin, end) + 1, 8),
            "line_no": pa.array(np.ones(len(lines), dtype=np.int64)),
            "ordered_at": columns.moments(desk.clock.start, _return_minutes(desk, batch, lines)),
            **_who_and_what(desk, batch, head, lines=lines),
            "quantity": columns.wholes(-quantity),
            "net_amount": columns.cents(-columns.round_half(batch.net_cents[lines] * part)),
            "cost_amount": columns.cents(-columns.round_half(batch.cost_cents[lines] * part)),
            "list_amount": columns.cents(-columns.round_half(batch.list_cents[lines] * part)),
            "status": columns.coded(np.full(len(lines), RETURNED), STATUSES),
        }
    )


def _return_minutes(desk: Desk, batch: Lines, lines: Ints) -> Ints:
    ordered = batch.orders.minutes[batch.order[lines]]
    working = np.flatnonzero(desk.clock.working)
    wanted = batch.day[lines] + batch.chance.integers(4, 40, len(lines))
    later = np.searchsorted(working, wanted)
    day = working[later.clip(0, len(working) - 1)]
    moment = desk.clock.minutes(day + batch.chance.random(len(lines)))
    return np.where((later < len(working)) & (moment > ordered), moment, ordered + 5)


def invoice_rows(desk: Desk, batch: Lines, head: OrderHeads) -> pa.Table:
    """An invoice the day after each order; customers pay early or late by habit, a few in part, a few not at all."""
    account, chance = batch.orders.account, batch.chance
    amount = np.bincount(batch.order, weights=np.where(batch.cancelled, 0, batch.net_cents), minlength=len(account)).astype(np.int64)
    issued = batch.orders.day + 1
    billed = np.flatnonzero((account < desk.buyers.known) & (amount > 0) & (issued < desk.clock.days))
    account, amount, issued = account[billed], amount[billed], issued[billed]
    paid = issued + DUE_DAYS + columns.round_half(desk.buyers.payment_delay[account] + chance.normal(0, 5, len(account)))
    paid = np.maximum(paid, issued + 1)
    open_still = (paid >= desk.clock.days) | (chance.random(len(account)) < 0.008)
    in_part = ~open_still & (chance.random(len(account)) < 0.01)
    paid_amount = np.where(in_part, amount * 6 // 10, amount)
    numbers = billed + batch.first + 1
    return pa.table(
        {
            "invoice_id": columns.numbered("IN", numbers, 8),
            "account_id": columns.coded(account, desk.buyers.ids),
            "order_id": columns.numbered("SO", numbers, 8),
            "rep_id": columns.coded(head.rep[billed], desk.staff.ids),
            "kind": columns.coded(np.zeros(len(billed), dtype=int), ["invoice"]),
            "issued_on": columns.days(desk.clock.start, issued),
            "due_on": columns.days(desk.clock.start, issued + DUE_DAYS),
            "amount": columns.cents(amount),
            "currency": columns.coded(head.currency[billed], CURRENCIES),
            "paid_on": columns.days(desk.clock.start, paid, missing=open_still),
            "paid_amount": columns.cents(paid_amount, missing=open_still),
        }
    )
