-- by: source
-- options: basis=cohort
select golden.month(day) as period_start, source as member,
    count(case when status = 'won' and closed_day <= date '2024-09-17' then 1 end) / count(*) as value from golden.deals group by grouping sets ((1), (1, 2))
