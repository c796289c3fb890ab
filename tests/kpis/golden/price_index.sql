-- by: product
with own as (
    select golden.month(day) as start, product_id, sum(quantity) as units, sum(net) / sum(quantity) as price
    from golden.sales where status = 'completed' and product_id is not null group by 1, 2 having sum(quantity) > 0
),
theirs as (select golden.month(day) as start, product_id, avg(price) as price from main.competitor_prices where day <= date '2024-09-17' group by 1, 2)
select start as period_start, product_id as member, sum(units * own.price / theirs.price) / sum(units) as value
from own join theirs using (start, product_id) group by grouping sets ((1), (1, 2))
