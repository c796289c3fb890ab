-- by: category
select golden.month(day) as period_start, category as member, sum(net - cost) / nullif(sum(net), 0) as value
from golden.sales where cost is not null group by grouping sets ((1), (1, 2))
