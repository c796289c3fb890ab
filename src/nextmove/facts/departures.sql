-- One row a customer that left in the period: its last purchase turned `churn_window` old, on `departed_on`; with what it had bought
-- in the twelve months up to that purchase (returns taken off).
-- needs: order_lines.account_id
-- per: period
select
    gone.period_id, gone.departed_on, gone.day, gone.account_id, gone.rep_id, gone.team, gone.region, gone.country, gone.channel,
    gone.segment, gone.source, gone.campaign_id, sum(bought.net) as year_net, max(bought.unpriced) as unpriced
from (
    select p.id as period_id, c.day as departed_on, last_one.*
    from facts.purchase_ends as last_one
    join main.calendar as c on c.day = cast(last_one.day + interval ':churn_window_months months' as date)
    join periods as p on p.id = c.:period_id
    where last_one.closes_day and (last_one.next_day is null or last_one.next_day > c.day) and c.day < :seen
) as gone
join facts.account_days as bought
    on bought.account_id = gone.account_id
    and bought.day <= gone.day
    and cast(bought.day + interval '12 months' as date) > gone.day
group by
    gone.period_id, gone.departed_on, gone.day, gone.account_id, gone.rep_id, gone.team, gone.region, gone.country, gone.channel,
    gone.segment, gone.source, gone.campaign_id
