-- by: rep
-- options: basis=period
with events as (
    select mql_day as day, rep, 1 as second, 0 as first from golden.leads
    union all
    select day, rep, 0, 1 from golden.leads
)
select golden.month(day) as period_start, rep as member, sum(second) / nullif(sum(first), 0) as value
from events where day <= date '2024-09-17' group by grouping sets ((1), (1, 2))
