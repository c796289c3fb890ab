-- by: rep
select golden.month(day) as period_start, rep as member,
    count(distinct case when status = 'cancelled' then order_id end) / count(distinct order_id) as value
from golden.lines where status in ('completed', 'cancelled') group by grouping sets ((1), (1, 2))
