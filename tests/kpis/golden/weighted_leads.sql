-- by: source
select golden.month(day) as period_start, source as member, sum(score) / 100 as value from golden.leads where score is not null group by grouping sets ((1), (1, 2))
