-- by: channel
-- options: attribution=last_touch
with sales as (
    select s.day, s.order_id, s.line_no, net - cost as profit,
        coalesce(s.campaign_id, (
            select campaign_id from main.leads
            where leads.account_id = s.account_id and leads.created_at <= s.ordered_at and campaign_id is not null
            order by created_at desc, lead_id desc limit 1
        )) as campaign_id
    from golden.sales as s where cost is not null
),
sides as (
    select golden.month(day) as start, golden.known(channel) as channel, profit, 0 as cost
    from sales left join main.campaigns using (campaign_id) where campaign_id is not null
    union all
    select golden.month(day), channel, 0, amount from golden.spend where department = 'marketing'
)
select start as period_start, channel as member, (sum(profit) - sum(cost)) / nullif(sum(cost), 0) as value from sides group by grouping sets ((1), (1, 2))
