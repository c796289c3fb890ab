-- One row a period and customer in its base: an account that at the period's start had bought within the churn window, told by its
-- last purchase before; with what it had bought in the twelve months until then (returns taken off).
-- needs: order_lines.account_id
-- per: period
with base as (
    select
        p.id as period_id, last_one.account_id, last_one.rep_id, last_one.team, last_one.region, last_one.country, last_one.channel,
        last_one.segment, last_one.source, last_one.campaign_id
    from periods as p
    join facts.purchase_ends as last_one
        on last_one.day < p.start_day
        and (last_one.next_day >= p.start_day or last_one.next_day is null)
        and cast(last_one.day + interval ':churn_window_months months' as date) >= p.start_day
    where last_one.closes_day
),
bought as ( -- What is a year old before the first period that is asked is none of what was bought in the year until then.
    select account_id, day, cast(day + interval '12 months' as date) as ends_on, net, unpriced
    from facts.account_days
    where cast(day + interval '12 months' as date) >= (select min(p.start_day) from periods as p)
),
changes as ( -- What came before the first period that is asked counts in it: it is told as a sum so far.
    select bought.account_id, greatest(c.:period_id + 1, :first_id) as period_id, bought.net as change, bought.unpriced, 1 as step
    from bought
    join main.calendar as c on c.day = bought.day
    where bought.day < :seen
    union all
    select bought.account_id, greatest(c.:period_id + 1, :first_id) as period_id, -bought.net as change, bought.unpriced, -1 as step
    from bought
    join main.calendar as c on c.day = bought.ends_on
    where c.day < :seen
),
by_period as (
    select account_id, period_id, sum(change) as change, max(unpriced) as unpriced, sum(case when unpriced is not null then step else 0 end) as lacking
    from changes
    group by account_id, period_id
),
dated as (
    select account_id, period_id, change, unpriced, lacking, false as asked from by_period
    union all
    select account_id, period_id, 0 as change, null as unpriced, 0 as lacking, true as asked from base
),
summed as (
    select
        account_id,
        period_id,
        asked,
        sum(change) over (partition by account_id order by period_id) as year_net,
        sum(lacking) over (partition by account_id order by period_id) as lacking,
        max(unpriced) over (partition by account_id order by period_id) as unpriced
    from dated
)
select
    base.period_id, base.account_id, base.rep_id, base.team, base.region, base.country, base.channel, base.segment, base.source,
    base.campaign_id, summed.year_net, case when summed.lacking > 0 then summed.unpriced end as unpriced
from base
join summed on summed.account_id = base.account_id and summed.period_id = base.period_id
where summed.asked
