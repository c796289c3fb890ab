-- by: loss_reason
select golden.month(closed_day) as period_start, loss_reason as member, count(*) as value from golden.decided where status = 'lost' group by grouping sets ((1), (1, 2))
