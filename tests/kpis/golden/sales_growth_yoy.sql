-- by: rep
-- The running month has 11 working days up to 17 September 2024; September 2023 had them by Friday 15th.
with sums as (
    select golden.month(day) as start, rep, sum(net) as net,
        sum(case when day <= date '2023-09-15' then net else 0 end) as by_then,
        count(case when day <= date '2023-09-15' then 1 end) as lines_by_then
    from golden.sales group by grouping sets ((1), (1, 2))
),
pairs as (
    select start, rep, net as now, 0 as before, true as there from sums
    union all
    select cast(start + interval 12 month as date), rep, 0, case when start = date '2023-09-01' then by_then else net end,
        start <> date '2023-09-01' or lines_by_then > 0
    from sums
)
select start as period_start, rep as member, sum(now) / nullif(sum(before), 0) - 1 as value
from pairs where there and start <= date '2024-09-17' group by start, rep
