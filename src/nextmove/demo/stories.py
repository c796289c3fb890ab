"""The planted stories: what really happened in the demo company, written down so that findings can be held against it.

Each story changes something (`Effects`) and is told in `stories.json` with its ids, its day and its truth. Stories keep out
of each other's way: no customer has two, and none belongs to the representative who stopped calling.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from nextmove.demo import names
from nextmove.demo.campaigns import BLEEDING_DAYS
from nextmove.demo.clock import Clock
from nextmove.demo.customers import CHOICES, CONTRACT, FREQUENT, IRREGULAR, REGULAR, Customers
from nextmove.demo.effects import SHRUNK_TO, Effects
from nextmove.demo.people import People
from nextmove.demo.plan import Bools, Floats, Ints, Plan
from nextmove.demo.products import Products, categories
from nextmove.demo.rhythm import FIRST_CHOICE, Orders, turns

Told = dict[str, str | int | float]
COMPETITORS = ("Boltwerk", "Toolmart", "Handelsunion")
BOTTLENECK_STAGE, BOTTLENECK_FACTOR = "proposal", 3.0
BAD_SOURCE, BAD_RATE = "webinar", 0.15
DROPPED_WITHIN_DAYS = 110
RESTED_SHARE = 0.12  # of customer-facing activities that remain when a representative stops calling


@dataclass
class Planting:
    """The scene on which stories are planted, and those planted so far."""

    plan: Plan
    clock: Clock
    staff: People
    goods: Products
    buyers: Customers
    orders: Orders  # before any story
    effects: Effects
    gaps: Floats
    random: np.random.Generator
    free: Bools  # accounts that have no story yet
    told: list[Told] = field(default_factory=list)
    lost_region: int = -1

    @property
    def last(self) -> int:
        return self.plan.days - 1

    def iso(self, day: float) -> str:
        return self.clock.day(int(day)).isoformat()

    def tell(self, kind: str, day: float, **truth: str | int | float) -> None:
        self.told.append({"kind": kind, "day": self.iso(day), **truth})

    def ids(self, account: int) -> Told:
        rep = str(self.staff.ids[self.buyers.rep[account]])
        return {"account_id": str(self.buyers.ids[account]), "rep_id": rep, "region": names.regions()[self.buyers.region[account]].name}

    def about(self, share: float, *, least: int, most: int) -> int:
        """How many stories of a kind: a share of the customers."""
        return int(np.clip(round(self.plan.accounts * share), least, most))


def plant(scene: Planting) -> None:
    """Plant all stories, the rarest conditions first."""
    steps: tuple[Callable[[Planting], None], ...] = (
        _stopped_calling,
        _big_customer_lost,
        _cut_by_late_deliveries,
        _undercut,
        _giant_order,
        _silent_customers,
        _dropped_items,
        _declining_customers,
        _margin_loss,
        _bottleneck,
        _bad_source,
        _bleeding_campaign,
        _short_last_load,
    )
    for step in steps:
        step(scene)


def worth(buyers: Customers, gaps: Floats) -> Floats:
    """Roughly how much each customer buys a day, in units of an average customer."""
    amount = buyers.quantity * buyers.lines_per_order / gaps
    return np.asarray(amount / amount[: buyers.known].mean())


def _steady(scene: Planting, kinds: tuple[int, ...], *, longest_gap: float, least_orders: int) -> Bools:
    """Free customers of these kinds who order often enough, stay to the end, and keep their representative."""
    buyers = scene.buyers
    placed = np.bincount(scene.orders.account, minlength=buyers.count)
    fits = np.isin(buyers.buyer, kinds) & (scene.gaps <= longest_gap) & (placed >= least_orders)
    stays = (buyers.leaves > scene.last + 1) & (np.arange(buyers.count) < buyers.known) & (buyers.handed_over < scene.last - 200)
    return np.asarray(scene.free & fits & stays)


def _take(scene: Planting, fits: Bools, count: int, *, weight: Floats | None = None) -> Ints:
    """Some of the fitting customers, spread over representatives; they are free no longer."""
    able = np.flatnonzero(fits)
    weights = np.ones(len(able)) if weight is None else weight[able]
    shuffled = able[np.argsort(-np.log(weights + 1e-9) - scene.random.gumbel(0, 1, len(able)), kind="stable")]
    rep = scene.buyers.rep[shuffled]
    by_rep = np.argsort(rep, kind="stable")
    starts = np.searchsorted(rep[by_rep], rep[by_rep])
    turn = np.empty(len(shuffled), dtype=np.int64)
    turn[by_rep] = np.arange(len(shuffled)) - starts
    taken = shuffled[np.argsort(turn, kind="stable")][:count]
    scene.free[taken] = False
    return taken


def _last_orders(scene: Planting) -> Ints:
    """The day of each account's last order, given who fell silent when (orders are in the order of time)."""
    last = np.full(scene.buyers.count, -1)
    heard = scene.orders.day < scene.effects.silent_from[scene.orders.account]
    last[scene.orders.account[heard]] = scene.orders.day[heard]
    return last


def _silent_customers(scene: Planting) -> None:
    """Regular buyers, one day nothing more comes."""
    steady = _steady(scene, (REGULAR, FREQUENT), longest_gap=34, least_orders=12)
    taken = _take(scene, steady, scene.about(0.02, least=3, most=400), weight=worth(scene.buyers, scene.gaps))
    for account in taken:
        gap = max(scene.gaps[account], 4.0)
        scene.effects.silent_from[account] = int(scene.last - scene.random.uniform(2.2, 4.5) * gap)
    last = _last_orders(scene)
    for account in taken:
        scene.tell("silent_customer", last[account], **scene.ids(account), usual_gap_days=round(float(scene.gaps[account]), 1))


def _dropped_items(scene: Planting) -> None:
    """A product of every second or third order, dear ones rather than cheap, is not ordered any more; the customer buys on."""
    steady = _steady(scene, (REGULAR, FREQUENT, CONTRACT), longest_gap=18, least_orders=45)
    product = scene.buyers.assortment[:, 0]
    goods = scene.goods
    usual = (goods.launched[product] < 0) & (goods.discontinued[product] > scene.plan.days) & (goods.popularity[product] < 0.01)
    comes_as_sister = (goods.sister[scene.buyers.assortment[:, 1:]] == product[:, None]) | (
        scene.buyers.assortment[:, 1:] == product[:, None]
    )
    fits = steady & usual & ~comes_as_sister.any(axis=1)
    lately = scene.orders.where(slice(int(np.searchsorted(scene.orders.minutes, 1440 * (scene.last - DROPPED_WITHIN_DAYS))), None))
    money = goods.usual_quantity[product] * goods.list_cents[product]
    money = money / money.mean() * worth(scene.buyers, scene.gaps) / scene.buyers.lines_per_order
    for account in _take(scene, fits, scene.about(0.02, least=3, most=400), weight=money**2):
        item_gap = 2.0 * scene.gaps[account]
        drawn = int(scene.last - scene.random.uniform(2.0, 3.6) * item_gap)
        dropped = _day_it_shows(lately.where(lately.account == account), drawn, item_gap, last=scene.last)
        if dropped is None:
            continue
        scene.effects.dropped_from[account, 0] = dropped
        scene.buyers.adopted[account, 1 : CHOICES - 1] = 0  # another product takes its turn
        scene.tell("dropped_item", dropped, **scene.ids(account), product_id=str(goods.ids[product[account]]))


def _day_it_shows(placed: Orders, near: int, item_gap: float, *, last: int) -> int | None:
    """The day after that of a customer's orders, nearest to `near`, that had the product in turn and is followed by four orders within the
    product's next two gaps, if any. Two orders without it are what happens to any product: nobody could see a drop."""
    day = placed.day
    following = np.searchsorted(day, np.minimum(day + 2 * item_gap, last), side="right") - np.arange(1, len(day) + 1)
    in_turn = turns(placed.number, placed.account, 0) < FIRST_CHOICE
    shows = day[in_turn & (following >= 4) & (last - day > 2 * item_gap)]
    return int(shows[np.argmin(np.abs(shows - near))]) + 1 if len(shows) else None


def _declining_customers(scene: Planting) -> None:
    """Orders come as before and get smaller and smaller."""
    steady = _steady(scene, (REGULAR, FREQUENT, CONTRACT), longest_gap=24, least_orders=30)
    value = worth(scene.buyers, scene.gaps)
    for account in _take(scene, steady, scene.about(0.01, least=2, most=200), weight=value**2):
        begins = scene.last - 240
        scene.effects.shrinks_from[account] = begins
        scene.effects.size[account] = 2.5
        scene.tell("declining_customer", begins, **scene.ids(account), remains=SHRUNK_TO)


def _big_customer_lost(scene: Planting) -> None:
    """One customer is a large part of its region, and leaves."""
    steady = _steady(scene, (REGULAR, FREQUENT), longest_gap=20, least_orders=20)
    value = worth(scene.buyers, scene.gaps)
    taken = _take(scene, steady, 1, weight=value**3)
    if not len(taken):  # a very small company may have nobody like that
        return
    account = int(taken[0])
    scene.lost_region = int(scene.buyers.region[account])
    region = value[scene.buyers.region == scene.lost_region].sum()
    share = float(np.clip(0.22 * (80_000 / scene.plan.lines) ** 0.4, 0.03, 0.22))
    scene.effects.size[account] = np.clip(share / (1 - share) * region / value[account], 1.0, 60.0)
    scene.effects.silent_from[account] = scene.last - 72
    last = _last_orders(scene)[account]
    scene.tell("big_customer_lost", last, **scene.ids(account), usual_gap_days=round(float(scene.gaps[account]), 1))


def _cut_by_late_deliveries(scene: Planting) -> None:
    """Deliveries to a good customer come late; two months on it orders a quarter as often."""
    steady = _steady(scene, (REGULAR, FREQUENT), longest_gap=14, least_orders=40)
    for account in _take(scene, steady, scene.about(0.002, least=1, most=20), weight=worth(scene.buyers, scene.gaps)):
        late, cut = scene.last - 165, scene.last - 95
        scene.effects.late_from[account] = late
        scene.effects.thinned_from[account], scene.effects.kept_share[account] = cut, 0.2
        scene.effects.size[account] = 2.5
        scene.tell("late_deliveries", cut, **scene.ids(account), late_from=scene.iso(late), remains=0.2)


def _stopped_calling(scene: Planting) -> None:
    """A representative neither calls nor visits any more; its customers buy less three weeks later."""
    portfolio = np.bincount(scene.buyers.rep[: scene.buyers.known], minlength=len(scene.staff.ids))
    candidates = scene.staff.sells[(scene.staff.hired[scene.staff.sells] < 0)]
    rep = int(candidates[np.argsort(portfolio[candidates], kind="stable")[len(candidates) // 2]])
    day = scene.last - 100
    scene.effects.rests_from[rep] = day
    scene.effects.neglected_from[rep], scene.effects.neglected[rep] = day + 21, 0.72
    scene.free[scene.buyers.rep == rep] = False
    scene.tell("stopped_calling", day, rep_id=str(scene.staff.ids[rep]), activities_remaining=RESTED_SHARE, sales_remaining=0.72)


def _undercut(scene: Planting) -> None:
    """A competitor cuts its prices of a category, and customers of one region follow."""
    regions = [n for n in range(len(names.regions())) if n != scene.lost_region]
    sizes = [float((scene.buyers.region == n).sum()) for n in regions]
    region = regions[int(np.argsort(sizes)[-2])]
    popular = np.bincount(scene.goods.category, weights=scene.goods.popularity)
    category = int(np.argsort(popular)[-2])
    day = scene.last - 105
    scene.effects.undercut_from[region, category], scene.effects.undercut[region, category] = day, 0.4
    scene.tell(
        "competitor_price_cut",
        day,
        competitor=COMPETITORS[0],
        region=names.regions()[region].name,
        category=categories()[category],
        price_change=-0.18,
        sales_remaining=0.4,
    )


def _margin_loss(scene: Planting) -> None:
    """The costs of a category rise and its prices stay."""
    popular = np.bincount(scene.goods.category, weights=scene.goods.popularity)
    category = int(np.argsort(popular)[-3])
    day = scene.last - 120
    scene.effects.cost_jump_from[category], scene.effects.cost_jump[category] = day, 1.14
    scene.tell("margin_loss", day, category=categories()[category], cost_change=0.14, cause="cost")


def _giant_order(scene: Planting) -> None:
    """One order, once, many times the usual; nothing else changes."""
    buyers = scene.buyers
    near = np.abs(scene.orders.day - (scene.last - 45)) <= 12
    able = np.flatnonzero(near & scene.free[scene.orders.account] & (scene.orders.number > 1))
    if not len(able):
        return
    fitting = worth(buyers, np.ones(buyers.count)) * np.where(buyers.buyer == IRREGULAR, 10.0, 1.0)
    order = int(able[np.argmax(fitting[scene.orders.account[able]])])
    account = int(scene.orders.account[order])
    scene.free[account] = False
    scene.effects.giant_at[account] = scene.orders.minutes[order]
    scene.tell("giant_order", scene.orders.day[order], **scene.ids(account), factor=scene.effects.giant_factor)


def _bottleneck(scene: Planting) -> None:
    """Deals stay in one stage three times as long."""
    scene.tell("stage_bottleneck", scene.last - 150, stage=BOTTLENECK_STAGE, duration_factor=BOTTLENECK_FACTOR)


def _bad_source(scene: Planting) -> None:
    """Twice as many leads of a source, hardly one of them is worth a call."""
    scene.tell("source_gone_bad", scene.last - 170, source=BAD_SOURCE, mql_to_sql_remaining=BAD_RATE, volume_factor=2.0)


def _bleeding_campaign(scene: Planting) -> None:
    """A campaign eats money and brings nobody."""
    scene.tell("bleeding_campaign", scene.last - BLEEDING_DAYS, campaign_id="M900", channel="search")


def _short_last_load(scene: Planting) -> None:
    """Of the last working day only a part was loaded."""
    day = int(np.flatnonzero(scene.clock.working)[-1])
    scene.tell("short_last_load", day, loaded_share=scene.effects.gap_share)


def apply(scene: Planting) -> Orders:
    """The orders that remain once the stories have happened."""
    effects, placed = scene.effects, scene.orders
    account, day = placed.account, placed.day
    chance = scene.random.random(len(account))
    gap_day = int(np.flatnonzero(scene.clock.working)[-1])
    gone = day >= effects.silent_from[account]
    gone |= (day >= effects.thinned_from[account]) & (chance > effects.kept_share[account])
    gone |= (day >= gap_day) & (chance > effects.gap_share)
    return placed.where(~gone)
