-- by: rep
with begun as (
    select d.*, coalesce(
        (select created_at from main.leads where leads.lead_id = d.lead_id),
        (select min(created_at) from main.leads where leads.opportunity_id = d.opportunity_id and d.lead_id is null),
        d.created_at) as begun_at
    from golden.decided as d
)
select golden.month(closed_day) as period_start, rep as member, median(epoch(closed_at - begun_at) / 86400) as value
from begun where status = 'won' and closed_at >= begun_at group by grouping sets ((1), (1, 2))
