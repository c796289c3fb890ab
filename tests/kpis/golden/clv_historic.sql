-- by: channel
with active as (select distinct golden.month(day) as start, channel, account_id from golden.purchases),
brought as (
    select months.start, account_id, sum(case when cost is null then net else net - cost end) as profit
    from golden.months as months join golden.sales as s on s.day < months.start + interval 1 month
    where account_id is not null group by 1, 2
),
members as (
    select start, channel, account_id from active
    union all
    select distinct start, null, account_id from active
)
select members.start as period_start, channel as member, sum(profit) / count(*) as value
from members join brought on brought.start = members.start and brought.account_id = members.account_id group by 1, 2
