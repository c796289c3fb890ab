-- by: rep
select golden.month(day) as period_start, rep as member,
    coalesce(sum(case when kind in ('data_entry', 'admin') then duration_minutes end), 0) / nullif(sum(duration_minutes), 0) as value
from golden.activities where duration_minutes is not null group by grouping sets ((1), (1, 2))
