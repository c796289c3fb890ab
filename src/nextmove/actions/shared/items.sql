-- One row a customer and item bought on two days or more in two years: since when, when last, in how many lines, and its money of the last
-- year. (On how many days exactly is counted by who needs it, of few items: it takes as long as all of this.)
with pairs as (
    select
        account_id,
        product_id,
        count(*) filter (where is_purchase) as purchase_lines,
        min(day) filter (where is_purchase) as first_on,
        max(day) filter (where is_purchase) as last_on,
        cast(coalesce(sum(net) filter (where day > {as_of} - 365), 0) as double) as yearly_net,
        cast(coalesce(sum(coalesce(net - cost, net)) filter (where day > {as_of} - 365), 0) as double) as yearly_earned,
        cast(coalesce(sum(net) filter (where day > {as_of} - 365 and cost is null), 0) as double) as yearly_uncosted
    from facts.sales
    where account_id is not null and product_id is not null and day > {as_of} - 730 and day <= {as_of}
    group by account_id, product_id
)
select
    pairs.* exclude (yearly_earned, yearly_uncosted),
    yearly_earned - (1 - cast(margin.rate as double)) * yearly_uncosted as yearly_profit,
    date_diff('day', last_on, {as_of}) as quiet_days
from pairs
cross join acting.margin as margin
where first_on < last_on
