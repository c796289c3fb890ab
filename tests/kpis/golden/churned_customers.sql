-- by: rep
with one_each as (
    select golden.month(departed_on) as start, account_id, arg_max(rep, departed_on) as rep from golden.departures group by 1, 2
)
select start as period_start, rep as member, count(*) as value from one_each group by grouping sets ((1), (1, 2))
