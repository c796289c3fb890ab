-- by: stage
select start as period_start, stage as member, sum(coalesce(amount, 0)) as value from golden.open_deals group by grouping sets ((1), (1, 2))
