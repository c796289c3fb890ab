-- by: campaign
with mails as (
    select golden.month(golden.local_day(happened_at)) as start, golden.known(campaign_id) as campaign, recipient_id, event,
        bool_or(event = 'delivered') over (partition by campaign_id) as records_delivery
    from main.email_events where golden.local_day(happened_at) <= date '2024-09-17'
),
people as (
    select start, campaign, recipient_id, bool_or(event = 'convert') as did,
        case when bool_or(records_delivery) then bool_or(event = 'delivered') else bool_or(event = 'sent') and not bool_or(event = 'bounce') end as reached
    from mails group by all
)
select start as period_start, campaign as member, count(case when did then 1 end) / nullif(count(case when reached then 1 end), 0) as value
from people where did or reached group by grouping sets ((1), (1, 2))
