-- by: source
select golden.month(sql_day) as period_start, source as member, median(epoch(sql_at - mql_at) / 86400) as value
from golden.leads where sql_day <= date '2024-09-17' and sql_at >= mql_at group by grouping sets ((1), (1, 2))
