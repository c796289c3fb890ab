-- One row a customer and item whose margin fell by `min_points` or more. At stake is what 90 days at the old margin would bring more.
with rates as (
    select
        item.*,
        1 - before_cost / nullif(before_net, 0) as margin_before,
        1 - recent_cost / nullif(recent_net, 0) as margin_now
    from acting.items as item
    where recent_net > 0 and before_net > 0 and recent_quantity > 0 and before_quantity > 0
        and recent_purchase_days >= {min_purchase_days} and before_purchase_days >= {min_purchase_days}
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
