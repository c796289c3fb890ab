-- by: category
select golden.month(day) as period_start, category as member, count(distinct account_id) as value from golden.purchases group by grouping sets ((1), (1, 2))
