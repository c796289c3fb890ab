-- by: category
with active as (select distinct golden.month(day) as start, category, account_id from golden.purchases),
loyal as (
    select months.start, account_id
    from golden.months as months join golden.sales as s on s.day < months.start + interval 1 month
    where status = 'completed' and account_id is not null
    group by 1, 2 having count(distinct order_id) >= 2
)
select active.start as period_start, category as member, count(distinct loyal.account_id) / count(distinct active.account_id) as value
from active left join loyal on loyal.start = active.start and loyal.account_id = active.account_id
group by grouping sets ((1), (1, 2))
