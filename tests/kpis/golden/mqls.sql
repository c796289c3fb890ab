-- by: source
select golden.month(mql_day) as period_start, source as member, count(*) as value from golden.leads where mql_day <= date '2024-09-17' group by grouping sets ((1), (1, 2))
