-- by: rep
select golden.month(day) as period_start, rep as member,
    count(distinct case when product_id is not null then account_id || '/' || product_id end) / count(distinct account_id) as value
from golden.purchases group by grouping sets ((1), (1, 2))
