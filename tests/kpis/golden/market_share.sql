-- by: region
with sides as (
    select golden.month(day) as start, region, net, 0 as size from golden.sales
    union all
    select golden.month(period_start), golden.known(region), 0, market_size from main.market where period_start <= date '2024-09-17'
)
select start as period_start, region as member, sum(net) / nullif(sum(size), 0) as value from sides group by grouping sets ((1), (1, 2))
