-- by: rep
select golden.month(day) as period_start, rep as member, count(*) as value from golden.activities where kind = 'call' group by grouping sets ((1), (1, 2))
