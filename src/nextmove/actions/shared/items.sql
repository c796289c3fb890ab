-- One row a customer and item bought on two days or more in two years: its rhythm, its money of the last year, and price, cost and
-- quantity of the lines with a cost, in the last 90 days (`recent`) and in the 365 before them (`before`).
with pairs as (
    select
        account_id,
        product_id,
        count(distinct day) filter (where is_purchase) as purchase_days,
        min(day) filter (where is_purchase) as first_on,
        max(day) filter (where is_purchase) as last_on,
        cast(coalesce(sum(cast(net as decimal(18, 4))) filter (where day > {as_of} - 365), 0) as double) as yearly_net,
        cast(coalesce(
            sum(coalesce(cast(net - cost as decimal(18, 4)), cast(net as decimal(18, 4)) * margin.rate)) filter (where day > {as_of} - 365), 0
        ) as double) as yearly_profit,
        cast(sum(cast(net as decimal(18, 4))) filter (where priced and day > {as_of} - 90) as double) as recent_net,
        cast(sum(cast(cost as decimal(18, 4))) filter (where priced and day > {as_of} - 90) as double) as recent_cost,
        cast(sum(quantity) filter (where priced and day > {as_of} - 90) as double) as recent_quantity,
        count(distinct day) filter (where priced and day > {as_of} - 90) as recent_purchase_days,
        cast(sum(cast(net as decimal(18, 4))) filter (where priced and day <= {as_of} - 90 and day > {as_of} - 455) as double) as before_net,
        cast(sum(cast(cost as decimal(18, 4))) filter (where priced and day <= {as_of} - 90 and day > {as_of} - 455) as double) as before_cost,
        cast(sum(quantity) filter (where priced and day <= {as_of} - 90 and day > {as_of} - 455) as double) as before_quantity,
        count(distinct day) filter (where priced and day <= {as_of} - 90 and day > {as_of} - 455) as before_purchase_days
    from (
        select sales.*, is_purchase and cost is not null and quantity > 0 as priced from facts.sales as sales
    ) as lines
    cross join acting.margin as margin
    where account_id is not null and product_id is not null and day > {as_of} - 730 and day <= {as_of}
    group by account_id, product_id
)
select
    pairs.*,
    date_diff('day', last_on, {as_of}) as quiet_days,
    date_diff('day', first_on, last_on) / (purchase_days - 1.0) as usual_gap_days
from pairs
where purchase_days >= 2
