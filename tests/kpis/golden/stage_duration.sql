-- by: stage
-- Kaplan-Meier: stays that began in the month, those not over by the end of 17 September cut off there
with lasted as (
    select golden.month(day) as start, stage, epoch(least(coalesce(left_at, timestamp '2024-09-17 22:00'), timestamp '2024-09-17 22:00') - entered_at) / 86400 as days,
        coalesce(left_at < timestamp '2024-09-17 22:00', false) as ended
    from golden.stays where day <= date '2024-09-17'
),
members as (select start, null as stage, days, ended from lasted union all select start, stage, days, ended from lasted),
times as (
    select m.start, m.stage, t.days as day_no, count(*) as at_risk, count(case when m.ended and m.days = t.days then 1 end) as left_then
    from members as m join (select distinct start, stage, days from members where ended) as t
        on t.start = m.start and t.stage is not distinct from m.stage and m.days >= t.days
    group by 1, 2, 3
),
curve as (select *, product(1 - left_then / at_risk) over (partition by start, stage order by day_no) as alive from times)
select m.start as period_start, m.stage as member, (
    select min(day_no) from curve where curve.start = m.start and curve.stage is not distinct from m.stage and alive <= 0.5 + 1e-12
) as value
from (select distinct start, stage from members) as m
