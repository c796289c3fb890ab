-- by: segment
select golden.month(day) as period_start, segment as member,
    count(distinct order_id) / nullif(count(distinct case when bought then account_id end), 0) as value
from golden.sales where status = 'completed' and account_id is not null group by grouping sets ((1), (1, 2))
