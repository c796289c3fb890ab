-- by: rep
with called as (
    select golden.month(day) as start, rep, coalesce('lead ' || lead_id, 'account ' || account_id) as whom, exists (
        select 1 from main.opportunities as o
        where o.created_at >= a.started_at and o.created_at < a.started_at + interval 720 hour and golden.local_day(o.created_at) <= date '2024-09-17'
            and case when a.lead_id is not null
                then o.lead_id = a.lead_id or o.opportunity_id = (select opportunity_id from main.leads where leads.lead_id = a.lead_id)
                else o.account_id = a.account_id end
    ) as opened
    from golden.activities as a where kind = 'call' and (lead_id is not null or account_id is not null)
)
select start as period_start, rep as member, count(distinct case when opened then whom end) / count(distinct whom) as value from called group by grouping sets ((1), (1, 2))
