-- by: channel
-- options: attribution=linear
with touches as (
    select s.day, s.campaign_id, net - cost as profit from golden.sales as s where s.campaign_id is not null and cost is not null
    union all
    select s.day, leads.campaign_id, (net - cost) / count(*) over (partition by order_id, line_no)
    from golden.sales as s join main.leads on leads.account_id = s.account_id and leads.created_at <= s.ordered_at
    where s.campaign_id is null and leads.campaign_id is not null and cost is not null
),
sides as (
    select golden.month(day) as start, golden.known(channel) as channel, profit, 0 as cost from touches left join main.campaigns using (campaign_id)
    union all
    select golden.month(day), channel, 0, amount from golden.spend where department = 'marketing'
)
select start as period_start, channel as member, (sum(profit) - sum(cost)) / nullif(sum(cost), 0) as value from sides group by grouping sets ((1), (1, 2))
