-- by: source
-- of those that came to the first stage in the month, the share that ever came to the second
select golden.month(mql_day) as period_start, source as member,
    count(case when sql_day <= date '2024-09-17' then 1 end) / count(*) as value
from golden.leads where mql_day <= date '2024-09-17' group by grouping sets ((1), (1, 2))
