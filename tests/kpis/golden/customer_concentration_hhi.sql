-- by: region
with sums as (
    select golden.month(day) as start, region, account_id, cast(sum(net) as double) as net
    from golden.sales where account_id is not null group by grouping sets ((1, 3), (1, 2, 3))
),
wholes as (select start, region, sum(net) as whole from sums group by 1, 2)
select sums.start as period_start, sums.region as member, sum((net / nullif(whole, 0)) ^ 2) as value
from sums join wholes on wholes.start = sums.start
where sums.region is not distinct from wholes.region group by 1, 2
