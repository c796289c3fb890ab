-- by: channel
-- months of the mean gross profit of the month's new customers in their first twelve months that earn their cost back
with sides as (
    select golden.month(day) as start, channel, amount, 0 as profit from golden.spend where department in ('marketing', 'sales')
    union all
    select golden.month(firsts.day), firsts.channel, 0, net - cost
    from golden.firsts join golden.sales as s on s.account_id = firsts.account_id and s.day >= firsts.day and s.day < firsts.day + interval 12 month
    where cost is not null
)
select start as period_start, channel as member, sum(amount) / nullif(sum(profit) / 12, 0) as value from sides group by grouping sets ((1), (1, 2))
