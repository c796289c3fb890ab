-- One row a lead that nobody answered. Worth: the profit of an average won deal, else of a new customer's first year.
with answered as (
    select distinct lead_id from main.activities where lead_id is not null and coalesce(direction, 'outbound') <> 'inbound'
),
base as (
    select (count(account_id) + 1.0) / (count(*) + 20.0) as rate from main.leads
    where created_at < cast({as_of} as timestamp) - interval 90 day
),
waiting as (
    select
        lead.*,
        coalesce(lead.assigned_at, lead.created_at) as since,
        least(greatest(lead.score / 100.0, 0.01), 0.99) as quality
    from main.leads as lead
    left join answered on answered.lead_id = lead.lead_id
    where lead.first_response_at is null
        and lead.disqualified_at is null
        and lead.opportunity_id is null
        and lead.account_id is null
        and answered.lead_id is null
)
select
    waiting.lead_id,
    waiting.rep_id,
    waiting.lead_id as episode,
    worth.profit as at_stake,
    -- A score says which lead is better, not how many become customers: it moves the company's own rate, at most threefold.
    least(base.rate * coalesce(0.33 + 2.67 * waiting.quality, 1), 0.95) as probability,
    cast(waiting.created_at as date) as lead_on,
    date_diff('hour', waiting.since, {end}) / 24.0 as waits_days,
    waiting.source,
    waiting.score as lead_score,
    worth.money as deal_money
from waiting
cross join base
cross join acting.new_business as worth
where date_diff('hour', waiting.since, {end}) >= {youngest_hours}
    and date_diff('hour', waiting.since, {end}) <= {oldest_days} * 24
