-- by: rep
select golden.month(day) as period_start, rep as member, 1 - sum(net) / nullif(sum(list), 0) as value
from golden.sales where status = 'completed' and list is not null group by grouping sets ((1), (1, 2))
