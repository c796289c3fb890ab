-- by: source
select golden.month(day) as period_start, source as member, count(*) as value from golden.leads group by grouping sets ((1), (1, 2))
