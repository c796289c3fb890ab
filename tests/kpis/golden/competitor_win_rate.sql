-- by: competitor
select golden.month(closed_day) as period_start, competitor as member, count(case when status = 'won' then 1 end) / count(*) as value
from golden.decided where competitor is not null group by grouping sets ((1), (1, 2))
