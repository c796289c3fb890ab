-- by: channel
with valued_on as (
    select months.start, max(valued_on) as valued_on
    from golden.months as months join main.account_values as v on v.valued_on < months.start + interval 1 month group by 1
),
won as (
    select golden.month(f.day) as start, f.channel, v.profit_discounted as worth
    from golden.firsts as f
    left join valued_on on valued_on.start = golden.month(f.day)
    left join main.account_values as v on v.valued_on = valued_on.valued_on and v.account_id = f.account_id
),
sides as (
    select start, channel, worth, 1 as customers, 0 as amount from won
    union all
    select golden.month(day), channel, null, 0, amount from golden.spend where department in ('marketing', 'sales')
)
select start as period_start, channel as member, avg(worth) / nullif(sum(amount) / nullif(sum(customers), 0), 0) as value
from sides group by grouping sets ((1), (1, 2))
