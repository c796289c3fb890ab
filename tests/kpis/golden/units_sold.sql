-- by: category
select golden.month(day) as period_start, category as member, sum(quantity) as value from golden.sales group by grouping sets ((1), (1, 2))
