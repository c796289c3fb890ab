"""Making the whole demo company: customers and orders, the stories that change them, then everything that hangs on them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nextmove.demo import (
    activities,
    campaigns,
    customers,
    deal_rows,
    deals,
    leads,
    marketing,
    names,
    order_rows,
    people,
    products,
    rhythm,
    stories,
    surroundings,
    targets,
)
from nextmove.demo.clock import Clock
from nextmove.demo.effects import no_effects
from nextmove.demo.lines import World, batches
from nextmove.demo.plan import Bools, Ints, Plan
from nextmove.demo.store import Store
from nextmove.demo.tally import Tally
from nextmove.demo.truth import with_sizes
from nextmove.engine import DuckDBEngine
from nextmove.words import text

Tell = Callable[[str], None]
OFFER_SHARE = 0.06  # of the orders while an e-mail campaign runs


@dataclass(frozen=True)
class Company:
    """The parts of a demo company that the tables are made from."""

    market: deals.Market
    world: World
    deals: deals.Deals
    leads: leads.Leads
    stories: list[stories.Told]

    @property
    def plan(self) -> Plan:
        return self.market.plan

    def stories_json(self, engine: DuckDBEngine) -> str:
        """The planted stories with their sizes, as a file to hold findings against."""
        told = {"seed": self.plan.seed, "lines": self.plan.lines, "as_of": self.plan.as_of.isoformat()}
        return json.dumps({**told, "stories": with_sizes(engine, self.stories)}, indent=1, ensure_ascii=False) + "\n"


def found_company(plan: Plan) -> Company:
    """Everything but the rows."""
    scene = _scene(plan)
    stories.plant(scene)
    placed = stories.apply(scene)
    counts = rhythm.line_counts(plan, scene.buyers, placed)
    running = campaigns.campaigns(plan)
    market = deals.Market(plan, scene.clock, scene.staff, scene.goods, scene.buyers, placed, counts, running)
    found_deals = deals.deals(market)
    offer_orders, offer_campaign = _offers(market)
    world = World(
        plan=plan,
        buyers=scene.buyers,
        goods=scene.goods,
        effects=scene.effects,
        orders=placed,
        counts=counts,
        rep_generosity=scene.staff.generosity,
        pays_in_pounds=np.array([region.currency == "GBP" for region in names.regions()]),
        deal_orders=found_deals.order[found_deals.status == deals.WON],
        offer_orders=offer_orders,
        offer_campaign=offer_campaign,
    )
    return Company(market, world, found_deals, leads.leads(market, found_deals), scene.told)


def _scene(plan: Plan) -> stories.Planting:
    clock = Clock.of(plan)
    staff = people.people(plan)
    goods = products.products(plan, clock)
    buyers = customers.customers(plan, clock, staff, goods)
    gaps = rhythm.usual_gaps(plan, buyers)
    return stories.Planting(
        plan=plan,
        clock=clock,
        staff=staff,
        goods=goods,
        buyers=buyers,
        orders=rhythm.orders(plan, clock, buyers, gaps),
        effects=no_effects(plan, buyers, reps=len(staff.ids), regions=len(names.regions())),
        gaps=gaps,
        random=plan.random("stories"),
        free=np.arange(buyers.count) < buyers.known,
    )


def _offers(market: deals.Market) -> tuple[Ints, Ints]:
    """The orders that came from an e-mail campaign."""
    channel = campaigns.CHANNELS.index("email")
    campaign = market.running.running[channel, market.orders.day]
    chance = market.plan.random("offers").random(len(campaign))
    orders = np.flatnonzero((campaign >= 0) & (chance < OFFER_SHARE))
    return orders, campaign[orders]


def write_company(company: Company, store: Store, *, tell: Tell) -> None:
    """Write every table."""
    _write_who_and_what(company, store)
    tally = _write_orders(company, store, tell)
    tell(text("demo.the_rest"))
    _write_sales_work(company, store, tally)
    _write_marketing(company, store, tally)
    _write_surroundings(company, store, tally)


def _write_who_and_what(company: Company, store: Store) -> None:
    market = company.market
    first = rhythm.first_days(market.orders, market.buyers.count, otherwise=market.plan.days - 1)
    store.append("reps", people.table(market.staff, market.clock))
    store.append("accounts", customers.table(market.buyers, market.staff, market.clock, first_order=first))
    store.append("products", products.table(market.goods, market.clock, cost_factor_now=company.world.effects.cost_jump))
    store.append("campaigns", campaigns.table(market.running, market.clock))


def _write_orders(company: Company, store: Store, tell: Tell) -> Tally:
    market, world = company.market, company.world
    deal_ids = deal_rows.opportunity_ids(len(company.deals.status))
    desk = order_rows.Desk(world, market.clock, market.staff, campaign_ids=market.running.ids, opportunity_ids=deal_ids)
    tally = Tally(market.clock, reps=len(market.staff.ids), deals=len(world.deal_orders))
    for batch in batches(world):
        head = order_rows.heads(desk, batch)
        store.append("order_lines", order_rows.line_rows(desk, batch, head))
        store.append("order_lines", order_rows.returns(desk, batch, head))
        store.append("invoices", order_rows.invoice_rows(desk, batch, head))
        tally.add(world, batch)
        tell(text("demo.lines", count=store.rows["order_lines"], of=company.plan.lines))
    return tally


def _write_sales_work(company: Company, store: Store, tally: Tally) -> None:
    market, found = company.market, company.deals
    cents = deal_rows.amounts(company.plan, found, tally.deal_cents)
    lead_ids = leads.lead_ids(len(company.leads.deal))
    of_deal = np.full(len(found.status), -1)
    with_deal = np.flatnonzero(company.leads.deal >= 0)
    of_deal[company.leads.deal[with_deal]] = with_deal
    chance = company.plan.random("deal sources").integers(len(campaigns.CHANNELS), len(deals.SOURCES), len(of_deal))
    source = np.where(of_deal >= 0, company.leads.source[of_deal], chance)
    undercut = _undercut(company)
    store.append("leads", leads.lead_rows(market, company.leads, deal_rows.opportunity_ids(len(found.status))))
    store.append(
        "opportunities",
        deal_rows.opportunity_rows(market, found, cents=cents, source=source, lead=of_deal, lead_ids=lead_ids, undercut=undercut),
    )
    store.append("stage_changes", deal_rows.stage_change_rows(market, found, cents))
    for rows in activities.activity_rows(market, company.world.effects, company.leads, found):
        store.append("activities", rows)


def _undercut(company: Company) -> Bools:
    """Deals that ended where and when a competitor had become cheaper."""
    begun = company.world.effects.undercut_from.min(axis=1)[company.deals.region]
    return np.asarray(np.isfinite(company.deals.closed) & (company.deals.closed >= begun))


def _write_marketing(company: Company, store: Store, tally: Tally) -> None:
    store.append("spend", marketing.spend_rows(company.market, tally.daily_level()))
    for rows in marketing.session_rows(company.market, company.leads):
        store.append("web_sessions", rows)
    for rows in marketing.email_rows(company.market):
        store.append("email_events", rows)
    store.append("social_stats", marketing.social_rows(company.market))


def _write_surroundings(company: Company, store: Store, tally: Tally) -> None:
    market, plan, clock, effects = company.market, company.plan, company.market.clock, company.world.effects
    new = int((company.deals.by_lead & (company.deals.status == deals.WON)).sum())
    goals = targets.target_rows(plan, clock, market.staff, tally, new_customers=new, leads=len(company.leads.deal))
    store.append("targets", goals)
    store.append("exchange_rates", surroundings.rate_rows(plan, clock))
    store.append("market", surroundings.market_rows(plan, clock, tally))
    store.append("competitor_prices", surroundings.competitor_price_rows(plan, clock, market.goods, effects))
    for rows in surroundings.survey_rows(plan, clock, market.buyers, effects):
        store.append("surveys", rows)
