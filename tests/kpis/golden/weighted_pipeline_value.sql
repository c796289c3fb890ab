-- by: stage
-- by the share of deals that ever stood in the stage and were decided by the month's end that were won; where there is none, of all decided
with stood as (select distinct opportunity_id, stage from golden.stays),
rates as (
    select start, stage, avg(case when status = 'won' then 1 else 0 end) as share
    from golden.ends join golden.decided on closed_day < ends join stood using (opportunity_id) group by 1, 2
),
overall as (
    select start, avg(case when status = 'won' then 1 else 0 end) as share from golden.ends join golden.decided on closed_day < ends group by 1
)
select o.start as period_start, o.stage as member, sum(coalesce(cast(amount as double) * coalesce(rates.share, overall.share), 0)) as value
from golden.open_deals as o
left join rates on rates.start = o.start and rates.stage = o.stage left join overall on overall.start = o.start group by grouping sets ((1), (1, 2))
