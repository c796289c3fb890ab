-- One row a lead that nobody answered, with its chance to become a customer. Worth: the profit of an average won deal, else of a new
-- customer's first year. Where the fields of leads do not predict the outcome (no grade), all have the base rate, and a score of the
-- company's own moves it, at most threefold: it says which lead is better, not how many become customers.
with answered as (
    select distinct lead_id from main.activities where lead_id is not null and coalesce(direction, 'outbound') <> 'inbound'
),
waiting as (
    select
        lead.lead_id,
        lead.rep_id,
        lead.created_at,
        coalesce(lead.assigned_at, lead.created_at) as since,
        lead.source,
        lead.score as lead_score,
        least(greatest(lead.score / 100.0, 0.01), 0.99) as quality,
        prediction.score as chance,
        prediction.grade,
        prediction.base_rate,
        nullif(prediction.persona_fit, 0) as persona_fit,
        prediction.contact_method,
        json_extract_string(prediction.evidence, '$[0].values.field') as field,
        nullif(json_extract_string(prediction.evidence, '$[0].values.value'), '–') as member,
        cast(json_extract_string(prediction.evidence, '$[0].values.percent') as double) / 100 as share,
        cast(json_extract_string(prediction.evidence, '$[0].values.base') as double) / 100 as all_share
    from predictions.leads as prediction
    join main.leads as lead on lead.lead_id = prediction.lead_id
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
    waiting.contact_method,
    waiting.lead_id as episode,
    worth.profit as at_stake,
    least(waiting.chance * case when waiting.grade is null then coalesce(0.33 + 2.67 * waiting.quality, 1) else 1 end, 0.95) as probability,
    cast(waiting.created_at as date) as lead_on,
    date_diff('hour', waiting.since, {end}) / 24.0 as waits_days,
    waiting.source,
    case when waiting.grade is null then waiting.lead_score end as lead_score,
    waiting.grade,
    waiting.chance as customer_share,
    waiting.base_rate as usual_share,
    waiting.field,
    coalesce(campaign.name, waiting.member) as member,
    case when waiting.share <> waiting.all_share then waiting.share end as member_share,
    waiting.all_share,
    waiting.persona_fit as persona_share,
    worth.money as deal_money
from waiting
cross join acting.new_business as worth
left join main.campaigns as campaign on campaign.campaign_id = waiting.member and waiting.field = 'predictions.field.campaign_id'
where date_diff('hour', waiting.since, {end}) >= {youngest_hours}
    and date_diff('hour', waiting.since, {end}) <= {oldest_days} * 24
