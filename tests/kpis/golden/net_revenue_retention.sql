-- by: category
with buyers as (select distinct cast(golden.month(day) + interval 12 month as date) as start, account_id from golden.purchases),
sides as (
    select buyers.start, category, s.net as now, 0 as before
    from golden.sales as s join buyers on buyers.account_id = s.account_id and buyers.start = golden.month(s.day)
    union all
    select buyers.start, category, 0, s.net
    from golden.sales as s join buyers on buyers.account_id = s.account_id and buyers.start = golden.month(s.day) + interval 12 month
)
select start as period_start, category as member, sum(now) / nullif(sum(before), 0) as value
from sides where start <= date '2024-09-17' group by grouping sets ((1), (1, 2))
