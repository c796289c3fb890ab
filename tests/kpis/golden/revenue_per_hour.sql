-- by: rep
with sides as (
    select golden.month(day) as start, rep, net, 0 as minutes from golden.sales
    union all
    select golden.month(day), rep, 0, duration_minutes from golden.activities where duration_minutes is not null
)
select start as period_start, rep as member, sum(net) / nullif(sum(minutes) / 60, 0) as value from sides group by grouping sets ((1), (1, 2))
