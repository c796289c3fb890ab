"""How the mix moved: whose share of the whole grew or shrank, from what to what.

A mix effect is a sum of shares times levels; a reader wants to see the share itself. Of sales and profit it is the category or brand whose
share moved most, as the mix there is of products.
"""

from __future__ import annotations

from collections.abc import Sequence

from nextmove.insights.explain.compare import Asked
from nextmove.insights.explain.ground import called
from nextmove.insights.explain.members import REST, Member
from nextmove.insights.explain.rows import UNKNOWN
from nextmove.insights.explain.say import amount, dimension, share
from nextmove.words import text

OF_PRODUCTS = ("category", "brand")
SEEN = 0.005  # of the whole: less moves no figure that is told
SUMS = ("net_sales", "gross_profit")
COARSE = 0.03  # of the whole: what moves by more is told without decimals
WHOLES = {  # what a ratio is counted on, by fact and column
    ("sales", "net"): "net_sales",
    ("sales", "order_id"): "orders",
    ("sales", "account_id"): "customers",
    ("purchase_ends", ""): "customers",
    ("deals_decided", ""): "deals",
    ("leads", ""): "leads",
    ("visits", ""): "visits",
    ("mailed", ""): "mails",
    ("deliveries", ""): "deliveries",
}


def moved(asked: Asked, one: Member) -> str:
    """A member's share of the whole, then and now: a clause."""
    apart = one.share - one.weight
    was, became = (share(each) if abs(apart) >= COARSE else amount(each, "percent", currency="") for each in (one.weight, one.share))
    return text(
        f"explain.share.{'rose' if apart > 0 else 'fell'}",
        dimension=dimension(one.dimension),
        member=called(asked.engine, one.dimension, one.member),
        was=was,
        became=became,
        whole=text(f"explain.whole.{_whole(asked)}"),
    )


def of_products(members: Sequence[Member]) -> Member | None:
    """The category or brand whose share moved most; a share of what is partly negative says nothing."""
    fitting = []
    for cut in OF_PRODUCTS:
        of = [one for one in members if one.dimension == cut and one.member != REST]
        if all((one.before or 0) >= 0 and (one.after or 0) >= 0 for one in of):
            fitting += [one for one in of if one.member != UNKNOWN and abs(one.share - one.weight) >= SEEN]
    return max(fitting, key=lambda one: abs(one.share - one.weight), default=None)


def _whole(asked: Asked) -> str:
    """The words for what the shares are of: what a ratio is counted on; else the sum itself, or what has the median."""
    entry = asked.catalogue.kpi(asked.kpi).entry
    if entry.ratio:
        to = entry.ratio.to
        return WHOLES.get((to.fact, str(to.sum or to.per or to.distinct or "")), "all")
    if asked.kpi in SUMS:
        return asked.kpi
    return WHOLES.get((entry.measure.fact, ""), "all") if entry.measure else "all"
