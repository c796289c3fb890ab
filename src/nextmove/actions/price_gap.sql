-- One row a customer and product whose price lies below the range of comparable customers, and `min_gap` or more below their median.
-- At stake is what the quantity of the horizon would bring more at the median. Where the rule spoke (the product's usual price ± 5 %)
-- quantities were not compared, and nothing is said. Dismissed, a gap rests until the next year.
with gaps as (
    select
        price.*,
        row_number() over (partition by price.account_id order by price.value desc, price.product_id) as place
    from predictions.price as price
    join acting.habits as habit on habit.account_id = price.account_id
    where price.method = 'model'
        and price.price < price.price_lo
        and price.score >= {min_gap}
        and price.peers >= {min_peers}
        and habit.quiet_days <= {patience} * habit.usual_gap_days
)
select
    account_id,
    product_id,
    {year} as episode,
    value * {horizon_days} / 365 as at_stake,
    1.0 as probability,
    price as own_money,
    score as gap_share,
    price_median as median_money,
    price_lo as low_money,
    price_hi as high_money,
    peers,
    quantity_from,
    quantity_to,
    value as yearly_money
from gaps
where place <= {most_per_customer}
