-- by: channel
with active as (select distinct golden.month(day) as start, channel, account_id from golden.purchases),
members as (
    select start, channel, account_id from active
    union all
    select distinct start, null, account_id from active
),
valued_on as (
    select months.start, max(valued_on) as valued_on
    from golden.months as months join main.account_values as v on v.valued_on < months.start + interval 1 month
    group by 1
)
select members.start as period_start, channel as member, sum(profit_discounted) / count(*) as value
from members join valued_on using (start) join main.account_values using (valued_on, account_id) group by 1, 2
