-- One row an open deal: whose it is, the profit in it, and what the prediction says of it: its amount in the reporting currency, the chance
-- to win, where it stands and for how long, whether it is stuck, when deals like it closed, and the field that speaks loudest (it helps
-- where deals with its value were won more often than all, else it hurts).
with predicted as (
    select
        prediction.*,
        json_extract_string(evidence, '$[1].values.field') as field,
        nullif(json_extract_string(evidence, '$[1].values.value'), '–') as member,
        cast(json_extract_string(evidence, '$[1].values.percent') as double) / 100 as share,
        cast(json_extract_string(evidence, '$[1].values.base') as double) / 100 as all_share
    from predictions.deals as prediction
)
select
    deal.opportunity_id,
    coalesce(deal.account_id, lead.account_id) as account_id,
    deal.product_id,
    deal.rep_id,
    deal.created_at,
    deal.expected_close_on,
    deal.stage,
    predicted.amount as money,
    predicted.amount * cast(margin.rate as double) as profit,
    predicted.score as win_probability,
    predicted.base_rate as usual_probability,
    predicted.expected_close_on as likely_close_on,
    predicted.stuck,
    predicted.stage_days,
    predicted.stuck_after_days,
    predicted.field,
    coalesce(rep.name, predicted.member) as member,
    case when predicted.share > predicted.all_share then predicted.share end as helps_share,
    case when predicted.share < predicted.all_share then predicted.share end as hurts_share,
    predicted.all_share
from predicted
join main.opportunities as deal on deal.opportunity_id = predicted.opportunity_id
cross join acting.margin as margin
left join main.leads as lead on lead.lead_id = deal.lead_id
left join main.reps as rep on rep.rep_id = predicted.member and predicted.field = 'predictions.field.rep_id'
