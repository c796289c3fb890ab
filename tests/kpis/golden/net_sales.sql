-- by: rep
select golden.month(day) as period_start, rep as member, sum(net) as value from golden.sales group by grouping sets ((1), (1, 2))
