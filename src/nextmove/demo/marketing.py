"""Marketing: spend, web sessions, e-mails and social networks, with the campaign that bleeds money among them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from nextmove.demo import columns
from nextmove.demo.campaigns import CHANNELS
from nextmove.demo.deals import SOURCES, Market, office_minutes
from nextmove.demo.leads import Leads, lead_ids
from nextmove.demo.plan import Floats, Ints

LANDING_PAGES = ("/", "/catalogue", "/offer", "/guide", "/webinar", "/contact")
SESSION_SOURCES = tuple(source for source in SOURCES if source in ("search", "linkedin", "webinar", "web"))
EVENTS = ("sent", "delivered", "open", "click", "reply", "unsubscribe", "bounce", "convert")
NETWORKS = ("LinkedIn", "Instagram", "YouTube")
DEPARTMENTS = ("marketing", "sales", "overhead")
MARKETING_SHARE, SALES_SHARE, OVERHEAD_SHARE = 0.030, 0.065, 0.035  # of net sales
CHANNEL_COST = np.array([1.2, 1.0, 0.6, 1.6, 0.3])
BLEEDING_COST = 0.9  # of all marketing spend of the same time
AT_ONCE = 400_000


def spend_rows(market: Market, daily_sales: Floats) -> pa.Table:
    """Weekly spend by campaign, monthly spend of sales and overhead; `daily_sales` is the level of net sales a day."""
    random = market.plan.random("spend")
    marketing = _campaign_spend(market, random, daily_sales * MARKETING_SHARE)
    rest = _department_spend(market, random, daily_sales)
    day, department, channel, campaign, cents = (np.concatenate(pair) for pair in zip(marketing, rest, strict=True))
    order = np.lexsort((campaign, department, day))
    return pa.table(
        {
            "spend_id": columns.numbered("X", np.arange(len(day)) + 1, 6),
            "spent_on": columns.days(market.clock.start, day[order]),
            "department": columns.coded(department[order], DEPARTMENTS),
            "channel": columns.coded(channel[order], CHANNELS),
            "campaign_id": columns.coded(campaign[order], market.running.ids),
            "amount": columns.cents(cents[order]),
            "currency": columns.coded(np.zeros(len(day), dtype=int), ["EUR"]),
        }
    )


def _campaign_spend(market: Market, random: np.random.Generator, budget: Floats) -> tuple[Ints, ...]:
    """Each Monday while a campaign runs; the bleeding one costs nearly as much as all others together."""
    running = market.running
    weeks = np.arange(0, market.plan.days, 7)
    campaign, week = np.nonzero((weeks >= running.started[:, None]) & (weeks < running.ended[:, None]))
    cost = CHANNEL_COST[running.channel[campaign]] / CHANNEL_COST.sum()
    cost = np.where(campaign == running.bleeding, BLEEDING_COST, cost)
    cents = columns.round_half(budget[weeks[week]] * 7 * cost * random.lognormal(0, 0.2, len(week)) * 100)
    return weeks[week], np.zeros(len(week), dtype=int), running.channel[campaign], campaign, cents


def _department_spend(market: Market, random: np.random.Generator, daily_sales: Floats) -> tuple[Ints, ...]:
    months = np.array([n for n in range(market.plan.days) if market.clock.day(n).day == 28 or n == market.plan.days - 1])
    day = np.tile(months, 2)
    department = np.repeat([1, 2], len(months))
    share = np.where(department == 1, SALES_SHARE, OVERHEAD_SHARE)
    cents = columns.round_half(daily_sales[day] * 30.4 * share * random.lognormal(0, 0.04, len(day)) * 100)
    none = np.full(len(day), -1)
    return day, department, none, none, cents


def session_rows(market: Market, found: Leads) -> Iterator[pa.Table]:
    """Web sessions in batches; leads from the web have the session in which they came."""
    random = market.plan.random("sessions")
    on_web = np.isin(np.array(SOURCES)[found.source], SESSION_SOURCES) & (found.created >= 0)
    lead = np.flatnonzero(on_web)
    yield _sessions(market, random, found.created[lead] - 0.01, found.source[lead], lead, first=0, leads=len(found.deal))
    rest, written = max(0, market.plan.lines // 4 - len(lead)), len(lead)
    weights = np.array([0.35, 0.15, 0.08, 0.42])
    codes = np.array([SOURCES.index(source) for source in SESSION_SOURCES])
    for begun in range(0, rest, AT_ONCE):
        count = min(AT_ONCE, rest - begun)
        time = market.clock.random_days(random, count) + random.random(count)
        source = codes[random.choice(len(codes), count, p=weights)]
        yield _sessions(market, random, time, source, np.full(count, -1), first=written, leads=len(found.deal))
        written += count


def _sessions(market: Market, random: np.random.Generator, time: Floats, source: Ints, lead: Ints, *, first: int, leads: int) -> pa.Table:
    count = len(time)
    pages = 1 + random.poisson(np.where(lead >= 0, 5.0, 1.6), count)
    landing = random.choice(len(LANDING_PAGES), count, p=[0.3, 0.25, 0.15, 0.15, 0.08, 0.07])
    landing = np.where((source == SOURCES.index("webinar")) & (random.random(count) < 0.7), LANDING_PAGES.index("/webinar"), landing)
    rate = np.array([0.03, 0.04, 0.12, 0.09, 0.15, 0.2])[landing]
    day = np.floor(time).astype(np.int64).clip(0, market.clock.days - 1)
    channel = np.where(source < len(CHANNELS) - 1, source, -1)
    return pa.table(
        {
            "session_id": columns.numbered("W", np.arange(first, first + count) + 1, 9),
            "started_at": columns.moments(market.clock.start, office_minutes(market.clock, time)),
            "source": columns.coded(source, SOURCES),
            "campaign_id": columns.coded(market.running.of(channel, day), market.running.ids),
            "landing_page": columns.coded(landing, LANDING_PAGES),
            "pages": pa.array(pages, pa.int64()),
            "duration_seconds": columns.wholes(columns.round_half(pages * random.lognormal(3.6, 0.7, count)).clip(2, 7200)),
            "cta_clicked": pa.array((lead >= 0) | (random.random(count) < rate)),
            "lead_id": columns.coded(lead, lead_ids(leads)),
        }
    )


def email_rows(market: Market) -> Iterator[pa.Table]:
    """Mails of the e-mail campaigns and what became of them, in batches."""
    random = market.plan.random("emails")
    channel = CHANNELS.index("email")
    mails = market.plan.lines // 6
    recipients = max(200, market.plan.accounts * 2)
    written = 0
    for begun in range(0, mails, AT_ONCE):
        day = market.clock.random_days(random, min(AT_ONCE, mails - begun))
        campaign = market.running.running[channel, day]
        sent = np.flatnonzero(campaign >= 0)
        rows = _mail_events(market, random, day[sent], campaign[sent], recipients, first=written)
        yield rows
        written += rows.num_rows


def _mail_events(market: Market, random: np.random.Generator, day: Ints, campaign: Ints, recipients: int, *, first: int) -> pa.Table:
    count = len(day)
    recipient = random.integers(0, recipients, count)
    arrived = random.random(count) > 0.02
    opened = arrived & (random.random(count) < 0.32)
    clicked = opened & (random.random(count) < 0.2)
    happened = {
        "sent": np.ones(count, dtype=bool),
        "delivered": arrived,
        "open": opened,
        "click": clicked,
        "reply": opened & (random.random(count) < 0.05),
        "unsubscribe": opened & (random.random(count) < 0.012),
        "bounce": ~arrived,
        "convert": clicked & (random.random(count) < 0.09),
    }
    mail, event = np.nonzero(np.stack([happened[name] for name in EVENTS], axis=1))
    delay = np.array([0.0, 0.01, 0.15, 0.18, 0.25, 0.2, 0.02, 0.3])[event]
    begun = day + random.random(count) * 0.5
    return pa.table(
        {
            "event_id": columns.numbered("E", np.arange(first, first + len(mail)) + 1, 9),
            "campaign_id": columns.coded(campaign[mail], market.running.ids),
            "recipient_id": columns.coded(recipient[mail], columns.numbered("person-", np.arange(recipients), 7)),
            "event": columns.coded(event, EVENTS),
            "happened_at": columns.moments(market.clock.start, office_minutes(market.clock, begun[mail] + delay)),
        }
    )


def social_rows(market: Market) -> pa.Table:
    """Daily figures of each network; followers grow slowly."""
    random = market.plan.random("social")
    days, networks = market.plan.days, len(NETWORKS)
    followers = np.array([4200, 1500, 600])[:, None] + np.cumsum(
        random.poisson(np.array([3.0, 1.2, 0.5])[:, None], (networks, days)), axis=1
    )
    reach = columns.round_half(followers * random.lognormal(-1.1, 0.35, (networks, days)))
    engagements = columns.round_half(reach * random.lognormal(-3.3, 0.3, (networks, days)))
    impressions = columns.round_half(reach * random.uniform(1.2, 1.8, (networks, days)))
    return pa.table(
        {
            "day": columns.days(market.clock.start, np.repeat(np.arange(days), networks)),
            "network": columns.coded(np.tile(np.arange(networks), days), NETWORKS),
            **{
                name: pa.array(values.T.ravel(), pa.int64())
                for name, values in (("followers", followers), ("reach", reach), ("impressions", impressions), ("engagements", engagements))
            },
        }
    )
