-- by: source
-- of those that came to the first stage in the month, the share that ever came to the second
select golden.month(sql_day) as period_start, source as member,
    count(case when opportunity_day <= date '2024-09-17' then 1 end) / count(*) as value
from golden.leads where sql_day <= date '2024-09-17' group by grouping sets ((1), (1, 2))
