-- by: rep
select golden.month(closed_day) as period_start, rep as member, count(case when status = 'won' then 1 end) / count(*) as value from golden.decided group by grouping sets ((1), (1, 2))
