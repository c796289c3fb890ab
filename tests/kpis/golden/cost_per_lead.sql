-- by: source
with sides as (
    select golden.month(day) as start, channel as member, amount, 0 as leads from golden.spend where department = 'marketing'
    union all
    select golden.month(day), source, 0, 1 from golden.leads
)
select start as period_start, member, sum(amount) / nullif(sum(leads), 0) as value from sides group by grouping sets ((1), (1, 2))
