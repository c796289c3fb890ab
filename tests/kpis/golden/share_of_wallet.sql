-- by: segment
with bought as (
    select golden.month(day) as start, account_id, golden.known(segment) as segment, sum(net) as net
    from golden.sales where account_id is not null group by 1, 2, 3 having sum(net) > 0
),
usual as (select start, segment, quantile_cont(cast(net as double), 0.8) as potential from bought group by 1, 2)
select start as period_start, segment as member, sum(net) / sum(greatest(net, potential)) as value
from bought join usual using (start, segment) group by grouping sets ((1), (1, 2))
