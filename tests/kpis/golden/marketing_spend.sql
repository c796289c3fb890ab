-- by: channel
select golden.month(day) as period_start, channel as member, sum(amount) as value from golden.spend where department = 'marketing' group by grouping sets ((1), (1, 2))
