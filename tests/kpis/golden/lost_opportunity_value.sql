-- by: stage
-- by the last stage of its history
with stages as (select opportunity_id, arg_max_null(to_stage, changed_at) as stage from main.stage_changes group by 1)
select golden.month(closed_day) as period_start, golden.known(case when s.opportunity_id is null then last_stage else stage end) as member,
    sum(coalesce(closed_amount, 0)) as value
from golden.decided left join stages as s using (opportunity_id) where status = 'lost' group by grouping sets ((1), (1, 2))
