-- by: rep
with expected as (
    select start, rep, sum(coalesce(amount, 0)) as amount, count(*) as deals from golden.open_deals
    where expected_close_on >= start + interval 1 month and expected_close_on < start + interval 2 month group by grouping sets ((1), (1, 2))
),
targets as (
    select cast(period_start - interval 1 month as date) as start, member as rep, value
    from main.targets where kpi = 'net_sales' and grain = 'month' and (dimension is null or dimension = 'rep')
    and period_start <= date '2024-10-01'
)
select coalesce(e.start, t.start) as period_start, coalesce(e.rep, t.rep) as member, coalesce(amount, 0) / nullif(t.value, 0) as value
from expected as e full join targets as t on t.start = e.start and t.rep is not distinct from e.rep
