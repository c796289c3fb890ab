-- by: region
with sums as (
    select golden.month(day) as start, region, account_id, sum(net) as net
    from golden.sales where account_id is not null group by grouping sets ((1, 3), (1, 2, 3))
)
select start as period_start, region as member,
    list_sum(list_slice(list_reverse_sort(list(cast(net as double))), 1, 10)) / nullif(sum(cast(net as double)), 0) as value
from sums group by 1, 2
