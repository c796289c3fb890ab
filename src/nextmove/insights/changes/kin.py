"""Which alerts are of a kind, and which of them make one story.

What rows cannot tell is told by kin: KPIs that measure the same thing from two sides (time sold and time spent on data entry), a member
and the whole that it moved, and the same change seen through two dimensions (a campaign and its channel).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import replace

from nextmove.insights.changes.state import Told

OF_SALES = (
    "net_sales",
    "units_sold",
    "orders",
    "gross_profit",
    "active_customers",
    "average_order_value",
    "skus_per_customer",
    "orders_per_customer",
)
FOLLOWING = (  # what moves with the sales of its member, in whatever direction
    "customer_concentration",
    "customer_concentration_hhi",
    "share_of_wallet",
    "overdue_receivables",
    "days_sales_outstanding",
    "quota_attainment",
    "revenue_per_hour",
    "market_share",
    "net_revenue_retention",
    "cancelled_order_value",
)
KINDRED = (
    (*OF_SALES, *FOLLOWING),
    ("leads", "weighted_leads", "mqls", "sqls", "opportunities_created", "opportunities_created_value", "cost_per_lead", "cac"),
    ("win_rate", "win_rate_value", "competitor_win_rate", "lost_opportunities", "lost_opportunity_value"),
    ("stage_duration", "stage_conversion", "sales_cycle_length", "slipped_deals"),
    ("selling_time", "selling_time_share", "data_entry_share"),
    ("churned_customers", "churn_rate", "churn_rate_value"),
    ("cancelled_orders", "cancellation_rate"),
)
KIN = {kpi: kin[0] for kin in KINDRED for kpi in kin}
SEASON = dt.timedelta(days=91)  # between alerts of one cause
LIKE = 0.4  # of the larger change: less is a change of its own

Where = tuple[tuple[str, str], ...]


def own_where(alert: Told) -> Where:
    return ((alert.dimension, alert.member),) if alert.dimension else ()


def with_kin(alert: Told, larger: Sequence[Told]) -> Told:
    """Under the cause of a larger alert that is of its kind, else the member is its own cause."""
    kin = next((one for one in larger if _one_change(one, alert)), None)
    if kin is not None:
        return replace(alert, cause=kin.cause, cause_share=kin.cause_share)
    return replace(alert, cause=_own_cause(alert), cause_share=1.0)


def _own_cause(alert: Told) -> str:
    return f"{alert.dimension}={alert.member}" if alert.dimension else KIN.get(alert.kpi, alert.kpi)


def _one_change(one: Told, alert: Told) -> bool:
    """The same member from another side; or the same KPI of the whole, or through another dimension, by nearly as much."""
    if KIN.get(one.kpi, one.kpi) != KIN.get(alert.kpi, alert.kpi) or not _near(one, alert):
        return False
    if (one.dimension, one.member) == (alert.dimension, alert.member):
        return one.good == alert.good or alert.kpi in FOLLOWING or one.kpi in FOLLOWING
    sold = one.kpi in OF_SALES or alert.kpi in OF_SALES  # their rows have been asked
    if sold or one.good != alert.good or one.dimension == alert.dimension or one.cause != _own_cause(one):
        return False
    if min(one.at_stake, alert.at_stake) <= 0:
        return "" in (one.dimension, alert.dimension)
    return alert.at_stake >= LIKE * one.at_stake


def _near(one: Told, other: Told) -> bool:
    return abs(one.opened_on - other.opened_on) <= SEASON


def stories(alerts: Iterable[Told]) -> list[list[Told]]:
    """Alerts of one cause that opened within a season of the largest of them belong together; the largest first."""
    told: list[list[Told]] = []
    for alert in sorted(alerts, key=lambda one: (-one.at_stake, one.alert_id)):
        story = next((story for story in told if _one_story(story[0], alert)), None)
        if story is None:
            told.append([alert])
        else:
            story.append(alert)
    return told


def _one_story(leader: Told, alert: Told) -> bool:
    same_way = leader.good == alert.good or alert.kpi in FOLLOWING or leader.kpi in FOLLOWING
    return leader.cause == alert.cause and same_way and _near(leader, alert)


def led(alerts: list[Told]) -> list[Told]:
    """The alerts, each with whether it leads its story."""
    leaders = {first.alert_id for first, *_ in stories(alerts)}
    return [replace(alert, leads=alert.alert_id in leaders) for alert in alerts]
