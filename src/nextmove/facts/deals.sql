-- One row an opportunity, on the local day of its creation, its amount at that day's rate. Representative and region are its own, else
-- its account's. `closed_day` is empty while it is open, and where a won or lost deal has no closing day (it is neither open nor decided).
-- needs: opportunities.created_at
select
    deal.opportunity_id,
    deal.created_at,
    case when deal.created_at >= created.turns_at then created.local_day_after else created.local_day end as day,
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
    deal.lead_id,
    deal.stage,
    deal.status,
    case when deal.status <> 'open' then case when deal.closed_at >= closed.turns_at then closed.local_day_after else closed.local_day end end as closed_day,
    case when deal.status <> 'open' then deal.closed_at end as closed_at,
    deal.status <> 'open' and deal.closed_at is null as undated,
    deal.expected_close_on,
    deal.amount * case when deal.currency is null or deal.currency = :reporting_currency then cast(1 as decimal(20, 8)) else rates.rate end as amount,
    case when deal.currency <> :reporting_currency and rates.rate is null then deal.currency end as unpriced
from main.opportunities as deal
join main.calendar as created on created.day = cast(deal.created_at as date)
left join main.calendar as closed on closed.day = cast(deal.closed_at as date)
left join facts.daily_rates as rates
    on rates.currency = deal.currency and rates.day = case when deal.created_at >= created.turns_at then created.local_day_after else created.local_day end
left join main.accounts as account on account.account_id = deal.account_id
left join main.reps as rep on rep.rep_id = coalesce(deal.rep_id, account.rep_id)
