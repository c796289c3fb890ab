-- by: rep
-- September 2024 has 20 working days (Friday 13th is a closure), 11 of them by the 17th
with sold as (select golden.month(day) as start, rep, sum(net) as net from golden.sales group by grouping sets ((1), (1, 2))),
wanted as (
    select period_start as start, member as rep, value * case when period_start = date '2024-09-01' then 11.0 / 20 else 1.0 end as value
    from main.targets where kpi = 'net_sales' and grain = 'month' and (dimension is null or dimension = 'rep') and period_start <= date '2024-09-17'
)
select coalesce(s.start, w.start) as period_start, coalesce(s.rep, w.rep) as member, coalesce(net, 0) / nullif(value, 0) as value
from sold as s full join wanted as w on w.start = s.start and w.rep is not distinct from s.rep
