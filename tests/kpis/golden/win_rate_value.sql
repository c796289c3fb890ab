-- by: region
select golden.month(closed_day) as period_start, region as member,
    sum(case when status = 'won' then closed_amount else 0 end) / nullif(sum(closed_amount), 0) as value from golden.decided where amount is not null group by grouping sets ((1), (1, 2))
