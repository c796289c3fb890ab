-- by: rep
with ends as (select start, least(cast(start + interval 1 month as date), date '2024-09-18') as ends from golden.months),
open as (
    select start, rep, sum((amount - case when paid_on < ends then coalesce(paid_amount, amount) else 0 end) * rate) as amount
    from golden.invoices join ends on issued_on < ends
    where paid_on is null or paid_on >= ends or coalesce(paid_amount, amount) <> amount
    group by grouping sets ((1), (1, 2))
),
sold as (
    select start, rep, sum(net) as net from golden.sales join ends on day < ends and day >= ends - interval 90 day
    group by grouping sets ((1), (1, 2))
)
select coalesce(open.start, sold.start) as period_start, coalesce(open.rep, sold.rep) as member,
    coalesce(amount, 0) / nullif(net, 0) * 90 as value
from open full join sold on open.start = sold.start and open.rep is not distinct from sold.rep
