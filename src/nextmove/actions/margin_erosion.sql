-- One row a customer and item whose margin fell by `min_points` or more. At stake is what 90 days at the old margin would bring more.
with lines as not materialized (
    select account_id, product_id, day, net, cost, quantity, day > {as_of} - 90 as recent
    from facts.sales
    where is_purchase and cost is not null and quantity > 0 and product_id is not null and day > {as_of} - 455 and day <= {as_of}
),
bought_now as (
    select account_id, product_id from lines where recent group by account_id, product_id having count(distinct day) >= {min_purchase_days}
),
sums as (
    select
        account_id,
        product_id,
        cast(sum(net) filter (where recent) as double) as recent_net,
        cast(sum(cost) filter (where recent) as double) as recent_cost,
        cast(sum(quantity) filter (where recent) as double) as recent_quantity,
        cast(sum(net) filter (where not recent) as double) as before_net,
        cast(sum(cost) filter (where not recent) as double) as before_cost,
        cast(sum(quantity) filter (where not recent) as double) as before_quantity
    from lines
    semi join bought_now using (account_id, product_id)
    group by account_id, product_id
    having count(distinct day) filter (where not recent) >= {min_purchase_days}
),
rates as (
    select
        sums.*,
        1 - before_cost / nullif(before_net, 0) as margin_before,
        1 - recent_cost / nullif(recent_net, 0) as margin_now
    from sums
    where recent_net > 0 and before_net > 0 and recent_quantity > 0 and before_quantity > 0
),
eroded as (
    select
        rates.*,
        (margin_before - margin_now) * recent_net as lost_profit,
        row_number() over (partition by account_id order by (margin_before - margin_now) * recent_net desc, product_id) as place
    from rates
    where margin_before - margin_now >= {min_points}
)
select
    account_id,
    product_id,
    {quarter} as episode,
    lost_profit as at_stake,
    1.0 as probability,
    margin_before as margin_before_share,
    margin_now as margin_now_share,
    recent_net as recent_money,
    before_net / before_quantity as price_before_money,
    recent_net / recent_quantity as price_now_money,
    before_cost / before_quantity as cost_before_money,
    recent_cost / recent_quantity as cost_now_money
from eroded
where place <= {most_per_customer}
