-- by: channel
select golden.month(day) as period_start, channel as member, count(distinct order_id) as value from golden.sales where status = 'completed' group by grouping sets ((1), (1, 2))
