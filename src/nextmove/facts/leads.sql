-- One row a lead, with the moments and local days on which it went from stage to stage, and how long each step took. A lead describes
-- itself: its region, segment and representative are its own. It reached an opportunity when one names it, or it names one; it became
-- a customer when its account has ever bought. A step that ends before it starts has no duration.
-- needs: leads.created_at
-- rebuilt: all
with named as (
    select lead_id, min(created_at) as opportunity_at
    from (
        select lead_id, created_at from main.opportunities where lead_id is not null
        union all
        select lead.lead_id, deal.created_at
        from main.leads as lead
        join main.opportunities as deal on deal.opportunity_id = lead.opportunity_id
    ) as either
    group by lead_id
),
customers as (
    select account_id, min(ordered_at) as customer_at, min(day) as customer_day
    from facts.sales
    where is_purchase
    group by account_id
)
select
    lead.lead_id,
    lead.created_at,
    case when lead.created_at >= created.turns_at then created.local_day_after else created.local_day end as day,
    lead.source,
    lead.campaign_id,
    campaign.channel,
    lead.segment,
    lead.industry,
    lead.company_size,
    lead.country,
    lead.region,
    lead.rep_id,
    rep.team,
    lead.account_id,
    lead.score,
    case when lead.mql_at >= marketing.turns_at then marketing.local_day_after else marketing.local_day end as mql_day,
    case when lead.sql_at >= sales.turns_at then sales.local_day_after else sales.local_day end as sql_day,
    case when lead.first_response_at >= response.turns_at then response.local_day_after else response.local_day end as response_day,
    case when named.opportunity_at >= deal.turns_at then deal.local_day_after else deal.local_day end as opportunity_day,
    customers.customer_day,
    case when lead.mql_at >= lead.created_at then extract(epoch from lead.mql_at - lead.created_at) / 86400 end as mql_days,
    case when lead.sql_at >= lead.mql_at then extract(epoch from lead.sql_at - lead.mql_at) / 86400 end as sql_days,
    case when named.opportunity_at >= lead.sql_at then extract(epoch from named.opportunity_at - lead.sql_at) / 86400 end as opportunity_days,
    case when customers.customer_at >= lead.created_at then extract(epoch from customers.customer_at - lead.created_at) / 86400 end as customer_days,
    case
        when lead.first_response_at >= coalesce(lead.assigned_at, lead.created_at)
            then extract(epoch from lead.first_response_at - coalesce(lead.assigned_at, lead.created_at)) / 3600
    end as response_hours
from main.leads as lead
left join named on named.lead_id = lead.lead_id
left join customers on customers.account_id = lead.account_id
left join main.campaigns as campaign on campaign.campaign_id = lead.campaign_id
left join main.reps as rep on rep.rep_id = lead.rep_id
join main.calendar as created on created.day = cast(lead.created_at as date)
left join main.calendar as marketing on marketing.day = cast(lead.mql_at as date)
left join main.calendar as sales on sales.day = cast(lead.sql_at as date)
left join main.calendar as response on response.day = cast(lead.first_response_at as date)
left join main.calendar as deal on deal.day = cast(named.opportunity_at as date)
