"""The customers: who they are, when they came, in which rhythm they buy, and what belongs to their assortment.

Six kinds of buyer: *frequent* (every few days), *regular*, *irregular*, *seasonal* (a summer or a winter trade),
*contract* (a fixed interval, hardly any spread) and *one-time*. Gaps between orders are gamma distributed around the
customer's own mean; some customers leave for good without a story, as in real life.

Customers of a kind (24 clusters) share a core range, so that what one buys tells what the next one could.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from nextmove.demo import columns, names
from nextmove.demo.clock import Clock
from nextmove.demo.people import People
from nextmove.demo.plan import Bools, Floats, Ints, Names, Plan
from nextmove.demo.products import Products, categories

BUYERS = ("frequent", "regular", "irregular", "seasonal", "contract", "one-time")
FREQUENT, REGULAR, IRREGULAR, SEASONAL, CONTRACT, ONE_TIME = range(6)
SHARES = np.array([0.08, 0.40, 0.25, 0.08, 0.08, 0.11])
MEAN_GAP = np.array([4.0, 17.0, 34.0, 11.0, 30.0, 400.0])
GAP_SHAPE = np.array([6.0, 12.0, 1.4, 5.0, 90.0, 1.0])  # of the gamma distribution: 1 ÷ variation²
LEAVING_A_YEAR = 0.09
SEGMENTS = ("Key account", "Mid-market", "Small business")
INDUSTRIES = ("Construction", "Facility management", "Hospitality", "Manufacturing", "Public sector", "Retail")
COMPANY_SIZES = ("200+", "50-199", "10-49", "1-9")
CHANNELS = ("field", "inside", "online", "partner")
CLUSTERS, CORE_SHARE = 24, 0.7
SLOTS, CHOICES = 12, 3  # an order takes from so many slots of the assortment, one of so many products each
COLUMNS = SLOTS * CHOICES


@dataclass(frozen=True)
class Customers:
    """All accounts; the last few, beyond `known`, are the unknown customers who pay at the counter."""

    known: int
    ids: Names
    name: Names
    region: Ints
    city: Names
    segment: Ints
    industry: Ints
    company_size: Ints
    channel: Ints
    rep: Ints
    rep_before: Ints  # -1 for none
    handed_over: Ints  # day number from which `rep` is responsible
    parent: Ints
    buyer: Ints
    season: Ints  # which season of the clock they live in
    arrives: Floats  # business time of the first order
    leaves: Floats
    mean_gap: Floats
    gap_shape: Floats
    lines_per_order: Floats
    quantity: Floats
    discount: Floats
    payment_delay: Floats
    assortment: Ints  # account × COLUMNS: products
    adopted: Ints  # account × COLUMNS: the day from which the product belongs to it

    @property
    def count(self) -> int:
        return len(self.region)

    @property
    def is_new(self) -> Bools:
        """Who bought for the first time within the three years, long enough after the start to have been won."""
        return self.arrives > 45


def customers(plan: Plan, clock: Clock, staff: People, goods: Products) -> Customers:
    """Find the customers of the plan."""
    random = plan.random("customers")
    known, walk_ins = plan.accounts, max(1, plan.accounts // 300)
    count = known + walk_ins
    weight = np.array([region.weight for region in names.regions()])
    region = random.choice(len(weight), count, p=weight)
    buyer = random.choice(len(BUYERS), count, p=SHARES)
    buyer[known:] = FREQUENT
    segment = random.choice(3, count, p=[0.12, 0.38, 0.50])
    industry = random.integers(0, len(INDUSTRIES), count)
    rep = _representatives(random, staff, region)
    before = staff.before[rep]
    parent = np.where(random.random(count) < 0.04, random.integers(0, known, count), -1)
    arrives = np.where(random.random(count) < 0.62, -1.0, random.random(count) * plan.days)
    arrives[buyer == ONE_TIME] = random.random(int((buyer == ONE_TIME).sum())) * plan.days
    arrives[known:] = -1
    life = random.exponential(365 / LEAVING_A_YEAR, count)
    assortment, adopted = _assortments(plan, random, goods, cluster=industry * 4 + segment, count=count)
    return Customers(
        known=known,
        ids=np.array([f"C{n + 1:06d}" for n in range(known)], dtype=object),
        name=names.companies(random, region[:known]),
        region=region,
        city=names.cities(random, region),
        segment=segment,
        industry=industry,
        company_size=(segment + random.integers(0, 2, count)).clip(0, 3),
        channel=random.choice(len(CHANNELS), count, p=[0.45, 0.25, 0.2, 0.1]),
        rep=rep,
        rep_before=before,
        handed_over=np.where(before >= 0, staff.left[before], -1),
        parent=np.where(parent == np.arange(count), -1, parent),
        buyer=buyer,
        season=np.where(buyer == SEASONAL, random.integers(1, 3, count), 0),
        arrives=arrives,
        leaves=np.where(buyer == CONTRACT, plan.days + 1.0, arrives.clip(0) + life),
        mean_gap=MEAN_GAP[buyer] * random.lognormal(0, 0.35, count),
        gap_shape=GAP_SHAPE[buyer] * random.uniform(0.8, 1.3, count),
        lines_per_order=1 + random.gamma(3.0, 1.0, count) * np.array([1.3, 1.0, 0.8])[segment],
        quantity=np.array([2.0, 1.0, 0.55])[segment] * random.lognormal(0, 0.45, count),
        discount=np.array([0.14, 0.08, 0.03])[segment] + random.normal(0, 0.02, count),
        payment_delay=random.normal(1.0, 7.0, count),
        assortment=assortment,
        adopted=adopted,
    )


def _representatives(random: np.random.Generator, staff: People, region: Ints) -> Ints:
    """Each customer has a representative of its region; stronger ones carry more."""
    rep = np.empty(len(region), dtype=np.int64)
    for number in range(len(names.regions())):
        here = region == number
        sellers = staff.sells[staff.region[staff.sells] == number]
        weight = staff.strength[sellers] / staff.strength[sellers].sum()
        rep[here] = random.choice(sellers, int(here.sum()), p=weight)
    return rep


def _assortments(plan: Plan, random: np.random.Generator, goods: Products, *, cluster: Ints, count: int) -> tuple[Ints, Ints]:
    core = _core_ranges(random, goods)
    edges = np.cumsum(np.arange(1, core.shape[1] + 1) ** -0.7)
    everything = np.cumsum(goods.popularity)
    chosen = np.empty((count, COLUMNS), dtype=np.int32)
    again = np.ones((count, COLUMNS), dtype=bool)
    for _ in range(6):  # a product that is there already is drawn again; the few left after six rounds stay
        rows = np.nonzero(again)[0]
        from_core = core[cluster[rows] % CLUSTERS, np.searchsorted(edges, random.random(len(rows)) * edges[-1])]
        from_all = np.searchsorted(everything, random.random(len(rows)))
        chosen[again] = np.where(random.random(len(rows)) < CORE_SHARE, from_core, from_all.clip(0, plan.products - 1))
        again = _repeated(chosen)
    later = random.random((count, COLUMNS)) < 0.5
    later[:, ::CHOICES] = False  # the first choice of each slot has always been theirs
    adopted = np.where(later, random.integers(30, plan.days, (count, COLUMNS)), 0)
    return chosen, adopted.astype(np.int16)


def _core_ranges(random: np.random.Generator, goods: Products) -> Ints:
    """For each cluster its core products, drawn by popularity and by its taste in categories (Gumbel's trick)."""
    size = min(len(goods.ids), max(2 * COLUMNS, round(len(goods.ids) ** 0.7)))
    taste = random.lognormal(0, 1.0, (CLUSTERS, len(categories())))[:, goods.category]
    keys = np.log(goods.popularity * taste) + random.gumbel(0, 1, (CLUSTERS, len(goods.ids)))
    return np.argsort(-keys, axis=1, kind="stable")[:, :size]


def _repeated(chosen: Ints) -> Bools:
    """Where a product stands in its row a second time."""
    order = np.argsort(chosen, axis=1, kind="stable")
    ordered = np.take_along_axis(chosen, order, axis=1)
    repeated = np.zeros(chosen.shape, dtype=bool)
    same = np.concatenate([np.zeros((len(chosen), 1), dtype=bool), ordered[:, 1:] == ordered[:, :-1]], axis=1)
    np.put_along_axis(repeated, order, same, axis=1)
    return repeated


def table(buyers: Customers, staff: People, clock: Clock, *, first_order: Ints) -> pa.Table:
    """The rows of `accounts`. An account is created some days before its first order."""
    known = slice(0, buyers.known)
    created = first_order[known] - 3 - (buyers.quantity[known] * 977 % 40).astype(np.int64)
    long_ago = (buyers.arrives[known] < 0) * (200 + (buyers.discount[known] * 1e6).astype(np.int64) % 2500)
    return pa.table(
        {
            "account_id": pa.array(buyers.ids),
            "name": pa.array(buyers.name),
            "segment": columns.coded(buyers.segment[known], SEGMENTS),
            "industry": columns.coded(buyers.industry[known], INDUSTRIES),
            "company_size": columns.coded(buyers.company_size[known], COMPANY_SIZES),
            "country": columns.coded(buyers.region[known], [region.country for region in names.regions()]),
            "region": columns.coded(buyers.region[known], [region.name for region in names.regions()]),
            "city": pa.array(buyers.city[known]),
            "channel": columns.coded(buyers.channel[known], CHANNELS),
            "rep_id": columns.coded(buyers.rep[known], staff.ids),
            "parent_account_id": columns.coded(buyers.parent[known], buyers.ids),
            "created_on": columns.days(clock.start, created - long_ago),
        }
    )
