"""Leads: from the first contact through MQL and SQL to a deal; those behind won customers, and the many others.

A lead's score says something about its chance but not all. From a planted day on one source brings twice as many leads
that look like the others and hardly ever become more.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from nextmove.demo import columns, names
from nextmove.demo.campaigns import CHANNELS
from nextmove.demo.customers import COMPANY_SIZES, INDUSTRIES, SEGMENTS
from nextmove.demo.deals import SOURCES, WON, Deals, Market, office_minutes
from nextmove.demo.people import on_duty
from nextmove.demo.plan import Bools, Floats, Ints
from nextmove.demo.stories import BAD_RATE, BAD_SOURCE

SOURCE_SHARES = np.array([0.2, 0.12, 0.12, 0.1, 0.22, 0.1, 0.06, 0.08])
BAD, BAD_DAYS = SOURCES.index(BAD_SOURCE), 170
CALM_SHARE = 0.55  # of the leads of the bad source before it went bad, measured on those after
BLEEDING_LEADS = 0.3  # of search leads come from the bleeding campaign while it runs
MQL_RATE, SQL_RATE = 0.55, 0.50
REASONS = ("no need", "too small", "no answer", "student", "competitor")


@dataclass(frozen=True)
class Leads:
    """All leads; times in office days, infinite where not reached."""

    deal: Ints  # -1 for none
    account: Ints  # once a customer
    source: Ints
    campaign: Ints
    region: Ints
    rep: Ints
    segment: Ints
    industry: Ints
    company_size: Ints
    score: Floats
    created: Floats
    mql: Floats
    sql: Floats
    assigned: Floats
    responded: Floats
    disqualified: Floats


def leads(market: Market, found: Deals) -> Leads:
    """The leads behind deals, and those that ended before."""
    random = market.plan.random("leads")
    of_deals = np.flatnonzero(found.by_lead)
    ended = max(0, round(market.plan.lines / 40) - len(of_deals))
    deal = np.concatenate([of_deals, np.full(ended, -1)])
    times = np.concatenate([_before_deal(random, found.created[of_deals]), _before_end(market, random, ended)])
    source = _sources(market, random, times[:, 0], later_won=deal >= 0)
    won = (deal >= 0) & (found.status[deal] == WON)
    campaign = _campaigns(market, random, source, times[:, 0], ends=deal < 0)
    lost_cause = (deal < 0) & _hopeless(market, random, source, campaign, times[:, 0])
    times[lost_cause, 2] = np.inf
    people = _who(market, random, found, deal, won, created=times[:, 0])
    return _with_contacts(market, random, deal=deal, won=won, source=source, campaign=campaign, times=times, who=people, found=found)


def _before_deal(random: np.random.Generator, created: Floats) -> Floats:
    """Lead created, MQL and SQL, reckoned back from the deal."""
    sql = created - random.uniform(0.1, 4, len(created))
    mql = sql - 0.3 - random.lognormal(1.2, 0.7, len(created))
    return np.stack([mql - random.lognormal(0.9, 0.9, len(created)), mql, sql], axis=1)


def _before_end(market: Market, random: np.random.Generator, count: int) -> Floats:
    """Leads that never became a deal: some MQL, some of them SQL."""
    created = market.clock.random_days(random, count) + random.random(count)
    is_mql = random.random(count) < MQL_RATE * 0.75
    is_sql = is_mql & (random.random(count) < SQL_RATE * 0.6)
    mql = np.where(is_mql, created + random.lognormal(0.9, 0.9, count), np.inf)
    sql = np.where(is_sql, mql + 0.3 + random.lognormal(1.2, 0.7, count), np.inf)
    return np.stack([created, mql, sql], axis=1)


def _sources(market: Market, random: np.random.Generator, created: Floats, *, later_won: Bools) -> Ints:
    """Where leads come from: deals come from good sources only, dead ends more and more from the bad one."""
    gone_bad = created >= market.plan.days - 1 - BAD_DAYS
    source = random.choice(len(SOURCES), len(created), p=SOURCE_SHARES / SOURCE_SHARES.sum())
    elsewhere = random.choice([n for n in range(len(SOURCES)) if n != BAD], len(created))
    source = np.where((source == BAD) & gone_bad & later_won & (random.random(len(created)) > BAD_RATE), elsewhere, source)
    return np.where(gone_bad & ~later_won & (random.random(len(created)) < 0.2), BAD, source)


def _campaigns(market: Market, random: np.random.Generator, source: Ints, created: Floats, *, ends: Bools) -> Ints:
    day = np.floor(created).clip(0, market.clock.days - 1).astype(np.int64)
    channel = np.where((source < len(CHANNELS) - 1) & (created >= 0) & (random.random(len(source)) < 0.75), source, -1)
    campaign = market.running.of(channel, day)
    bleeding = market.running.bleeding
    begun = created >= market.running.started[bleeding]
    search = source == SOURCES.index("search")
    return np.where(ends & begun & search & (random.random(len(source)) < BLEEDING_LEADS), bleeding, campaign)


def _hopeless(market: Market, random: np.random.Generator, source: Ints, campaign: Ints, created: Floats) -> Bools:
    """Leads of the source that went bad and of the bleeding campaign hardly ever qualify."""
    bad = (source == BAD) & (created >= market.plan.days - 1 - BAD_DAYS)
    bad |= campaign == market.running.bleeding
    return np.asarray(bad & (random.random(len(source)) > BAD_RATE))


@dataclass(frozen=True)
class _Who:
    region: Ints
    rep: Ints
    segment: Ints
    industry: Ints
    company_size: Ints


def _who(market: Market, random: np.random.Generator, found: Deals, deal: Ints, won: Bools, *, created: Floats) -> _Who:
    """A won lead describes the account that it became, the others themselves."""
    count, buyers, staff = len(deal), market.buyers, market.staff
    account = np.where(won, found.account[deal], 0)
    weight = np.array([region.weight for region in names.regions()])
    region = np.where(deal >= 0, found.region[deal], random.choice(len(weight), count, p=weight))
    by_region = staff.sells[np.argsort(staff.region[staff.sells], kind="stable")]
    low = np.searchsorted(staff.region[by_region], region)
    high = np.searchsorted(staff.region[by_region], region, side="right")
    someone = by_region[low + (random.random(count) * (high - low)).astype(np.int64)]
    return _Who(
        region=region,
        rep=np.where(deal >= 0, found.rep[deal], on_duty(staff, someone, created)),
        segment=np.where(won, buyers.segment[account], random.choice(3, count, p=[0.08, 0.34, 0.58])),
        industry=np.where(won, buyers.industry[account], random.integers(0, len(INDUSTRIES), count)),
        company_size=np.where(won, buyers.company_size[account], random.integers(0, len(COMPANY_SIZES), count)),
    )


def _with_contacts(
    market: Market,
    random: np.random.Generator,
    *,
    deal: Ints,
    won: Bools,
    source: Ints,
    campaign: Ints,
    times: Floats,
    who: _Who,
    found: Deals,
) -> Leads:
    """Hand leads over and answer them; what lies after the last day has not happened yet."""
    count = len(deal)
    created, mql, sql = times.T
    handed = np.where(np.isfinite(mql), mql, np.where(random.random(count) < 0.35, created + 0.5, np.inf)) + random.uniform(
        0.02, 0.2, count
    )
    answer = market.staff.response_hours[who.rep] * random.lognormal(0, 0.8, count) / 10
    answered = np.where((random.random(count) < 0.93) | (deal >= 0), handed + answer, np.inf)
    answered = np.where(np.isfinite(sql), np.minimum(answered, np.maximum(handed + 0.01, sql - 0.05)), answered)
    gone = np.where(
        (deal < 0) & (random.random(count) < 0.7), np.where(np.isfinite(sql), sql, handed) + random.lognormal(2.2, 0.6, count), np.inf
    )
    chance = np.isfinite(mql) * 12.0 + np.isfinite(sql) * 12.0 + (deal >= 0) * 8.0 + won * 8.0
    known = [np.where(moment < market.plan.days, moment, np.inf) for moment in (mql, sql, handed, answered, gone)]
    return Leads(
        deal=deal,
        account=np.where(won, found.account[deal], -1),
        source=source,
        campaign=campaign,
        region=who.region,
        rep=who.rep,
        segment=who.segment,
        industry=who.industry,
        company_size=who.company_size,
        score=np.round((random.normal(38, 15, count) + chance + 4.0 * (who.segment < 2)).clip(0, 100)),
        created=created,
        mql=known[0],
        sql=known[1],
        assigned=known[2],
        responded=known[3],
        disqualified=known[4],
    )


def lead_ids(count: int) -> pa.Array:
    return columns.numbered("L", np.arange(count) + 1, 7)


def lead_rows(market: Market, found: Leads, deal_ids: pa.Array) -> pa.Table:
    """The rows of `leads`."""
    random = market.plan.random("lead rows")
    clock, count = market.clock, len(found.deal)
    reason = np.where(np.isfinite(found.disqualified), random.integers(0, len(REASONS), count), -1)

    def moment(time: Floats) -> pa.Array:
        return columns.moments(clock.start, office_minutes(clock, time), missing=~np.isfinite(time))

    return pa.table(
        {
            "lead_id": lead_ids(count),
            "created_at": moment(found.created),
            "source": columns.coded(found.source, SOURCES),
            "campaign_id": columns.coded(found.campaign, market.running.ids),
            "segment": columns.coded(found.segment, SEGMENTS),
            "industry": columns.coded(found.industry, INDUSTRIES),
            "company_size": columns.coded(found.company_size, COMPANY_SIZES),
            "country": columns.coded(found.region, [region.country for region in names.regions()]),
            "region": columns.coded(found.region, [region.name for region in names.regions()]),
            "score": columns.scores(found.score, missing=random.random(count) < 0.1),
            "rep_id": columns.coded(np.where(np.isfinite(found.assigned), found.rep, -1), market.staff.ids),
            "assigned_at": moment(found.assigned),
            "first_response_at": moment(found.responded),
            "mql_at": moment(found.mql),
            "sql_at": moment(found.sql),
            "opportunity_id": columns.coded(found.deal, deal_ids),
            "account_id": columns.coded(found.account, market.buyers.ids),
            "disqualified_at": moment(found.disqualified),
            "disqualify_reason": columns.coded(reason, REASONS),
        }
    )
