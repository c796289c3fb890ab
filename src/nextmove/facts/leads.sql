-- One row a lead, with the moments and local days on which it went from stage to stage, and how long each step took. A lead describes
-- itself: its region, segment and representative are its own. It reached an opportunity when one names it, or it names one; it became
-- a customer when its account has ever bought. A step that ends before it starts has no duration. The response is timed from handing the
-- lead over (else its creation): in working hours where the company has set them, by the clock that only runs in them, else as elapsed.
-- needs: leads.created_at
-- rebuilt: account_id
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
),
handed as (
    select lead_id, first_response_at as until, coalesce(assigned_at, created_at) as since
    from main.leads
),
answered as (
    select
        handed.lead_id,
        coalesce(
            closing.worked_before - opening.worked_before
            + extract(epoch from least(greatest(handed.until, closing.opens_at), closing.closes_at) - closing.opens_at)
            - extract(epoch from least(greatest(handed.since, opening.opens_at), opening.closes_at) - opening.opens_at),
            extract(epoch from handed.until - handed.since)
        ) / 3600 as hours
    from handed
    join main.calendar as first on first.day = cast(handed.since as date)
    join main.calendar as last on last.day = cast(handed.until as date)
    join main.calendar as opening on opening.day = case when handed.since >= first.turns_at then first.local_day_after else first.local_day end
    join main.calendar as closing on closing.day = case when handed.until >= last.turns_at then last.local_day_after else last.local_day end
    where handed.until >= handed.since
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
    case when lead.sql_at >= lead.first_response_at then extract(epoch from lead.sql_at - lead.first_response_at) / 86400 end as answer_to_sql_days,
    answered.hours as response_hours,
    case
        when answered.hours * 12 <= 1 then 'within 5 min'
        when answered.hours <= 1 then 'within 1 h'
        when answered.hours <= 24 then 'within 24 h'
        when answered.hours is not null then 'later'
    end as response_band
from main.leads as lead
left join answered on answered.lead_id = lead.lead_id
left join named on named.lead_id = lead.lead_id
left join customers on customers.account_id = lead.account_id
left join main.campaigns as campaign on campaign.campaign_id = lead.campaign_id
left join main.reps as rep on rep.rep_id = lead.rep_id
join main.calendar as created on created.day = cast(lead.created_at as date)
left join main.calendar as marketing on marketing.day = cast(lead.mql_at as date)
left join main.calendar as sales on sales.day = cast(lead.sql_at as date)
left join main.calendar as response on response.day = cast(lead.first_response_at as date)
left join main.calendar as deal on deal.day = cast(named.opportunity_at as date)
