"""Every customer in one row: what they buy, in which rhythm, and whether they are late by it.

The rhythm is the median gap between two days with an order. A customer with three or more such days is *late* after one
and a half gaps without an order, *silent* after three; before that they are *new*, after a year without any *lapsed*.
"""

from __future__ import annotations

from collections.abc import Callable

from nextmove.app.edition import Edition, Row
from nextmove.engine import literal

STATES = ("active", "late", "silent", "lapsed", "new", "prospect")

_SQL = """
with days as (
    select account_id, day from facts.sales where is_purchase group by account_id, day
), gaps as (
    select account_id, day, day - lag(day) over (partition by account_id order by day) as gap from days
), rhythm as (
    select account_id, count(*) as order_days, max(day) as last_day, min(day) as first_day, quantile_cont(gap, 0.5) as usual_gap_days
    from gaps group by account_id
), money as (
    select account_id,
           sum(case when day > {as_of} - interval '1 year' then net else 0 end) as net_12m,
           sum(case when day <= {as_of} - interval '1 year' and day > {as_of} - interval '2 years' then net else 0 end) as net_before
    from facts.sales where account_id is not null group by account_id
), known as (
    select a.account_id, coalesce(a.name, a.account_id) as name, a.segment, a.industry, a.city, a.country, a.region, a.channel, a.rep_id,
           coalesce(p.name, a.rep_id) as rep_name,
           r.order_days, r.first_day, r.last_day, r.usual_gap_days, {as_of} - r.last_day as quiet_days,
           coalesce(m.net_12m, 0) as net_12m, coalesce(m.net_before, 0) as net_before
    from main.accounts as a
    left join rhythm as r on r.account_id = a.account_id
    left join money as m on m.account_id = a.account_id
    left join main.reps as p on p.rep_id = a.rep_id
)
select *, case when net_before > 0 then net_12m / net_before - 1 end as growth,
       case when order_days is null then 'prospect'
            when quiet_days > 365 then 'lapsed'
            when order_days < 3 then 'new'
            when quiet_days > 3 * greatest(usual_gap_days, 1) then 'silent'
            when quiet_days > 1.5 * greatest(usual_gap_days, 1) then 'late'
            else 'active' end as state
from known
"""


def customer_rhythm(edition: Edition) -> Callable[[str], list[Row]]:
    """The table `customers`, worked out once per edition: how to ask it."""
    return edition.worked_out("customers", _SQL.replace("{as_of}", literal(edition.as_of)))
