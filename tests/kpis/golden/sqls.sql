-- by: source
select golden.month(sql_day) as period_start, source as member, count(*) as value from golden.leads where sql_day <= date '2024-09-17' group by grouping sets ((1), (1, 2))
