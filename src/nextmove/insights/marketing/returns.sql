with spent as (
    select day < {mature} as mature, coalesce(campaign_id, '(unknown)') as campaign, sum(amount) as spend
    from facts.spend
    where department = 'marketing' and day >= {start} and day <= {as_of}
    group by 1, 2
),
led as (
    select
        day < {mature} as mature, coalesce(campaign_id, '(unknown)') as campaign, coalesce(segment, '(unknown)') as segment, count(*) as leads,
        cast(count(*) as double) / sum(count(*)) over (partition by day < {mature}, coalesce(campaign_id, '(unknown)')) as share
    from facts.leads
    where day >= {start} and day <= {as_of}
    group by 1, 2, 3
),
earned as (
    select account_id, sum(profit) as profit
    from facts.first_year_profit
    where sold_on <= {as_of}
    group by account_id
),
won as (
    select
        customer.day < {mature} as mature, coalesce(customer.campaign_id, '(unknown)') as campaign,
        coalesce(customer.segment, '(unknown)') as segment, count(*) as customers, coalesce(sum(earned.profit), 0) as profit
    from facts.purchase_ends as customer
    left join earned on earned.account_id = customer.account_id
    where customer.opens_day and customer.previous_day is null and customer.day >= {start} and customer.day <= {as_of}
    group by 1, 2, 3
),
cells as (
    select
        spent.mature, spent.campaign, coalesce(led.segment, '{unassigned}') as segment,
        cast(spent.spend as double) * coalesce(led.share, 1) as spend, 0 as leads, 0 as customers, 0 as profit
    from spent
    left join led on led.mature = spent.mature and led.campaign = spent.campaign
    union all
    select mature, campaign, segment, 0, leads, 0, 0 from led
    union all
    select mature, campaign, segment, 0, 0, customers, cast(profit as double) from won
)
select
    {member} as member,
    sum(cell.spend) as spend,
    sum(cell.leads) as leads,
    sum(cell.customers) as customers,
    sum(cell.profit) as profit,
    coalesce(sum(case when cell.mature then cell.spend end), 0) as mature_spend,
    coalesce(sum(case when cell.mature then cell.profit end), 0) as mature_profit
from cells as cell
left join main.campaigns as campaign on campaign.campaign_id = cell.campaign
group by {member}
order by 2 desc, 1
