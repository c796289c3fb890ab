-- One row a customer and item bought on two days or more in two years: its rhythm, its money of the last year, and price, cost and
-- quantity of the lines with a cost, in the last 90 days (`recent`) and in the 365 before them (`before`).
with lines as (
    select sales.*, is_purchase and cost is not null and quantity > 0 as priced from facts.sales as sales
    where account_id is not null and product_id is not null and day > {as_of} - 730 and day <= {as_of}
),
days as (
    select
        account_id,
        product_id,
        day,
        bool_or(is_purchase) as bought,
        bool_or(priced) as priced,
        sum(net) as net,
        sum(coalesce(net - cost, cast(cast(net as decimal(18, 4)) * margin.rate as decimal(38, 12)))) as profit,
        sum(net) filter (where priced) as priced_net,
        sum(cost) filter (where priced) as priced_cost,
        sum(quantity) filter (where priced) as priced_quantity
    from lines
    cross join acting.margin as margin
    group by account_id, product_id, day
),
pairs as (
    select
        account_id,
        product_id,
        count(*) filter (where bought) as purchase_days,
        min(day) filter (where bought) as first_on,
        max(day) filter (where bought) as last_on,
        cast(coalesce(sum(net) filter (where day > {as_of} - 365), 0) as double) as yearly_net,
        cast(coalesce(sum(profit) filter (where day > {as_of} - 365), 0) as double) as yearly_profit,
        cast(sum(priced_net) filter (where day > {as_of} - 90) as double) as recent_net,
        cast(sum(priced_cost) filter (where day > {as_of} - 90) as double) as recent_cost,
        cast(sum(priced_quantity) filter (where day > {as_of} - 90) as double) as recent_quantity,
        count(*) filter (where priced and day > {as_of} - 90) as recent_purchase_days,
        cast(sum(priced_net) filter (where day <= {as_of} - 90 and day > {as_of} - 455) as double) as before_net,
        cast(sum(priced_cost) filter (where day <= {as_of} - 90 and day > {as_of} - 455) as double) as before_cost,
        cast(sum(priced_quantity) filter (where day <= {as_of} - 90 and day > {as_of} - 455) as double) as before_quantity,
        count(*) filter (where priced and day <= {as_of} - 90 and day > {as_of} - 455) as before_purchase_days
    from days
    group by account_id, product_id
)
select
    pairs.*,
    date_diff('day', last_on, {as_of}) as quiet_days,
    date_diff('day', first_on, last_on) / (purchase_days - 1.0) as usual_gap_days
from pairs
where purchase_days >= 2
