-- by: rep
select golden.month(response_day) as period_start, rep as member, median(hours) as value
from golden.leads where response_day <= date '2024-09-17' and hours >= 0 group by grouping sets ((1), (1, 2))
