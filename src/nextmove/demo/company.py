"""Making the whole demo company: customers, orders, then everything that hangs on them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from nextmove.demo import customers, names, order_rows, people, products, rhythm
from nextmove.demo.clock import Clock
from nextmove.demo.effects import no_effects
from nextmove.demo.lines import World, batches
from nextmove.demo.plan import Plan
from nextmove.demo.store import Store
from nextmove.words import text


@dataclass(frozen=True)
class Company:
    """The parts of a demo company that the tables are made from."""

    plan: Plan
    clock: Clock
    staff: people.People
    goods: products.Products
    buyers: customers.Customers
    world: World

    def stories_json(self) -> str:
        """The planted stories, as a file to check findings against."""
        return json.dumps({"seed": self.plan.seed, "lines": self.plan.lines, "as_of": self.plan.as_of.isoformat(), "stories": []})


def found_company(plan: Plan) -> Company:
    """Everything but the lines."""
    clock = Clock.of(plan)
    staff = people.people(plan)
    goods = products.products(plan, clock)
    buyers = customers.customers(plan, clock, staff, goods)
    gaps = rhythm.usual_gaps(plan, buyers)
    placed = rhythm.orders(plan, clock, buyers, gaps)
    effects = no_effects(plan, buyers, reps=len(staff.ids), regions=len(names.regions()))
    none = np.empty(0, dtype=np.int64)
    world = World(
        plan=plan,
        buyers=buyers,
        goods=goods,
        effects=effects,
        orders=placed,
        counts=rhythm.line_counts(plan, buyers, placed),
        rep_generosity=staff.generosity,
        pays_in_pounds=np.array([region.currency == "GBP" for region in names.regions()]),
        deal_orders=none,
        offer_orders=none,
        offer_campaign=none,
    )
    return Company(plan, clock, staff, goods, buyers, world)


def write_company(company: Company, store: Store, *, tell: Callable[[str], None]) -> None:
    """Write every table."""
    first = rhythm.first_days(company.world.orders, company.buyers.count, otherwise=company.plan.days - 1)
    store.append("reps", people.table(company.staff, company.clock))
    store.append("accounts", customers.table(company.buyers, company.staff, company.clock, first_order=first))
    store.append("products", products.table(company.goods, company.clock, cost_factor_now=company.world.effects.cost_jump))
    _write_orders(company, store, tell)


def _write_orders(company: Company, store: Store, tell: Callable[[str], None]) -> None:
    desk = order_rows.Desk(
        company.world, company.clock, company.staff, campaign_ids=np.array(["-"], dtype=object), opportunity_ids=pa.array(["-"])
    )
    for batch in batches(company.world):
        head = order_rows.heads(desk, batch)
        store.append("order_lines", order_rows.line_rows(desk, batch, head))
        store.append("order_lines", order_rows.returns(desk, batch, head))
        store.append("invoices", order_rows.invoice_rows(desk, batch, head))
        tell(text("demo.lines", count=store.rows["order_lines"], of=company.plan.lines))
