-- by: rep
select golden.month(day) as period_start, rep as member, sum(amount * created_rate) as value from golden.deals where amount is not null group by grouping sets ((1), (1, 2))
