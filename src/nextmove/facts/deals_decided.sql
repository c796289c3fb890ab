-- One row a deal that was won or lost, on the local day on which it was closed, its amount at that day's rate; with the days from its
-- lead (else from its own creation), from its creation and from its lead's qualification. `stage` is the last that it stood in.
-- needs: opportunities.closed_at
with stages as (
    select opportunity_id, to_stage, row_number() over (partition by opportunity_id order by changed_at desc) as place
    from main.stage_changes
)
select
    deal.opportunity_id,
    deal.created_at,
    deal.closed_at,
    case when deal.closed_at >= closed.turns_at then closed.local_day_after else closed.local_day end as day,
    deal.account_id,
    coalesce(deal.rep_id, account.rep_id) as rep_id,
    rep.team,
    coalesce(deal.region, account.region) as region,
    account.country,
    account.channel,
    account.segment,
    account.industry,
    deal.source,
    deal.contact_method,
    deal.product_id,
    deal.competitor,
    deal.loss_reason,
    coalesce(stages.to_stage, deal.stage) as stage,
    deal.status = 'won' as won,
    case
        when deal.closed_at >= coalesce(origin.lead_created_at, deal.created_at)
            then extract(epoch from deal.closed_at - coalesce(origin.lead_created_at, deal.created_at)) / 86400
    end as cycle_days,
    case when deal.closed_at >= deal.created_at then extract(epoch from deal.closed_at - deal.created_at) / 86400 end as deal_days,
    case when deal.closed_at >= origin.qualified_at then extract(epoch from deal.closed_at - origin.qualified_at) / 86400 end as qualified_days,
    deal.amount * case when deal.currency is null or deal.currency = :reporting_currency then cast(1 as decimal(20, 8)) else rates.rate end as amount,
    case when deal.currency <> :reporting_currency and rates.rate is null then deal.currency end as unpriced
from main.opportunities as deal
join main.calendar as closed on closed.day = cast(deal.closed_at as date)
left join facts.daily_rates as rates
    on rates.currency = deal.currency and rates.day = case when deal.closed_at >= closed.turns_at then closed.local_day_after else closed.local_day end
left join stages on stages.opportunity_id = deal.opportunity_id and stages.place = 1
left join facts.deal_leads as origin on origin.opportunity_id = deal.opportunity_id
left join main.accounts as account on account.account_id = deal.account_id
left join main.reps as rep on rep.rep_id = coalesce(deal.rep_id, account.rep_id)
where deal.status in ('won', 'lost')
