-- by: rep
select golden.month(day) as period_start, rep as member,
    -sum(case when status = 'returned' then net else 0 end) / nullif(sum(case when status = 'completed' then net else 0 end), 0) as value
from golden.sales group by grouping sets ((1), (1, 2))
