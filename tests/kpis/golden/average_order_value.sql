-- by: region
select golden.month(day) as period_start, region as member, sum(net) / count(distinct order_id) as value
from golden.sales where status = 'completed' group by grouping sets ((1), (1, 2))
