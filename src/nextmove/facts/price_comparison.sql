-- One row a period and product that was sold and that a competitor named a price for: units, own average net price, mean competitor price. Cut by
-- competitor, the mean is that competitor's; else it is over all price rows.
-- needs: competitor_prices.price
-- per: period
with sold as (
    select c.:period_id as period_id, sale.product_id, sum(sale.quantity) as units, sum(sale.net) as net, max(sale.unpriced) as unpriced
    from facts.sales as sale
    join main.calendar as c on c.day = sale.day
    join periods as p on p.id = c.:period_id
    where sale.status = 'completed' and sale.product_id is not null and sale.day < :seen
    group by c.:period_id, sale.product_id
),
priced as (
    select
        c.:period_id as period_id, price.product_id, case when :cuts like '% competitor %' then price.competitor end as competitor,
        avg(price.price) as mean_price
    from main.competitor_prices as price
    join main.calendar as c on c.day = price.day
    join periods as p on p.id = c.:period_id
    where price.day < :seen
    group by c.:period_id, price.product_id, case when :cuts like '% competitor %' then price.competitor end
)
select
    sold.period_id, sold.product_id, product.category, product.brand, priced.competitor, sold.units, sold.unpriced,
    cast(sold.net as double) / nullif(cast(sold.units as double), 0) / nullif(cast(priced.mean_price as double), 0) as relative_price
from sold
join priced on priced.period_id = sold.period_id and priced.product_id = sold.product_id
left join main.products as product on product.product_id = sold.product_id
where sold.units > 0 and priced.mean_price > 0
