-- by: category
with before as (select distinct cast(golden.month(day) + interval 12 month as date) as start, category, account_id from golden.purchases),
now as (select distinct golden.month(day) as start, account_id from golden.purchases)
select before.start as period_start, category as member, count(distinct now.account_id) / count(distinct before.account_id) as value
from before left join now on now.start = before.start and now.account_id = before.account_id
where before.start <= date '2024-09-17'
group by grouping sets ((1), (1, 2))
