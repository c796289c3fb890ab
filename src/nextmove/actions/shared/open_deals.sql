-- One row an open deal: whose it is, since when it has been in its stage, its amount in the reporting currency at the rate of the day it
-- was created, the profit in it, and the odds of its stage.
with entered as (
    select opportunity_id, to_stage as stage, max(changed_at) as stage_since
    from main.stage_changes
    where from_stage is distinct from to_stage
    group by opportunity_id, to_stage
),
rates as (
    select currency, day, rate, lead(day) over (partition by currency order by day) as until from main.exchange_rates
),
deals as (
    select
        deal.opportunity_id,
        coalesce(deal.account_id, lead.account_id) as account_id,
        deal.product_id,
        deal.rep_id,
        deal.created_at,
        deal.expected_close_on,
        deal.stage,
        coalesce(entered.stage_since, deal.created_at) as stage_since,
        case
            when deal.currency is null or deal.currency = {reporting_currency} then cast(deal.amount as double)
            else cast(deal.amount as double) * cast(rates.rate as double)
        end as money
    from main.opportunities as deal
    left join main.leads as lead on lead.lead_id = deal.lead_id
    left join entered on entered.opportunity_id = deal.opportunity_id and entered.stage = deal.stage
    left join rates on rates.currency = deal.currency and rates.day <= cast(deal.created_at as date)
        and (rates.until > cast(deal.created_at as date) or rates.until is null)
    where deal.status = 'open'
)
select
    deals.*,
    deals.money * cast(margin.rate as double) as profit,
    coalesce(odds.win_probability, any_stage.win_probability) as win_probability
from deals
cross join acting.margin as margin
left join acting.stage_odds as odds on odds.stage = deals.stage
left join acting.stage_odds as any_stage on any_stage.stage is null
