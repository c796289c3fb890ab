-- by: rep
select golden.month(day) as period_start, rep as member,
    sum(case when initiative is not null or day between launched_on and launched_on + interval 6 month - interval 1 day then net else 0 end)
    / nullif(sum(net), 0) as value
from golden.sales group by grouping sets ((1), (1, 2))
