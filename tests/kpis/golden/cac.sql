-- by: channel
with sides as (
    select golden.month(day) as start, channel, amount, 0 as customers from golden.spend where department in ('marketing', 'sales')
    union all
    select golden.month(day), channel, 0, 1 from golden.firsts
)
select start as period_start, channel as member, sum(amount) / nullif(sum(customers), 0) as value from sides group by grouping sets ((1), (1, 2))
